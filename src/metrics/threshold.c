/*
 * Thresholds: "> 5%", "<= 500ms", "1..5", "!10..20".
 *
 * Invariant: `a` and `b` are finite and in the metric's own unit, so that comparing
 * needs no unit; a value that is not a number never holds, and is never ok.
 */
#include <ctype.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/metric.h"

#define KI 1024.0

/* Longer names first where one begins another. DIVIDE keeps decimals as they were written:
 * 100ms is 100 / 1000, not 100 * 0.001. */
static const struct suffix {
	const char *text;
	enum unit unit;
	double times;
	double divide;
} suffixes[] = {
    {"%", UNIT_PERCENT, 1, 1},
    {"%", UNIT_RATIO, 1, 100},
    {"ms", UNIT_SECONDS, 1, 1000},
    {"s", UNIT_SECONDS, 1, 1},
    {"m", UNIT_SECONDS, 60, 1},
    {"h", UNIT_SECONDS, 3600, 1},
    {"d", UNIT_SECONDS, 86400, 1},
    {"KiB", UNIT_BYTES, KI, 1},
    {"MiB", UNIT_BYTES, KI *KI, 1},
    {"GiB", UNIT_BYTES, KI *KI *KI, 1},
    {"TiB", UNIT_BYTES, KI *KI *KI *KI, 1},
    {"KB", UNIT_BYTES, 1e3, 1},
    {"MB", UNIT_BYTES, 1e6, 1},
    {"GB", UNIT_BYTES, 1e9, 1},
    {"TB", UNIT_BYTES, 1e12, 1},
    {"B", UNIT_BYTES, 1, 1},
};

/* By enum unit, for the message. */
static const char *const fitting[] = {
    [UNIT_COUNT] = "a count takes none",
    [UNIT_PERCENT] = "percent takes %",
    [UNIT_RATIO] = "a ratio takes %",
    [UNIT_SECONDS] = "seconds take ms, s, m, h or d",
    [UNIT_BYTES] = "bytes take B, KB, MB, GB, TB, KiB, MiB, GiB or TiB",
};

static const struct {
	const char *text;
	enum threshold_op op;
} comparisons[] = {
    {"<=", OP_LE},
    {">=", OP_GE},
    {"==", OP_EQ},
    {"!=", OP_NE},
    {"<", OP_LT},
    {">", OP_GT},
};

static const char *skip_blanks(const char *text)
{
	return text + strspn(text, " \t");
}

/* The length of "12", "1.5", ".5", "2e3": no sign, and none of strtod's hex, inf and nan. A point
 * that begins ".." is not the number's. */
static size_t number_len(const char *text)
{
	size_t whole = strspn(text, "0123456789");
	size_t part = 0;
	size_t len = whole;
	size_t sign;

	if (text[whole] == '.' && text[whole + 1] != '.') {
		part = strspn(text + whole + 1, "0123456789");
		len += part + 1;
	}
	if (whole + part == 0)
		return 0;
	if (text[len] == 'e' || text[len] == 'E') {
		sign = text[len + 1] == '-' || text[len + 1] == '+';
		if (isdigit((unsigned char)text[len + 1 + sign]))
			len += 1 + sign + strspn(text + len + 1 + sign, "0123456789");
	}
	return len;
}

static int read_number(const char **text, double *out)
{
	char digits[64];
	size_t sign = **text == '-' || **text == '+';
	size_t len = number_len(*text + sign);

	if (!len || sign + len >= sizeof(digits))
		return -1;
	memcpy(digits, *text, sign + len);
	digits[sign + len] = '\0';
	*out = strtod(digits, NULL);
	*text += sign + len;
	return isfinite(*out) ? 0 : -1;
}

static const struct suffix *find_suffix(const char *text, size_t len, enum unit unit)
{
	for (size_t i = 0; i < COUNT_OF(suffixes); i++)
		if (suffixes[i].unit == unit && strlen(suffixes[i].text) == len &&
		    strncmp(suffixes[i].text, text, len) == 0)
			return &suffixes[i];
	return NULL;
}

/* The unit after a number; none is the metric's own. */
static int read_suffix(const char **text, enum unit unit, double *value, struct err *err)
{
	const char *at = skip_blanks(*text);
	size_t len = strcspn(at, " \t.+-0123456789");
	const struct suffix *suffix;

	if (!len)
		return 0;
	suffix = find_suffix(at, len, unit);
	if (!suffix)
		return err_set(err, ERR_INPUT, "the unit '%.*s' does not fit: %s", (int)len, at,
		    fitting[unit]);
	*value = *value * suffix->times / suffix->divide;
	*text = at + len;
	return 1;
}

/* A number and a unit, or of durations several ("1h30m"). */
static int read_value(const char **text, enum unit unit, double *out, struct err *err)
{
	double part;
	int suffixed;

	*text = skip_blanks(*text);
	*out = 0;
	do {
		if (read_number(text, &part) < 0)
			return err_set(err, ERR_INPUT, "there is no number at '%.20s'", *text);
		suffixed = read_suffix(text, unit, &part, err);
		if (suffixed < 0)
			return -1;
		*out += part;
	} while (suffixed && unit == UNIT_SECONDS && isdigit((unsigned char)**text));
	if (!isfinite(*out))
		return err_set(err, ERR_INPUT, "the number is too large");
	*text = skip_blanks(*text);
	return 0;
}

