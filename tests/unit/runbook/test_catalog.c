/* The catalog: which files are read, what a broken one breaks, and finding by name. */
#include <sys/stat.h>

#include "catalog_case.h"

#define GOOD(name) "runbook: " name "\nsteps: [{step: S, manual: x}]\n"

static void a_broken_runbook_breaks_no_other(void **state)
{
	char *problems;
	struct catalog *catalog = case_load(
	    PLATFORM, GOOD("good"), "runbook: bad\nsteps: [{step: S, manul: x}]\n", &problems);
	struct err err;

	(void)state;
	assert_string_equal(
	    problems, "y:2:19: unknown key 'manul' in a step; did you mean 'manual'?");
	assert_false(catalog->platform->broken);
	assert_int_equal(catalog->runbook_count, 2);
	assert_string_equal(catalog->runbooks[0]->name, "bad");
	assert_true(catalog->runbooks[0]->broken);
	assert_false(catalog->runbooks[1]->broken);
	assert_non_null(catalog_find(catalog, "good", &err));
	assert_null(catalog_find(catalog, "bad", &err));
	assert_int_equal(err.kind, ERR_INPUT);
	free(problems);
	catalog_free(catalog);
}

static void a_file_that_does_not_parse_has_its_own_name(void **state)
{
	char *problems;
	struct catalog *catalog = case_load(PLATFORM, GOOD("good"), "runbook: a: b\n", &problems);
	struct err err;

	(void)state;
	assert_string_equal(catalog->runbooks[1]->name, "y");
	assert_null(catalog_find(catalog, "y", &err));
	assert_int_equal(err.kind, ERR_INPUT);
	assert_non_null(strstr(err.text, "'y' cannot be used: "));
	free(problems);
	catalog_free(catalog);
}

static void expressions_can_wait_until_they_are_needed(void **state)
{
	struct catalog_paths paths = {.runbooks = case_folder, .check = CATALOG_CHECK_FOUND};
	struct problems list = {0};
	struct catalog *catalog;
	struct err err;

	(void)state;
	case_write("platform.yaml", PLATFORM);
	case_write("x.yaml", "runbook: x\nsteps: [{step: S, manual: x, when: a}]\n");
	case_write("y.yaml", "runbook: y\nsteps: [{step: S, manual: x, when: 1 == 1}]\n");
	catalog = catalog_load(&paths, &list);
	assert_int_equal(list.errors, 0);
	assert_null(catalog->runbooks[1]->sections[SECTION_STEPS].items[0].when.expr);
	assert_non_null(catalog_find(catalog, "y", &err));
	assert_non_null(catalog->runbooks[1]->sections[SECTION_STEPS].items[0].when.expr);
	assert_null(catalog_find(catalog, "x", &err));
	assert_int_equal(catalog->problems.errors, 1);
	assert_non_null(strstr(err.text, "x.yaml:2:36: no such variable: 'a'"));
	assert_null(catalog_find(catalog, "x", &err)); /* again, and nothing is found twice */
	assert_int_equal(catalog->problems.errors, 1);
	catalog_free(catalog);
}

/* Loaded to find a runbook: NAME is asked for and READ says which were read for that. */
static void reads(const char *name, const char *read, const char *problems)
{
	struct catalog_paths paths = {.runbooks = case_folder, .check = CATALOG_READ_FOUND};
	struct problems list = {0};
	struct catalog *catalog = catalog_load(&paths, &list);
	struct buf names;
	struct err err;
	char *found;

	assert_int_equal(list.errors, 0);
	assert_int_equal(catalog->runbook_count, 0);
	buf_init(&names, BUF_TEXT_MAX);
	buf_adds(&names, catalog_find(catalog, name, &err) ? "found" : "not found");
	for (size_t i = 0; i < catalog->runbook_count; i++)
		buf_addf(&names, " %s", catalog->runbooks[i]->name);
	found = case_problems(&catalog->problems);
	assert_string_equal(names.data, read);
	assert_string_equal(found, problems);
	free(found);
	buf_release(&names);
	catalog_free(catalog);
}

