/* kubectl: spans of time as Go reads them, and amounts as Kubernetes adds them up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "adapters/kubectl/amount.h"
#include "adapters/kubectl/span.h"
#include "fsops/mem.h"

static const struct {
	const char *text;
	bool good;
	int64_t nanos;
} spans[] = {
    {"0", true, 0},
    {"1s", true, 1000000000},
    {"-2ms", true, -2000000},
    {"+3us", true, 3000},
    {"4\xc2\xb5s", true, 4000},
    {"5ns", true, 5},
    {"1.5h", true, INT64_C(5400) * 1000000000},
    {"1h30m15.25s", true, INT64_C(5415250000000)},
    {".5m", true, INT64_C(30000000000)},
    {"1.m", true, INT64_C(60000000000)},
    {"2540400h", false, 0},
    {"1", false, 0},
    {"s", false, 0},
    {".s", false, 0},
    {"", false, 0},
    {"-", false, 0},
    {"1 s", false, 0},
    {"1d", false, 0},
    {"1.0000000001s", false, 0},
    {"99999999999999999999s", false, 0},
};

static void test_spans(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(spans); i++) {
		int64_t nanos;

		assert_int_equal(span_read(spans[i].text, &nanos), spans[i].good);
		if (spans[i].good)
			assert_int_equal(nanos, spans[i].nanos);
	}
}

static const struct {
	const char *text;
	int64_t value; /* -1: refused */
	int64_t milli;
} amounts[] = {
    {"0", 0, 0},
    {"250m", 1, 250},
    {"1500m", 2, 1500},
    {"1234567n", 1, 2},
    {"1u", 1, 1},
    {"3", 3, 3000},
    {"12Ki", 12288, 12288000},
    {"1.5Gi", 1610612736, INT64_C(1610612736000)},
    {"1.0001Ki", 1025, 1024103},
    {"0.1", 1, 100},
    {"2k", 2000, 2000000},
    {"1T", INT64_C(1000000000000), INT64_C(1000000000000000)},
    {"+1M", 1000000, 1000000000},
    {"-1", -1, 0},
    {"1e3", -1, 0},
    {"1.5m", -1, 0},
    {"1.5Ti", -1, 0},
    {"1Kb", -1, 0},
    {"Ki", -1, 0},
    {"", -1, 0},
    {"9999999999999999999", -1, 0},
};

static void test_amounts(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(amounts); i++) {
		struct amount amount;

		assert_int_equal(amount_read(amounts[i].text, &amount), amounts[i].value >= 0);
		if (amounts[i].value < 0)
			continue;
		assert_int_equal(amount_value(&amount), amounts[i].value);
		assert_int_equal(amount_milli(&amount), amounts[i].milli);
	}
}

/* Rounded once, at the end. */
static void test_sum(void **state)
{
	struct amount sum = {0}, part;

	(void)state;
	assert_true(amount_read("600000001n", &part));
	assert_true(amount_add(&sum, &part));
	assert_true(amount_add(&sum, &part));
	assert_int_equal(amount_milli(&sum), 1201);
	assert_int_equal(amount_value(&sum), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_spans),
	    cmocka_unit_test(test_amounts),
	    cmocka_unit_test(test_sum),
	};

	return cmocka_run_group_tests_name("amounts", tests, NULL, NULL);
}
