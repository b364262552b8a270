/* The tables of list and check, and the Nagios line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/ui.h"
#include "ui/table.h"

static json_t *metric(const char *name, const char *unit, double value, const char *level,
    const char *warning, const char *critical, const char *runbook)
{
	return json_pack("{s:s, s:s, s:s, s:f, s:s, s:n, s:s?, s:s?, s:s?, s:n}", "name", name,
	    "title", name, "unit", unit, "value", value, "level", level, "baseline", "warning",
	    warning, "critical", critical, "runbook", runbook, "error");
}

static json_t *unknown(const char *name, const char *error)
{
	return json_pack("{s:s, s:s, s:s, s:n, s:s, s:s}", "name", name, "title", name, "unit",
	    "percent", "value", "level", "unknown", "error", error);
}

static void has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("'%s' is not in:\n%s", part, text);
}

static struct platform somewhere = {.name = "flight-search"};

static void breaches_name_their_runbook(void **state)
{
	json_t *metrics = json_pack("[o, o, o]",
	    metric("error_rate", "percent", 8.1, "critical", "> 1%", "> 5%", "high-error-rate"),
	    metric("response_time", "seconds", 0.31, "ok", "> 2s", "> 5s", "high-response-time"),
	    unknown("cpu", "no data\x1b[2J"));
	const struct look look = {0};
	struct buf out;

	(void)state;
	buf_init(&out, BUF_TEXT_MAX);
	print_check_text(&out, &somewhere, metrics, &look, false);
	assert_int_equal(strncmp(out.data, "Platform flight-search\nMETRIC", 29), 0);
	has(out.data, "error_rate      8.1 %  critical");
	has(out.data, "→ fsops run high-error-rate\n");
	has(out.data, "response_time  310 ms  ok");
	assert_null(strstr(out.data, "run high-response-time"));
	has(out.data, "cpu                 -  unknown");
	has(out.data, "no data\\x1b[2J\n");
	buf_clear(&out);
	print_check_text(&out, &somewhere, metrics, &look, true);
	assert_null(strstr(out.data, "response_time"));
	has(out.data, "error_rate");
	has(out.data, "cpu");
	json_decref(metrics);
	buf_release(&out);
}

static void a_command_to_type_is_never_cut(void **state)
{
	static const int widths[] = {40, 80};
	json_t *metrics = json_pack("[o, o]",
	    metric("error_rate", "percent", 8.1, "critical", "> 1%", "> 5%", "high-error-rate"),
	    metric("cpu", "percent", 20, "ok", "> 70%", "> 90%", "high-response-time"));

	(void)state;
	for (size_t i = 0; i < COUNT_OF(widths); i++) {
		const struct look look = {.width = widths[i], .utf8 = true};
		struct buf out;

		buf_init(&out, BUF_TEXT_MAX);
		print_check_text(&out, &somewhere, metrics, &look, false);
		has(out.data, "> 5%\n    → fsops run high-error-rate\ncpu");
		buf_release(&out);
	}
	json_decref(metrics);
}

static void quiet_says_nothing_when_all_is_well(void **state)
{
	json_t *metrics = json_pack("[o]", metric("cpu", "percent", 20, "ok", NULL, "> 90%", NULL));
	const struct look look = {0};
	struct buf out;

	(void)state;
	buf_init(&out, BUF_TEXT_MAX);
	print_check_text(&out, &somewhere, metrics, &look, true);
	assert_string_equal(out.data, "");
	json_decref(metrics);
	buf_release(&out);
}

static void check_json_has_the_worst_level(void **state)
{
	json_t *metrics = json_pack("[o]", unknown("cpu", "no data"));
	struct buf out;
	json_t *root;

	(void)state;
	buf_init(&out, BUF_TEXT_MAX);
	print_check_json(&out, &somewhere, metrics, LEVEL_UNKNOWN);
	root = json_loads(out.data, 0, NULL);
	assert_string_equal(json_string_value(json_object_get(root, "level")), "unknown");
	assert_true(json_is_null(
	    json_object_get(json_array_get(json_object_get(root, "metrics"), 0), "value")));
	json_decref(root);
	json_decref(metrics);
	buf_release(&out);
}

/* A platform with thresholds as the loader makes it. */
static struct metric models[3];
static struct platform platform = {.metrics = models, .metric_count = COUNT_OF(models)};

static void set_model(struct metric *model, const char *name, enum unit unit, const char *warning,
    const char *critical)
{
	struct err err;

	*model = (struct metric){.name = (char *)name, .unit = unit};
	assert_int_equal(threshold_parse(warning, unit, &model->thresholds.warning, &err), 0);
	assert_int_equal(threshold_parse(critical, unit, &model->thresholds.critical, &err), 0);
}

static void nagios_line(void **state)
{
	json_t *metrics = json_pack("[o, o, o]",
	    metric("error_rate", "percent", 8.1, "warning", "> 1%", "> 5%", "high-error-rate"),
	    metric("p95 | time", "seconds", 7.25, "critical", "> 2s", "> 5s", NULL),
	    unknown("cache", "refused | by\nredis"));
	struct buf out;

	(void)state;
	set_model(&models[0], "error_rate", UNIT_PERCENT, "> 1%", "> 5%");
	set_model(&models[1], "p95 | time", UNIT_SECONDS, "> 2s", "> 5s");
	set_model(&models[2], "cache", UNIT_PERCENT, "< 90%", "< 50%");
	buf_init(&out, BUF_TEXT_MAX);
	print_check_nagios(&out, metrics, LEVEL_CRITICAL, &platform);
	assert_string_equal(out.data,
	    "FSOPS CRITICAL - p95 / time 7.25 s (critical > 5s); error_rate 8.1 % (warning > 1%), "
	    "fsops run high-error-rate; cache unknown: refused / by\\nredis | "
	    "error_rate=8.1%;1;5 'p95 _ time'=7.25s;2;5 cache=U;90:;50:\n");
	for (size_t i = 0; i < COUNT_OF(models); i++) {
		threshold_release(&models[i].thresholds.warning);
		threshold_release(&models[i].thresholds.critical);
	}
	json_decref(metrics);
	buf_release(&out);
}