static void a_file_is_read_when_it_is_needed(void **state)
{
	static const char mistake[] =
	    "y:2:19: unknown key 'manul' in a step; did you mean 'manual'?";

	(void)state;
	case_write("platform.yaml", PLATFORM "alerts: [{alert: A, severity: info, action: x, "
	                                     "respond_within: 5m, runbook: y}]\n");
	case_write("x.yaml", "runbook: x\naliases: [ex]\nsteps: [{step: S, manual: x}]\n");
	case_write("y.yaml", "runbook: y\nsteps: [{step: S, manul: x}]\n");
	reads("x", "found x", "");
	reads("y", "not found y", mistake);
	reads("ex", "found x y", mistake);
	reads("nosuch", "not found x y", mistake);
	/* What it refers to is read too, and its mistakes are not the first one's. */
	case_write("x.yaml", "runbook: x\nsteps: [{step: S, runbook: y}]\n");
	reads("x", "found x y", mistake);
	/* A file may hold another runbook than the one that it is called after. */
	case_write("x.yaml", "runbook: y\nsteps: [{step: S, manual: x}]\n");
	case_write("y.yaml", "runbook: x\nsteps: [{step: S, manual: x}]\n");
	reads("x", "found x y", "");
}

static void two_of_one_name_are_both_refused(void **state)
{
	char *problems;
	struct catalog *catalog =
	    case_load(PLATFORM, "runbook: a\naliases: [b, b]\nsteps: [{step: S, manual: x}]\n",
	        "runbook: c\naliases: [a]\nsteps: [{step: S, manual: x}]\n", &problems);
	char *expected = mem_printf("x:2:14: the name 'b' is taken: %s/x.yaml has it too\n"
	                            "y:2:11: the name 'a' is taken: %s/x.yaml has it too",
	    case_folder, case_folder);

	(void)state;
	assert_string_equal(problems, expected);
	assert_true(catalog->runbooks[0]->broken);
	assert_true(catalog->runbooks[1]->broken);
	free(expected);
	free(problems);
	catalog_free(catalog);
}

static void without_a_platform_nothing_runs(void **state)
{
	char *problems;
	struct catalog *catalog = case_load(NULL,
	    "runbook: x\nmetrics: [cpu]\nsteps: [{step: S, kubectl: "
	    "get pods, target: c}, {step: T, redis: PING}]\n",
	    NULL, &problems);

	(void)state;
	assert_non_null(strstr(problems, "platform.yaml': No such file or directory"));
	assert_true(catalog->platform->broken);
	free(problems);
	catalog_free(catalog);
}

static void finding(const struct catalog *catalog, const char *name, const char *expected)
{
	struct err err = {0};
	const struct runbook *runbook = catalog_find(catalog, name, &err);

	assert_string_equal(runbook ? runbook->name : err.text, expected);
	if (!runbook)
		assert_int_equal(err.kind, ERR_USAGE);
}

static void by_name_alias_and_prefix(void **state)
{
	char *problems;
	struct catalog *catalog = case_load(PLATFORM,
	    "runbook: high-error-rate\naliases: [error-rate]\nsteps: [{step: S, manual: x}]\n",
	    "runbook: high-response-time\naliases: [latency, high]\nsteps: [{step: S, manual: "
	    "x}]\n",
	    &problems);

	(void)state;
	assert_string_equal(problems, "");
	finding(catalog, "high-error-rate", "high-error-rate");
	finding(catalog, "error-rate", "high-error-rate");
	finding(catalog, "err", "high-error-rate");
	finding(catalog, "lat", "high-response-time");
	finding(catalog, "high", "high-response-time");
	finding(catalog, "high-r", "high-response-time");
	finding(catalog, "high-", "'high-' can be high-error-rate, high-response-time; say which");
	finding(catalog, "latancy", "there is no runbook 'latancy'; did you mean 'latency'?");
	finding(catalog, "zzz", "there is no runbook 'zzz'; `fsops list` shows all");
	finding(catalog, "", "there is no runbook ''; `fsops list` shows all");
	free(problems);
	catalog_free(catalog);
}

