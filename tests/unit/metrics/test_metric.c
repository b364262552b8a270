/* Levels and units. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fsops/mem.h"
#include "fsops/metric.h"

static void names_go_both_ways(void **state)
{
	(void)state;
	for (int i = LEVEL_OK; i <= LEVEL_CRITICAL; i++) {
		enum level level;

		assert_int_equal(level_parse(level_name((enum level)i), &level), 0);
		assert_int_equal(level, i);
	}
	for (int i = UNIT_COUNT; i <= UNIT_BYTES; i++) {
		enum unit unit;

		assert_int_equal(unit_parse(unit_name((enum unit)i), &unit), 0);
		assert_int_equal(unit, i);
	}
}

static void unknown_names_are_refused(void **state)
{
	enum level level;
	enum unit unit;

	(void)state;
	assert_int_equal(level_parse("Critical", &level), -1);
	assert_int_equal(level_parse("", &level), -1);
	assert_int_equal(unit_parse("parsec", &unit), -1);
}

/* The order of the Nagios plug-ins' max_state_alt: ok < unknown < warning < critical. */
static void the_worst_of_two(void **state)
{
	(void)state;
	assert_int_equal(level_worst(LEVEL_OK, LEVEL_UNKNOWN), LEVEL_UNKNOWN);
	assert_int_equal(level_worst(LEVEL_INFO, LEVEL_UNKNOWN), LEVEL_UNKNOWN);
	assert_int_equal(level_worst(LEVEL_WARNING, LEVEL_UNKNOWN), LEVEL_WARNING);
	assert_int_equal(level_worst(LEVEL_WARNING, LEVEL_CRITICAL), LEVEL_CRITICAL);
	assert_int_equal(level_worst(LEVEL_OK, LEVEL_INFO), LEVEL_INFO);
}

static void exit_statuses_are_nagios(void **state)
{
	(void)state;
	assert_int_equal(level_exit_status(LEVEL_OK), 0);
	assert_int_equal(level_exit_status(LEVEL_INFO), 0);
	assert_int_equal(level_exit_status(LEVEL_WARNING), 1);
	assert_int_equal(level_exit_status(LEVEL_CRITICAL), 2);
	assert_int_equal(level_exit_status(LEVEL_UNKNOWN), 3);
}

static const struct {
	enum unit unit;
	double value;
	const char *text;
} formats[] = {
    {UNIT_COUNT, 42, "42"},
    {UNIT_COUNT, 0, "0"},
    {UNIT_COUNT, -0.0, "0"},
    {UNIT_COUNT, -3, "-3"},
    {UNIT_COUNT, 1234567, "1234567"},
    {UNIT_COUNT, 0.25, "0.25"},
    {UNIT_COUNT, 123.75, "124"},
    {UNIT_COUNT, 1e300, "1e+300"},
    {UNIT_PERCENT, 8.1, "8.1 %"},
    {UNIT_PERCENT, 0.1, "0.1 %"},
    {UNIT_PERCENT, 0, "0 %"},
    {UNIT_PERCENT, 99.95, "100 %"},
    {UNIT_PERCENT, 100, "100 %"},
    {UNIT_RATIO, 0.081, "0.081"},
    {UNIT_SECONDS, 0, "0 s"},
    {UNIT_SECONDS, 0.412, "412 ms"},
    {UNIT_SECONDS, 0.0005, "0.5 ms"},
    {UNIT_SECONDS, 0.9999, "1 s"},
    {UNIT_SECONDS, 2.4, "2.4 s"},
    {UNIT_SECONDS, 59.94, "59.9 s"},
    {UNIT_SECONDS, 60, "1m 0s"},
    {UNIT_SECONDS, 245, "4m 5s"},
    {UNIT_SECONDS, 3600, "1h 0m"},
    {UNIT_SECONDS, 7500, "2h 5m"},
    {UNIT_SECONDS, 3 * 86400 + 2 * 3600 + 59 * 60, "3d 2h"},
    {UNIT_SECONDS, 86399.9, "23h 59m"},
    {UNIT_SECONDS, -90, "-1m 30s"},
    {UNIT_BYTES, 0, "0 B"},
    {UNIT_BYTES, 1023, "1023 B"},
    {UNIT_BYTES, 1024, "1 KiB"},
    {UNIT_BYTES, 1288490188.8, "1.2 GiB"},
    {UNIT_BYTES, 1048575, "1 MiB"},
    {UNIT_BYTES, -2048, "-2 KiB"},
};

static void values_for_people(void **state)
{
	char text[UNIT_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(formats); i++) {
		unit_format(formats[i].unit, formats[i].value, text);
		assert_string_equal(text, formats[i].text);
	}
}

static void what_is_no_number_is_said(void **state)
{
	char text[UNIT_TEXT_MAX];

	(void)state;
	for (int i = UNIT_COUNT; i <= UNIT_BYTES; i++) {
		unit_format((enum unit)i, NAN, text);
		assert_string_equal(text, "unknown");
		unit_format((enum unit)i, INFINITY, text);
		assert_string_equal(text, "infinite");
		unit_format((enum unit)i, -INFINITY, text);
		assert_string_equal(text, "-infinite");
		unit_format((enum unit)i, 1.7e308, text); /* fits */
		unit_format((enum unit)i, -1.7e308, text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_go_both_ways),
	    cmocka_unit_test(unknown_names_are_refused),
	    cmocka_unit_test(the_worst_of_two),
	    cmocka_unit_test(exit_statuses_are_nagios),
	    cmocka_unit_test(values_for_people),
	    cmocka_unit_test(what_is_no_number_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
