/*
 * When a schedule fires.
 *
 * It fires once on each of its days, at its time as the clocks of its zone show it. Where they skip
 * that time, at the first moment after; where they show it twice, at the first of both.
 *
 * Points of time are seconds since 1970-01-01T00:00:00Z.
 */
#ifndef FSOPS_SCHEDULE_H
#define FSOPS_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#include "fsops/model.h"
#include "fsops/zone.h"

/* So late a program that was started at its time may look at the clock: less than the smallest step
 * that clocks are put forward or back by, so that it stays clear which time is meant. */
#define SCHEDULE_LATE_MAX ((int64_t)25 * 60)

/* The first time after AFTER. SCHEDULE is not SCHEDULE_NONE. */
int64_t schedule_next(const struct schedule *schedule, const struct zone *zone, int64_t after);

/* Was it to fire now, or up to SCHEDULE_LATE_MAX ago? Then AT is when. */
bool schedule_due(
    const struct schedule *schedule, const struct zone *zone, int64_t now, int64_t *at);

/* Years that schedule_survey() looks at. */
#define SCHEDULE_YEARS 10
/* Times of day that a schedule can have on clocks of another zone, with all their changes. */
#define SCHEDULE_TIMES_MAX 16

struct schedule_survey {
	struct schedule_time {
		int hour;
		int minute;
	} times
	    [SCHEDULE_TIMES_MAX]; /* at which it fires, as those clocks show it; in their order */
	size_t count;
	bool repeats; /* some time those clocks show such a time a second time on the same day */
};

/*
 * All that clocks of the zone SHOWN show when it fires in ZONE, in SCHEDULE_YEARS from FROM on. A
 * program that wakes a run by those clocks must try each of the times. Errors: the clocks skip
 * midnight when it should fire, so that no time of that day is right.
 */
int schedule_survey(const struct schedule *schedule, const struct zone *zone,
    const struct zone *shown, int64_t from, struct schedule_survey *survey, struct err *err);

/* "Sunday", "Monday", … */
const char *schedule_weekday(int weekday);

#endif