static int read_range(const char *text, enum unit unit, struct threshold *out, struct err *err)
{
	out->op = *text == '!' ? OP_OUTSIDE : OP_INSIDE;
	text += *text == '!';
	if (read_value(&text, unit, &out->a, err) < 0)
		return -1;
	if (strncmp(text, "..", 2) != 0)
		return err_set(err, ERR_INPUT,
		    "it must be a comparison such as '> 5' or a range such as '1..5' or '!1..5'");
	text += 2;
	if (read_value(&text, unit, &out->b, err) < 0)
		return -1;
	if (*text)
		return err_set(err, ERR_INPUT, "'%.20s' is too much", text);
	if (out->a > out->b)
		return err_set(err, ERR_INPUT, "the range's lower end is over its upper end");
	return 0;
}

static int read_comparison(
    const char *text, size_t which, enum unit unit, struct threshold *out, struct err *err)
{
	out->op = comparisons[which].op;
	text += strlen(comparisons[which].text);
	if (read_value(&text, unit, &out->a, err) < 0)
		return -1;
	if (*text)
		return err_set(err, ERR_INPUT, "'%.20s' is too much", text);
	return 0;
}

static int read_threshold(const char *text, enum unit unit, struct threshold *out, struct err *err)
{
	for (size_t i = 0; i < COUNT_OF(comparisons); i++)
		if (strncmp(text, comparisons[i].text, strlen(comparisons[i].text)) == 0)
			return read_comparison(text, i, unit, out, err);
	return read_range(text, unit, out, err);
}

int threshold_parse(const char *text, enum unit unit, struct threshold *out, struct err *err)
{
	*out = (struct threshold){0};
	if (read_threshold(skip_blanks(text), unit, out, err) < 0) {
		*out = (struct threshold){0};
		return err_prefix(err, "'%.60s' is not a threshold", text);
	}
	out->text = mem_text(text);
	return 0;
}

void threshold_release(struct threshold *threshold)
{
	free(threshold->text);
	*threshold = (struct threshold){0};
}

bool threshold_holds(const struct threshold *threshold, double value)
{
	double a = threshold->a;

	if (isnan(value))
		return false;
	switch (threshold->op) {
	case OP_LT:
		return value < a;
	case OP_LE:
		return value <= a;
	case OP_GT:
		return value > a;
	case OP_GE:
		return value >= a;
	case OP_EQ:
		return value == a;
	case OP_NE:
		return value != a;
	case OP_INSIDE:
		return value >= a && value <= threshold->b;
	case OP_OUTSIDE:
		return value < a || value > threshold->b;
	default:
		return false;
	}
}

enum level thresholds_level(const struct thresholds *thresholds, double value)
{
	if (!isfinite(value))
		return LEVEL_UNKNOWN;
	if (threshold_holds(&thresholds->critical, value))
		return LEVEL_CRITICAL;
	if (threshold_holds(&thresholds->warning, value))
		return LEVEL_WARNING;
	if (thresholds->baseline.op != OP_NONE && !threshold_holds(&thresholds->baseline, value))
		return LEVEL_INFO;
	return LEVEL_OK;
}

/* By enum threshold_op: a Nagios range "[@]start:end" alerts outside it, with '@' inside, ends
 * included. So '> a' is the range up to a, and '>= a' needs the '@'. */
static const struct {
	const char *at;
	char start; /* 'a', '~' (no lower end), '0' (left out when a is not negative), or none */
	char end;   /* 'a', 'b', or none (no upper end) */
} ranges[] = {
    [OP_LT] = {"", 'a', '\0'},
    [OP_LE] = {"@", '~', 'a'},
    [OP_GT] = {"", '0', 'a'},
    [OP_GE] = {"@", 'a', '\0'},
    [OP_EQ] = {"@", 'a', 'a'},
    [OP_NE] = {"", 'a', 'a'},
    [OP_INSIDE] = {"@", 'a', 'b'},
    [OP_OUTSIDE] = {"", 'a', 'b'},
};

static void range_start(char start, double a, char text[NAGIOS_RANGE_MAX / 2])
{
	text[0] = '\0';
	if (start == 'a')
		snprintf(text, NAGIOS_RANGE_MAX / 2, "%.15g:", a);
	else if (start == '~' || a < 0)
		snprintf(text, NAGIOS_RANGE_MAX / 2, "~:");
}

void threshold_nagios_range(const struct threshold *threshold, char text[NAGIOS_RANGE_MAX])
{
	char start[NAGIOS_RANGE_MAX / 2];
	char end[NAGIOS_RANGE_MAX / 2 - 2] = "";
	enum threshold_op op = threshold->op;

	text[0] = '\0';
	if (op == OP_NONE)
		return;
	range_start(ranges[op].start, threshold->a, start);
	if (ranges[op].end)
		snprintf(
		    end, sizeof(end), "%.15g", ranges[op].end == 'a' ? threshold->a : threshold->b);
	snprintf(text, NAGIOS_RANGE_MAX, "%s%s%s", ranges[op].at, start, end);
}
