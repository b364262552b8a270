/* Whom to call from what broke, how severe it is and how long ago it began. */
#include "catalog_case.h"
#include "fsops/escalation.h"

#define MINUTE ((msec)60000)

/* The document's matrix; x.yaml plays each runbook in turn. */
#define PEOPLE                                                                                     \
	"platform: p\n"                                                                            \
	"contacts:\n"                                                                              \
	"  on_call: {title: On-Call, phone: +1-555}\n"                                             \
	"  lead: {email: lead@example.org, phone: 0123}\n"                                         \
	"  manager: {title: Manager}\n"                                                            \
	"  security: {title: Security, email: s@example.org}\n"                                    \
	"escalation:\n"

static const char matrix[] =
    PEOPLE "  - {level: 3, contact: manager, runbooks: [%s]}\n"
           "  - {level: 1, contact: on_call, after: 30m, runbooks: [%s]}\n"
           "  - {level: 2, contact: lead, after: 15m, severity: critical, runbooks: [%s]}\n"
           "  - {level: 3, contact: security}\n";

static const char book[] = "runbook: x\naliases: [ex]\nsteps: [{step: S, manual: m}]\n";

static struct catalog *matrix_with(const char *third, const char *first, const char *second)
{
	char *platform = mem_printf(matrix, third, first, second);
	struct catalog *catalog = case_good(platform, book);

	free(platform);
	return catalog;
}

static const struct {
	const char *at[3]; /* which of the levels 3, 1 and 2 names the runbook */
	enum level severity;
	msec elapsed;
	struct escalation_state expected;
} cases[] = {
    /* Named by no level: by severity. */
    {{"", "", ""}, LEVEL_WARNING, 0, {1, 1, 0, 2, 30 * MINUTE}},
    {{"", "", ""}, LEVEL_WARNING, -5, {1, 1, 0, 2, 30 * MINUTE}},
    {{"", "", ""}, LEVEL_WARNING, 30 * MINUTE - 1, {1, 1, 0, 2, 30 * MINUTE}},
    {{"", "", ""}, LEVEL_WARNING, 30 * MINUTE, {1, 2, 30 * MINUTE, 3, 45 * MINUTE}},
    {{"", "", ""}, LEVEL_WARNING, 45 * MINUTE, {1, 3, 45 * MINUTE, 0, 0}},
    {{"", "", ""}, LEVEL_WARNING, 9999 * MINUTE, {1, 3, 45 * MINUTE, 0, 0}},
    {{"", "", ""}, LEVEL_CRITICAL, 0, {2, 2, 0, 3, 15 * MINUTE}},
    {{"", "", ""}, LEVEL_CRITICAL, 15 * MINUTE, {2, 3, 15 * MINUTE, 0, 0}},
    {{"", "", ""}, LEVEL_INFO, 9999 * MINUTE, {1, 1, 0, 0, 0}},
    /* Named: by what is broken, by any of its names. */
    {{"x", "", ""}, LEVEL_WARNING, 0, {3, 3, 0, 0, 0}},
    {{"", "ex", ""}, LEVEL_CRITICAL, 0, {1, 1, 0, 2, 30 * MINUTE}},
    {{"", "", "x"}, LEVEL_WARNING, 0, {2, 2, 0, 3, 15 * MINUTE}},
    {{"", "x", "x"}, LEVEL_WARNING, 0, {2, 2, 0, 3, 15 * MINUTE}},
};

static bool same(const struct escalation_state *a, const struct escalation_state *b)
{
	return a->start == b->start && a->level == b->level && a->since == b->since &&
	       a->next == b->next && a->next_at == b->next_at;
}

static void levels_follow_from_what_how_bad_and_how_long(void **state)
{
	size_t wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct catalog *catalog =
		    matrix_with(cases[i].at[0], cases[i].at[1], cases[i].at[2]);
		struct escalation_state got = escalation_at(
		    catalog->platform, catalog->runbooks[0], cases[i].severity, cases[i].elapsed);

		if (!same(&got, &cases[i].expected)) {
			print_error("case %zu: from %d, at %d since %ld, next %d at %ld\n", i,
			    got.start, got.level, (long)got.since, got.next, (long)got.next_at);
			wrong++;
		}
		catalog_free(catalog);
	}
	assert_int_equal(wrong, 0);
}

static void a_level_without_after_is_passed_at_once(void **state)
{
	struct catalog *catalog = case_good(PEOPLE "  - {level: 1, contact: on_call}\n"
	                                           "  - {level: 5, contact: lead, after: 10m}\n"
	                                           "  - {level: 5, contact: manager, after: 5m}\n"
	                                           "  - {level: 7, contact: security}\n",
	    book);
	const struct escalation_state expected = {1, 5, 0, 7, 5 * MINUTE};
	struct escalation_state got = escalation_at(catalog->platform, NULL, LEVEL_WARNING, 0);

	(void)state;
	assert_true(same(&got, &expected));
	catalog_free(catalog);
}

static void without_levels_there_is_nobody(void **state)
{
	struct catalog *catalog = case_good("platform: p\n", book);
	struct escalation_state got = escalation_at(catalog->platform, NULL, LEVEL_CRITICAL, 0);

	(void)state;
	assert_int_equal(got.level, 0);
	assert_int_equal(got.next, 0);
	catalog_free(catalog);
}

static void who_and_how(const struct platform *platform, int level, const char *expected)
{
	struct buf text;

	buf_init(&text, BUF_TEXT_MAX);
	escalation_add_who(&text, platform, level);
	assert_string_equal(text.data, expected);
	buf_release(&text);
}

static void everybody_of_a_level_is_named_with_the_way(void **state)
{
	struct catalog *catalog = matrix_with("", "", "");

	(void)state;
	who_and_how(catalog->platform, 1, "On-Call (phone +1-555)");
	who_and_how(catalog->platform, 2, "lead (email lead@example.org, phone 0123)");
	who_and_how(catalog->platform, 3, "Manager, Security (email s@example.org)");
	who_and_how(catalog->platform, 4, "");
	catalog_free(catalog);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(levels_follow_from_what_how_bad_and_how_long),
	    cmocka_unit_test(a_level_without_after_is_passed_at_once),
	    cmocka_unit_test(without_levels_there_is_nobody),
	    cmocka_unit_test(everybody_of_a_level_is_named_with_the_way),
	};

	return cmocka_run_group_tests(tests, case_setup, case_teardown);
}
