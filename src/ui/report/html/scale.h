/*
 * When something happened, as a place on the chart: from 0 to 100 per cent of its width. A run that was
 * interrupted has several sittings; what lies between them is drawn as a narrow gap, however long it was, so
 * that the rest can be seen.
 *
 *	struct scale scale;
 *	scale_init(&scale, record);
 *	x = scale_x(&scale, report_time(event));
 *	scale_release(&scale);
 */
#ifndef FSOPS_UI_REPORT_HTML_SCALE_H
#define FSOPS_UI_REPORT_HTML_SCALE_H

#include <stddef.h>

#include "fsops/clock.h"
#include "fsops/record.h"

/* From a begin to the last that was heard before the next one. */
struct sitting {
	msec begin; /* wall */
	msec end;   /* not before `begin` */
	double x;   /* where they are on the chart, per cent */
	double x_end;
};

struct scale {
	struct sitting *sittings; /* one at least, in order, never overlapping */
	size_t count;
};

void scale_init(struct scale *scale, const struct record *record);
void scale_release(struct scale *scale);

double scale_x(const struct scale *scale, msec wall);
/* The end of the sitting in which that was: of what began then and has no end. */
msec scale_end_of(const struct scale *scale, msec wall);
/* How long all gaps were together. */
msec scale_idle(const struct scale *scale);

/* The time from one tick to the next, so that no more than MOST of them stand side by side. */
msec scale_interval(const struct scale *scale, size_t most);

#endif
