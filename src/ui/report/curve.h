/*
 * What is known of the run's metrics over its time, for reports that draw it: what a source that keeps a history was
 * asked for at the end (metric.curve), else what the run itself saw (metric.measured).
 *
 *	struct curves curves;
 *	curves_init(&curves, record);
 *	…
 *	curves_release(&curves);
 */
#ifndef FSOPS_UI_REPORT_CURVE_H
#define FSOPS_UI_REPORT_CURVE_H

#include <stdbool.h>
#include <stddef.h>

#include "fsops/clock.h"
#include "fsops/metric.h"
#include "fsops/record.h"

struct curve_point {
	msec at;      /* wall */
	double value; /* NaN: it was not known then */
};

struct curve {
	const json_t *metric; /* as it was measured last; borrowed from the record */
	enum unit unit;
	struct thresholds thresholds;
	struct curve_point *points; /* in the order of time; two of them at least have a value */
	size_t count;
	bool kept; /* the source's own history; false: the looks that the run took */
};

struct curves {
	struct curve *items; /* in the order in which they were first measured */
	size_t count;
};

/* Of every metric with two values at least; what has fewer says no more than the tables. */
void curves_init(struct curves *curves, const struct record *record);
void curves_release(struct curves *curves);

#endif
