/* Which name is meant, and points of time as people type and read them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "fsops/clock.h"
#include "fsops/mem.h"
#include "fsops/text.h"

static const char *const names[] = {
    "System Down", "High Error Rate", "High Response Time", "Database Down", "Database"};

static const struct {
	const char *typed;
	int index;
	const char *error;
} picks[] = {
    {"High Error Rate", 1, NULL},
    {"high-error-rate", 1, NULL},
    {"HighErrorRate", 1, NULL},
    {"high e", 1, NULL},
    {"sys", 0, NULL},
    {"database", 4, NULL}, /* whole, though also a beginning */
    {"high", -1, "'high' can be High Error Rate, High Response Time; say which"},
    {"hihg error-rate", -1, "there is no alert 'hihg error-rate'; did you mean 'High Error Rate'?"},
    {"nothing like it", -1, "there is no alert 'nothing like it'"},
    {"", -1, "there is no alert ''"},
};

static void a_name_is_picked_or_suggested(void **state)
{
	size_t wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(picks); i++) {
		struct err err = {0};
		int got = text_pick(picks[i].typed, names, COUNT_OF(names), "alert", &err);

		if (got != picks[i].index || (picks[i].error && strcmp(picks[i].error, err.text))) {
			print_error("'%s': %d, %s\n", picks[i].typed, got, err.text);
			wrong++;
		}
	}
	assert_int_equal(wrong, 0);
}

static void two_that_are_alike_are_not_told_apart_by_guessing(void **state)
{
	static const char *const twins[] = {"HighLoad", "high load"};
	struct err err;

	(void)state;
	assert_int_equal(text_pick("high-load", twins, 2, "alert", &err), -1);
	assert_string_equal(err.text, "'high-load' can be HighLoad, high load; say which");
}

static void a_beginning_is_nearer_than_what_looks_alike(void **state)
{
	static const char *const commands[] = {"list", "history", "help", "lint", "links"};

	(void)state;
	assert_string_equal(text_nearest("hist", commands, COUNT_OF(commands)), "history");
	assert_string_equal(text_nearest("lis", commands, COUNT_OF(commands)), "list");
	assert_string_equal(text_nearest("lin", commands, COUNT_OF(commands)), "lint");
	assert_null(text_nearest("h", commands, COUNT_OF(commands)));
}

/* Central European time, with its summer time, without a zone file. */
static int zone_setup(void **state)
{
	(void)state;
	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	return 0;
}

/* 2026-11-25 14:40:10 CET */
#define NOW     ((msec)1795614010 * 1000)
#define MINUTES ((msec)60000)

static const struct {
	const char *typed;
	const char *utc; /* NULL: no time */
} times[] = {
    {"14:05", "2026-11-25T13:05:00.000Z"},
    {"14:05:30", "2026-11-25T13:05:30.000Z"},
    {"9:00", "2026-11-25T08:00:00.000Z"},
    {"14:41", "2026-11-24T13:41:00.000Z"}, /* not yet today */
    {"2026-11-24 23:00", "2026-11-24T22:00:00.000Z"},
    {"2026-07-01T12:00", "2026-07-01T10:00:00.000Z"},
    {"2026-11-25T14:05:00Z", "2026-11-25T14:05:00.000Z"},
    {"2026-11-25T14:05:00.25Z", "2026-11-25T14:05:00.000Z"},
    {"2026-11-25T14:05:00+05:30", "2026-11-25T08:35:00.000Z"},
    {"2026-11-25 14:05-02:00", "2026-11-25T16:05:00.000Z"},
    {"14", NULL},
    {"25:00", NULL},
    {"14:05x", NULL},
    {"40m", NULL},
    {"2026-11-25", NULL},
    {"2026-11-25T14:05+1", NULL},
    {"2026-11-25T14:05:00+25:00", NULL},
    {"2026-11-25T14:05:00.", NULL},
    {"2026-11-25T14:05 UTC", NULL},
    {"", NULL},
};

static void a_time_is_read_as_people_type_it(void **state)
{
	size_t wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(times); i++) {
		char text[CLOCK_TEXT_MAX] = "none";
		msec wall;

		if (clock_parse_time(times[i].typed, NOW, &wall) == 0)
			clock_format_rfc3339(wall, text);
		if (strcmp(text, times[i].utc ? times[i].utc : "none") != 0) {
			print_error("'%s': %s\n", times[i].typed, text);
			wrong++;
		}
	}
	assert_int_equal(wrong, 0);
}

static void a_time_says_its_zone_and_another_day(void **state)
{
	char text[CLOCK_TEXT_MAX];

	(void)state;
	clock_format_local(NOW + 5 * MINUTES, NOW, text);
	assert_string_equal(text, "14:45 CET");
	clock_format_local(NOW + 24 * 60 * MINUTES, NOW, text);
	assert_string_equal(text, "Thu 2026-11-26 14:40 CET");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_name_is_picked_or_suggested),
	    cmocka_unit_test(two_that_are_alike_are_not_told_apart_by_guessing),
	    cmocka_unit_test(a_beginning_is_nearer_than_what_looks_alike),
	    cmocka_unit_test(a_time_is_read_as_people_type_it),
	    cmocka_unit_test(a_time_says_its_zone_and_another_day),
	};

	return cmocka_run_group_tests(tests, zone_setup, NULL);
}
