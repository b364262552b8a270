/*
 * Metrics: levels, thresholds and units. Pure functions over numbers; where a
 * number comes from is the engine's business (engine/run/measure.c).
 *
 * Levels are ordered ok < info < warning < critical. `unknown` is its own: it
 * never counts as ok, and ranks between ok and warning when the worst of several
 * is wanted (the Nagios plug-ins' max_state_alt order, with `info` as ok).
 */
#ifndef FSOPS_METRIC_H
#define FSOPS_METRIC_H

#include <stdbool.h>
#include <stddef.h>

#include "fsops/err.h"

enum level { LEVEL_OK, LEVEL_INFO, LEVEL_UNKNOWN, LEVEL_WARNING, LEVEL_CRITICAL };

const char *level_name(enum level level);
int level_parse(const char *text, enum level *level); /* -1: no such level */
enum level level_worst(enum level a, enum level b);
int level_exit_status(enum level level); /* 0 ok and info, 1 warning, 2 critical, 3 unknown */

enum unit { UNIT_COUNT, UNIT_PERCENT, UNIT_RATIO, UNIT_SECONDS, UNIT_BYTES };

const char *unit_name(enum unit unit);
int unit_parse(const char *text, enum unit *unit);

#define UNIT_TEXT_MAX 48
/* VALUE for people: "8.1 %", "412 ms", "2.4 s", "3d 2h", "1.2 GiB", "42". */
void unit_format(enum unit unit, double value, char text[UNIT_TEXT_MAX]);

enum threshold_op { OP_NONE, OP_LT, OP_LE, OP_GT, OP_GE, OP_EQ, OP_NE, OP_INSIDE, OP_OUTSIDE };

struct threshold {
	enum threshold_op op; /* OP_NONE: not given, never holds */
	double a;             /* in the metric's unit (seconds, bytes, percent …) */
	double b;             /* the upper end of a range */
	char *text;           /* as written; owned */
};

/*
 * Parse a comparison (< <= > >= == !=) with a number and a unit, `a..b` (inside) or `!a..b`
 * (outside), both ends included. Units: % (percent and ratio metrics), ms s m h d (seconds),
 * B KB MB GB TB KiB MiB GiB TiB (bytes), none. A unit that does not fit the metric's is an error.
 * Decimals are kept exactly as doubles.
 */
int threshold_parse(const char *text, enum unit unit, struct threshold *out, struct err *err);
void threshold_release(struct threshold *threshold);
bool threshold_holds(const struct threshold *threshold, double value); /* NaN: false */

/* The three of a metric. VALUE NaN or infinite: unknown. Critical is looked at first. Outside the
 * baseline with neither warning nor critical: info. */
struct thresholds {
	struct threshold baseline; /* holds when all is well */
	struct threshold warning;  /* holds when it is not */
	struct threshold critical;
};
enum level thresholds_level(const struct thresholds *thresholds, double value);

/* The threshold as a Nagios range ("5", "90:", "@10:20"), "" when there is none or it has no such
 * form; monitoring-plugins developer guidelines, "Threshold and ranges". */
#define NAGIOS_RANGE_MAX 64
void threshold_nagios_range(const struct threshold *threshold, char text[NAGIOS_RANGE_MAX]);

#endif
