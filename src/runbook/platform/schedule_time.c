/* When a schedule fires. Invariant: once on each of its days, whatever the clocks are put to. */
#include "fsops/schedule.h"

#include <stdlib.h>

#define MINUTE ((int64_t)60)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)
/* The fourth Sunday of one month and of the next are at most 35 days apart. */
#define DAYS_MAX 40

static bool falls_on(const struct schedule *schedule, int64_t day)
{
	struct civil date;

	time_civil(day * DAY, &date);
	if (schedule->kind == SCHEDULE_DAILY)
		return true;
	if (date.weekday != schedule->weekday)
		return false;
	return schedule->kind == SCHEDULE_WEEKLY || (date.day - 1) / 7 + 1 == schedule->nth;
}

/* The first moment after BEFORE, up to UNTIL, at which the clocks have another offset. */
static int64_t change_between(const struct zone *zone, int64_t before, int64_t until)
{
	int offset = zone_at(zone, before);

	while (until - before > 1) {
		int64_t middle = before + (until - before) / 2;

		if (zone_at(zone, middle) == offset)
			before = middle;
		else
			until = middle;
	}
	return until;
}

/* When the clocks show WALL; where two moments do, the first; where none does, after the gap. */
static int64_t moment(const struct zone *zone, int64_t wall)
{
	int a = zone_at(zone, wall - DAY);
	int b = zone_at(zone, wall + DAY);
	int64_t first = wall - (a > b ? a : b);
	int64_t second = wall - (a > b ? b : a);

	if (first + zone_at(zone, first) == wall)
		return first;
	if (second + zone_at(zone, second) == wall)
		return second;
	return change_between(zone, first, second);
}

static int64_t wall_on(const struct schedule *schedule, int64_t day)
{
	return day * DAY + schedule->hour * HOUR + schedule->minute * MINUTE;
}

/* The day after DAY on which it fires. */
static int64_t next_day(const struct schedule *schedule, int64_t day)
{
	for (int i = 0; i < DAYS_MAX; i++)
		if (falls_on(schedule, ++day))
			return day;
	abort(); /* there is no such schedule */
}

/* Rounded down. */
static int64_t day_of(int64_t wall)
{
	return wall / DAY - (wall % DAY < 0);
}

int64_t schedule_next(const struct schedule *schedule, const struct zone *zone, int64_t after)
{
	int64_t day = day_of(after + zone_at(zone, after)) - 2;
	int64_t at;

	do {
		day = next_day(schedule, day);
		at = moment(zone, wall_on(schedule, day));
	} while (at <= after);
	return at;
}

bool schedule_due(
    const struct schedule *schedule, const struct zone *zone, int64_t now, int64_t *at)
{
	*at = schedule_next(schedule, zone, now - SCHEDULE_LATE_MAX - 1);
	return *at <= now;
}

static int compare(const void *a, const void *b)
{
	const struct schedule_time *one = a;
	const struct schedule_time *other = b;

	return (one->hour - other->hour) * 60 + one->minute - other->minute;
}

static int add_time(struct schedule_survey *survey, const struct civil *clock, struct err *err)
{
	const struct schedule_time time = {clock->hour, clock->minute};

	for (size_t i = 0; i < survey->count; i++)
		if (compare(&survey->times[i], &time) == 0)
			return 0;
	if (survey->count == SCHEDULE_TIMES_MAX)
		return err_set(err, ERR_LIMIT,
		    "the clocks change so often that it fires at more than "
		    "%d times of day",
		    SCHEDULE_TIMES_MAX);
	survey->times[survey->count++] = time;
	qsort(survey->times, survey->count, sizeof(time), compare);
	return 0;
}

/* Within a day after AT the clocks show again what they show then. */
static bool shown_again(const struct zone *zone, int64_t at)
{
	int before = zone_at(zone, at);
	int after = zone_at(zone, at + DAY);
	int64_t again = at + before - after;

	return after < before && zone_at(zone, again) == after;
}

int schedule_survey(const struct schedule *schedule, const struct zone *zone,
    const struct zone *shown, int64_t from, struct schedule_survey *survey, struct err *err)
{
	int64_t day = day_of(from + zone_at(zone, from)) - 1;
	int64_t end = day + SCHEDULE_YEARS * 366;

	*survey = (struct schedule_survey){0};
	for (day = next_day(schedule, day); day < end; day = next_day(schedule, day)) {
		int64_t at = moment(zone, wall_on(schedule, day));
		struct civil clock;

		if (day_of(at + zone_at(zone, at)) != day)
			return err_set(err, ERR_INPUT,
			    "in the zone %s the clocks are put forward over midnight at %s: choose "
			    "another time",
			    zone_name(zone), schedule->text);
		time_civil(at + zone_at(shown, at), &clock);
		if (add_time(survey, &clock, err) < 0)
			return -1;
		survey->repeats = survey->repeats || shown_again(shown, at);
	}
	return 0;
}

const char *schedule_weekday(int weekday)
{
	static const char *const names[] = {
	    "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};

	return names[weekday];
}