static void nagios_is_one_line_when_all_is_well(void **state)
{
	json_t *metrics =
	    json_pack("[o]", metric("count", "count", 1e-7, "info", NULL, "> 90", NULL));
	const struct platform none = {0};
	struct buf out;

	(void)state;
	buf_init(&out, BUF_TEXT_MAX);
	print_check_nagios(&out, metrics, LEVEL_INFO, &none);
	assert_string_equal(out.data, "FSOPS OK - 1 metric inside its limits | count=0\n");
	json_decref(metrics);
	buf_release(&out);
}

static void lists_show_broken_runbooks(void **state)
{
	struct step steps[] = {{.budget = 60000}, {.budget = 0}};
	struct runbook good = {.name = (char *)"good",
	    .title = (char *)"Good",
	    .severity = LEVEL_WARNING,
	    .schedule = {.text = (char *)"daily 09:00"}};
	struct runbook bad = {.name = (char *)"bad", .file = (char *)"x/bad.yaml", .broken = true};
	struct runbook *both[] = {&bad, &good};
	struct platform staging = {.name = (char *)"staging", .runbooks = (char *)"/srv/books"};
	const struct catalog catalog = {.platform = &staging, .runbooks = both, .runbook_count = 2};
	const struct history_entry run = {.run = "r",
	    .runbook = "good",
	    .platform = "p",
	    .started = 1764000000000,
	    .finished = 1764000001000,
	    .level = LEVEL_CRITICAL,
	    .exit = 2};
	const struct look look = {0};
	struct buf out;
	json_t *root, *last, *list;

	(void)state;
	good.sections[SECTION_STEPS] = (struct step_list){steps, 2};
	buf_init(&out, BUF_TEXT_MAX);
	last = json_pack("{s:o}", "good", history_object(&run));
	list = runbook_list_of(&catalog);
	assert_true(runbook_list_is_one(list));
	print_list_text(&out, list, last, run.started + 63000, &look);
	assert_string_equal(out.data,
	    "Platform staging, runbooks in /srv/books\n"
	    "NAME  SEVERITY  BUDGET  SCHEDULE     LAST RUN             TITLE\n"
	    "bad   broken                                              x/bad.yaml\n"
	    "good  warning       6m  daily 09:00  critical, 1m03s ago  Good\n");
	buf_clear(&out);
	print_list_json(&out, list, last);
	json_decref(list);
	json_decref(last);
	root = json_loads(out.data, 0, NULL);
	assert_int_equal(json_array_size(root), 2);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(root, 1), "steps")), 2);
	assert_string_equal(
	    json_string_value(json_object_get(json_array_get(root, 0), "runbooks")), "/srv/books");
	json_decref(root);
	buf_release(&out);
}

/* What is below its row there is whole, and no line is broken by the terminal. */
static void columns_make_room_for_the_last_one(void **state)
{
	static const struct {
		int width;
		const char *text;
	} cases[] = {
	    {60, "NAME                  EXTRA     WHAT IT IS CALLED BY PEOPLE\n"
	         "a-name-of-some-words  optional  A title that can be read\n"},
	    {50, "NAME                  WHAT IT IS CALLED BY PEOPLE\n"
	         "a-name-of-some-words  A title that can be read\n"},
	    {42, "NAME                  WHAT IT IS CALLED B…\n"
	         "a-name-of-some-words  A title that can be…\n"},
	    {28, "NAME\n    WHAT IT IS CALLED BY PE…\n"
	         "a-name-of-some-words\n    A title that can be read\n"},
	};
	static const char *const cells[] = {"NAME", "EXTRA", "WHAT IT IS CALLED BY PEOPLE",
	    "a-name-of-some-words", "optional", "A title that can be read"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct look look = {.width = cases[i].width, .utf8 = true};
		struct table *table = table_new(&look, 3);
		struct buf out;

		table_may_go(table, 1);
		for (size_t j = 0; j < COUNT_OF(cells); j++)
			table_cell(table, ROLE_PLAIN, cells[j]);
		buf_init(&out, BUF_TEXT_MAX);
		table_print(&out, table, "");
		assert_string_equal(out.data, cases[i].text);
		buf_release(&out);
		table_free(table);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(breaches_name_their_runbook),
	    cmocka_unit_test(a_command_to_type_is_never_cut),
	    cmocka_unit_test(quiet_says_nothing_when_all_is_well),
	    cmocka_unit_test(check_json_has_the_worst_level),
	    cmocka_unit_test(nagios_line),
	    cmocka_unit_test(nagios_is_one_line_when_all_is_well),
	    cmocka_unit_test(lists_show_broken_runbooks),
	    cmocka_unit_test(columns_make_room_for_the_last_one),
	};

	return cmocka_run_group_tests_name("ui_tables", tests, NULL, NULL);
}
