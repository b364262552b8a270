/* When schedules fire, against clocks that libc puts forward and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "fsops/mem.h"
#include "fsops/schedule.h"

#define QUARTER ((int64_t)15 * 60)
#define DAY     ((int64_t)86400)
#define FROM    INT64_C(1798761600) /* 2027-01-01T00:00:00Z */
#define UNTIL   (FROM + (5 * 365 + 1) * DAY)

static const char *const zones[] = {
    "UTC",
    "Europe/Berlin",       /* 02:00 of a Sunday is skipped, and shown twice */
    "America/New_York",    /* the first Sunday of November has 01:00 twice */
    "America/Havana",      /* midnight is skipped */
    "Australia/Lord_Howe", /* half an hour */
    "Asia/Kathmandu",      /* +05:45 */
    "Pacific/Auckland",
};

static const struct schedule schedules[] = {
    {SCHEDULE_DAILY, 0, 0, 9, 0, "daily 09:00"}, /* the document's three */
    {SCHEDULE_WEEKLY, 0, 0, 2, 0, "sunday 02:00"},
    {SCHEDULE_MONTHLY, 0, 1, 1, 0, "first sunday 01:00"},
    {SCHEDULE_DAILY, 0, 0, 0, 0, "daily 00:00"},
    {SCHEDULE_DAILY, 0, 0, 2, 30, "daily 02:30"},
    {SCHEDULE_MONTHLY, 0, 2, 2, 0, "second sunday 02:00"},
    {SCHEDULE_MONTHLY, 6, 4, 23, 45, "fourth saturday 23:45"},
};

static bool wanted_day(const struct schedule *schedule, const struct tm *tm)
{
	switch (schedule->kind) {
	case SCHEDULE_DAILY:
		return true;
	case SCHEDULE_WEEKLY:
		return tm->tm_wday == schedule->weekday;
	default:
		return tm->tm_wday == schedule->weekday && tm->tm_mday > 7 * (schedule->nth - 1) &&
		       tm->tm_mday <= 7 * schedule->nth;
	}
}

/* Looks at the clock every quarter of an hour, as a person would: on a day that is wanted and not
 * done yet, at its time or later. */
struct watchman {
	int64_t done;     /* the last day, counted; days that are not wanted too */
	int64_t expected; /* when it is to fire next */
};

static bool fires(struct watchman *man, const struct schedule *schedule, const struct tm *tm)
{
	int64_t day = time_days(tm->tm_year + 1900, tm->tm_mon + 1, tm->tm_mday);
	bool early = tm->tm_hour * 60 + tm->tm_min < schedule->hour * 60 + schedule->minute;

	if (day <= man->done || early)
		return false;
	man->done = day;
	return wanted_day(schedule, tm);
}

static void look(struct watchman *man, const struct schedule *schedule, const struct zone *zone,
    int64_t now, const struct tm *tm)
{
	bool fired = fires(man, schedule, tm);
	int64_t at;

	if (now <= FROM)
		return;
	if (fired != (now == man->expected))
		fail_msg("%s in %s: %s at %lld", schedule->text, zone_name(zone),
		    fired ? "not expected" : "did not fire", (long long)now);
	if (!fired)
		return;
	man->expected = schedule_next(schedule, zone, now);
	assert_true(schedule_due(schedule, zone, now, &at));
	assert_int_equal(at, now);
	assert_false(schedule_due(schedule, zone, now - 1, &at));
	assert_true(schedule_due(schedule, zone, now + SCHEDULE_LATE_MAX, &at));
	assert_int_equal(at, now);
	assert_false(schedule_due(schedule, zone, now + SCHEDULE_LATE_MAX + 1, &at));
}

static void watch_all(const struct zone *zone)
{
	struct watchman men[COUNT_OF(schedules)] = {{0}};

	for (size_t i = 0; i < COUNT_OF(schedules); i++)
		men[i].expected = schedule_next(&schedules[i], zone, FROM);
	for (int64_t at = FROM - 2 * DAY; at < UNTIL; at += QUARTER) {
		time_t now = (time_t)at;
		struct tm tm;

		localtime_r(&now, &tm);
		for (size_t i = 0; i < COUNT_OF(schedules); i++)
			look(&men[i], &schedules[i], zone, at, &tm);
	}
}

static void each_fires_once_on_each_of_its_days(void **state)
{
	(void)state;
	for (size_t z = 0; z < COUNT_OF(zones); z++) {
		struct zone *zone = zone_open(zones[z], strlen(zones[z]));

		assert_non_null(zone);
		setenv("TZ", zones[z], 1);
		tzset();
		watch_all(zone);
		zone_free(zone);
	}
}

/* ---- the times at which it must be tried ---- */

static const struct {
	size_t schedule;
	const char *zone;
	const char *shown;
	const char *times;
	bool repeats;
} surveys[] = {
    {0, "Europe/Berlin", "Europe/Berlin", "9:00", false},
    {1, "UTC", "UTC", "2:00", false},
    {1, "Europe/Berlin", "Europe/Berlin", "2:00 3:00", true},
    {1, "America/New_York", "America/New_York", "2:00 3:00", false},
    {2, "America/New_York", "America/New_York", "1:00", true},
    {3, "America/Havana", "America/Havana", "0:00 1:00", true},
    {1, "Australia/Lord_Howe", "Australia/Lord_Howe", "2:00 2:30", false},
    {0, "Europe/Berlin", "UTC", "7:00 8:00", false},
    {0, "Asia/Kathmandu", "UTC", "3:15", false},
    {0, "America/New_York", "Europe/Berlin", "14:00 15:00", false},
};

static void a_survey_finds_all_times_that_clocks_show(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(surveys); i++) {
		struct zone *zone = zone_open(surveys[i].zone, strlen(surveys[i].zone));
		struct zone *shown = zone_open(surveys[i].shown, strlen(surveys[i].shown));
		struct schedule_survey survey;
		char text[200] = "";
		struct err err;

		assert_int_equal(schedule_survey(&schedules[surveys[i].schedule], zone, shown, FROM,
		                     &survey, &err),
		    0);
		for (size_t t = 0; t < survey.count; t++)
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%d:%02d",
			    t ? " " : "", survey.times[t].hour, survey.times[t].minute);
		assert_string_equal(text, surveys[i].times);
		assert_int_equal(survey.repeats, surveys[i].repeats);
		zone_free(zone);
		zone_free(shown);
	}
}

static void a_zone_is_a_name_that_can_be_looked_up(void **state)
{
	static const char *const wrong[] = {
	    "Europe/Berlyn", "../passwd", "/etc/localtime", "CET-1"};
	struct err err;
	char *name;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(wrong); i++)
		assert_null(zone_open(wrong[i], strlen(wrong[i])));
	setenv("TZ", ":Europe/Berlin", 1);
	name = zone_of_process(&err);
	assert_string_equal(name, "Europe/Berlin");
	free(name);
	setenv("TZ", "CET-1CEST", 1);
	assert_null(zone_of_process(&err));
	assert_non_null(strstr(err.text, "TZ is 'CET-1CEST'"));
	setenv("TZ", "", 1);
	name = zone_of_process(&err);
	assert_string_equal(name, "UTC");
	free(name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_fires_once_on_each_of_its_days),
	    cmocka_unit_test(a_survey_finds_all_times_that_clocks_show),
	    cmocka_unit_test(a_zone_is_a_name_that_can_be_looked_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