static void other_files_are_left_alone(void **state)
{
	char *problems;
	struct catalog *catalog;

	(void)state;
	case_write(".hidden.yaml", "no: runbook\n");
	case_write("notes.txt", "no: runbook\n");
	case_write("old.yml", GOOD("old"));
	catalog = case_load(PLATFORM, GOOD("x"), "platform: staging\nnonsense: 1\n", &problems);
	assert_string_equal(
	    problems, "old:0:0: this file is not read: a runbook's name ends in .yaml");
	assert_int_equal(catalog->runbook_count, 1);
	case_remove(".hidden.yaml");
	case_remove("notes.txt");
	case_remove("old.yml");
	free(problems);
	catalog_free(catalog);
}

static char *load_from(const char *runbooks, const char *platform, bool *broken)
{
	struct catalog_paths paths = {.runbooks = runbooks, .platform = platform};
	struct problems list = {0};
	struct catalog *catalog = catalog_load(&paths, &list);
	char *text = case_problems(&list);

	*broken = catalog->platform->broken;
	problems_release(&list);
	catalog_free(catalog);
	return text;
}

static void folders_are_looked_for(void **state)
{
	bool broken;
	char *slash = mem_printf("%s/", case_folder);
	char *other = mem_printf("%s/staging.yaml", case_folder);
	char *text;

	(void)state;
	text = load_from("/nonexistent", NULL, &broken);
	assert_string_equal(text,
	    ":0:0: there are no runbooks: looked for a folder at /nonexistent; say "
	    "where with -R or FSOPS_RUNBOOKS");
	free(text);
	case_write("staging.yaml", PLATFORM);
	case_write("x.yaml", GOOD("x"));
	text = load_from(slash, other, &broken);
	assert_string_equal(text, "");
	assert_false(broken);
	free(text);
	setenv("FSOPS_RUNBOOKS", case_folder, 1);
	text = load_from(NULL, other, &broken);
	assert_string_equal(text, "");
	free(text);
	setenv("FSOPS_RUNBOOKS", "/nonexistent", 1);
	text = load_from(NULL, NULL, &broken);
	assert_non_null(strstr(text, "looked for a folder at /nonexistent; say"));
	assert_true(broken);
	free(text);
	unsetenv("FSOPS_RUNBOOKS");
	case_remove("staging.yaml");
	free(slash);
	free(other);
}

/* root reads everything: then there is nothing to see. */
static void what_cannot_be_read_is_said(void **state)
{
	char *path = mem_printf("%s/y.yaml", case_folder);
	struct catalog_paths paths = {.runbooks = case_folder};
	struct problems list = {0};
	struct catalog *catalog;

	(void)state;
	case_write("platform.yaml", PLATFORM);
	case_write("x.yaml", GOOD("x"));
	case_write("y.yaml", GOOD("y"));
	chmod(path, 0);
	catalog = catalog_load(&paths, &list);
	if (getuid() != 0) {
		assert_int_equal(list.errors, 1);
		assert_non_null(strstr(list.items[0].text, "Permission denied"));
	}
	assert_int_equal(catalog->runbook_count, 2);
	catalog_free(catalog);
	problems_release(&list);
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_broken_runbook_breaks_no_other),
	    cmocka_unit_test(a_file_that_does_not_parse_has_its_own_name),
	    cmocka_unit_test(expressions_can_wait_until_they_are_needed),
	    cmocka_unit_test(a_file_is_read_when_it_is_needed),
	    cmocka_unit_test(two_of_one_name_are_both_refused),
	    cmocka_unit_test(without_a_platform_nothing_runs),
	    cmocka_unit_test(by_name_alias_and_prefix),
	    cmocka_unit_test(other_files_are_left_alone),
	    cmocka_unit_test(folders_are_looked_for),
	    cmocka_unit_test(what_cannot_be_read_is_said),
	};

	return cmocka_run_group_tests(tests, case_setup, case_teardown);
}
