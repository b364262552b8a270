/* Thresholds: what they say, what they hold for, what is refused. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fsops/mem.h"
#include "fsops/metric.h"

static const struct {
	const char *text;
	enum unit unit;
	enum threshold_op op;
	double a;
	double b;
	const char *nagios;
} good[] = {
    {"> 5%", UNIT_PERCENT, OP_GT, 5, 0, "5"},
    {"> 5", UNIT_PERCENT, OP_GT, 5, 0, "5"},
    {"< 0.1%", UNIT_PERCENT, OP_LT, 0.1, 0, "0.1:"},
    {"> 5%", UNIT_RATIO, OP_GT, 0.05, 0, "0.05"},
    {"> 0.05", UNIT_RATIO, OP_GT, 0.05, 0, "0.05"},
    {"<500ms", UNIT_SECONDS, OP_LT, 0.5, 0, "0.5:"},
    {"> 100ms", UNIT_SECONDS, OP_GT, 0.1, 0, "0.1"},
    {">  2s ", UNIT_SECONDS, OP_GT, 2, 0, "2"},
    {"> 2 s", UNIT_SECONDS, OP_GT, 2, 0, "2"},
    {"> 1h30m", UNIT_SECONDS, OP_GT, 5400, 0, "5400"},
    {"<= 26h", UNIT_SECONDS, OP_LE, 93600, 0, "@~:93600"},
    {"< 14d", UNIT_SECONDS, OP_LT, 1209600, 0, "1209600:"},
    {">= 90%", UNIT_PERCENT, OP_GE, 90, 0, "@90:"},
    {"< 90%", UNIT_PERCENT, OP_LT, 90, 0, "90:"},
    {"== 1", UNIT_COUNT, OP_EQ, 1, 0, "@1:1"},
    {"!= 1", UNIT_COUNT, OP_NE, 1, 0, "1:1"},
    {"10..20", UNIT_COUNT, OP_INSIDE, 10, 20, "@10:20"},
    {"!10..20", UNIT_COUNT, OP_OUTSIDE, 10, 20, "10:20"},
    {"! 10 .. 20", UNIT_COUNT, OP_OUTSIDE, 10, 20, "10:20"},
    {"1.5..2.5", UNIT_COUNT, OP_INSIDE, 1.5, 2.5, "@1.5:2.5"},
    {".5...75", UNIT_COUNT, OP_INSIDE, 0.5, 0.75, "@0.5:0.75"},
    {"-5..-1", UNIT_COUNT, OP_INSIDE, -5, -1, "@-5:-1"},
    {"3..3", UNIT_COUNT, OP_INSIDE, 3, 3, "@3:3"},
    {"100ms..2s", UNIT_SECONDS, OP_INSIDE, 0.1, 2, "@0.1:2"},
    {"> -3", UNIT_COUNT, OP_GT, -3, 0, "~:-3"},
    {"> 1e3", UNIT_COUNT, OP_GT, 1000, 0, "1000"},
    {"> 1GiB", UNIT_BYTES, OP_GT, 1073741824, 0, "1073741824"},
    {"> 1GB", UNIT_BYTES, OP_GT, 1e9, 0, "1000000000"},
    {"< 1.5KiB", UNIT_BYTES, OP_LT, 1536, 0, "1536:"},
    {"> 7B", UNIT_BYTES, OP_GT, 7, 0, "7"},
};

static void thresholds_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(good); i++) {
		char range[NAGIOS_RANGE_MAX];
		struct threshold threshold;
		struct err err = {0};

		if (threshold_parse(good[i].text, good[i].unit, &threshold, &err) < 0)
			fail_msg("%s: %s", good[i].text, err.text);
		assert_int_equal(threshold.op, good[i].op);
		assert_true(threshold.a == good[i].a);
		assert_true(threshold.b == good[i].b);
		assert_string_equal(threshold.text, good[i].text);
		threshold_nagios_range(&threshold, range);
		assert_string_equal(range, good[i].nagios);
		threshold_release(&threshold);
		threshold_nagios_range(&threshold, range);
		assert_string_equal(range, "");
	}
}

static const struct {
	const char *text;
	enum unit unit;
	const char *why;
} bad[] = {
    {"", UNIT_COUNT, "'' is not a threshold: there is no number at ''"},
    {"5", UNIT_COUNT,
        "'5' is not a threshold: it must be a comparison such as '> 5' or a range such as '1..5' "
        "or '!1..5'"},
    {"> ", UNIT_COUNT, "'> ' is not a threshold: there is no number at ''"},
    {"=> 5", UNIT_COUNT, "'=> 5' is not a threshold: there is no number at '=> 5'"},
    {"> inf", UNIT_COUNT, "'> inf' is not a threshold: there is no number at 'inf'"},
    {"> nan", UNIT_COUNT, "'> nan' is not a threshold: there is no number at 'nan'"},
    {"> 1e999", UNIT_COUNT, NULL},
    {"> 0x10", UNIT_COUNT, NULL},
    {"> 5 6", UNIT_COUNT, "'> 5 6' is not a threshold: '6' is too much"},
    {"> 5%", UNIT_COUNT,
        "'> 5%' is not a threshold: the unit '%' does not fit: a count takes none"},
    {"> 5s", UNIT_PERCENT, "'> 5s' is not a threshold: the unit 's' does not fit: percent takes %"},
    {"> 5%", UNIT_SECONDS, NULL},
    {"> 5M", UNIT_BYTES, NULL},
    {"> 5us", UNIT_SECONDS, NULL},
    {"5..1", UNIT_COUNT, "'5..1' is not a threshold: the range's lower end is over its upper end"},
    {"1..", UNIT_COUNT, "'1..' is not a threshold: there is no number at ''"},
    {"..5", UNIT_COUNT, NULL},
    {"1..5 x", UNIT_COUNT, NULL},
    {"1..5..9", UNIT_COUNT, "'1..5..9' is not a threshold: '..9' is too much"},
    {"> 1e308TiB", UNIT_BYTES, "'> 1e308TiB' is not a threshold: the number is too large"},
    {"> 1111111111111111111111111111111111111111111111111111111111111111111111", UNIT_COUNT, NULL},
};

static void mistakes_are_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct threshold threshold;
		struct err err = {0};

		if (threshold_parse(bad[i].text, bad[i].unit, &threshold, &err) == 0)
			fail_msg("'%s' was taken", bad[i].text);
		assert_int_equal(threshold.op, OP_NONE);
		assert_null(threshold.text);
		if (bad[i].why)
			assert_string_equal(err.text, bad[i].why);
	}
}

static const struct {
	const char *text;
	double value;
	bool holds;
} holds[] = {
    {"> 5", 5, false},
    {"> 5", 5.0000001, true},
    {">= 5", 5, true},
    {"< 5", 5, false},
    {"<= 5", 5, true},
    {"== 0.1", 0.1, true},
    {"!= 0.1", 0.1, false},
    {"1..5", 1, true},
    {"1..5", 5, true},
    {"1..5", 5.1, false},
    {"!1..5", 1, false},
    {"!1..5", 5, false},
    {"!1..5", 0.9, true},
    {"> -1", -0.5, true},
    {"> 5", INFINITY, true},
    {"> 5", NAN, false},
    {"< 5", NAN, false},
    {"!= 5", NAN, false},
    {"!1..5", NAN, false},
};

static void what_they_hold_for(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(holds); i++) {
		struct threshold threshold;

		assert_int_equal(threshold_parse(holds[i].text, UNIT_COUNT, &threshold, NULL), 0);
		if (threshold_holds(&threshold, holds[i].value) != holds[i].holds)
			fail_msg("%s with %g", holds[i].text, holds[i].value);
		threshold_release(&threshold);
	}
}

/* The response time of the platform: baseline < 500ms, warning > 2s, critical > 5s. */
static void levels_of_a_metric(void **state)
{
	static const struct {
		double value;
		enum level level;
	} cases[] = {
	    {0.2, LEVEL_OK},
	    {0.4999, LEVEL_OK},
	    {0.5, LEVEL_INFO},
	    {2, LEVEL_INFO},
	    {2.001, LEVEL_WARNING},
	    {5, LEVEL_WARNING},
	    {5.001, LEVEL_CRITICAL},
	    {1e300, LEVEL_CRITICAL},
	    {NAN, LEVEL_UNKNOWN},
	    {INFINITY, LEVEL_UNKNOWN},
	    {-INFINITY, LEVEL_UNKNOWN},
	    {-1, LEVEL_OK},
	};
	struct thresholds thresholds;

	(void)state;
	threshold_parse("< 500ms", UNIT_SECONDS, &thresholds.baseline, NULL);
	threshold_parse("> 2s", UNIT_SECONDS, &thresholds.warning, NULL);
	threshold_parse("> 5s", UNIT_SECONDS, &thresholds.critical, NULL);
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_int_equal(thresholds_level(&thresholds, cases[i].value), cases[i].level);
	threshold_release(&thresholds.baseline);
	threshold_release(&thresholds.warning);
	threshold_release(&thresholds.critical);
	assert_int_equal(thresholds_level(&thresholds, 1e9), LEVEL_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(thresholds_are_read),
	    cmocka_unit_test(mistakes_are_told),
	    cmocka_unit_test(what_they_hold_for),
	    cmocka_unit_test(levels_of_a_metric),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
