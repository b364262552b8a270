/* The colours of platforms. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "fsops/mem.h"
#include "fsops/model.h"

static const struct {
	const char *name;
	enum platform_color color;
	const char *shown;
} cases[] = {
    {"production", COLOR_BY_NAME, "red"},
    {"flight-search", COLOR_BY_NAME, "red"},
    {"shop-prod-test", COLOR_BY_NAME, "red"},
    {"staging", COLOR_BY_NAME, "yellow"},
    {"shop.Staging", COLOR_BY_NAME, "yellow"},
    {"eu_stage_1", COLOR_BY_NAME, "yellow"},
    {"backstage", COLOR_BY_NAME, "red"},
    {"test", COLOR_BY_NAME, "green"},
    {"shop-dev", COLOR_BY_NAME, "green"},
    {"device", COLOR_BY_NAME, "red"},
    {"-", COLOR_BY_NAME, "red"},
    {"staging-", COLOR_BY_NAME, "yellow"},
    {"production", COLOR_BLUE, "blue"},
};

static void test_colors(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct platform platform = {.name = (char *)cases[i].name, .color = cases[i].color};

		assert_string_equal(platform_color(&platform), cases[i].shown);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_colors)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
