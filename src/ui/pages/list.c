/* The list of runbooks, out of what is kept of them. Invariant: every runbook of the catalog is in it, the broken ones
 * too. */
#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/ui.h"
#include "fsops/value.h"
#include "ui/look.h"
#include "ui/plan/walk.h"
#include "ui/safe.h"
#include "ui/table.h"

#define FILE_KEY "file" /* of a row: for whoever must repair it; not told as data */

static const char *text_or_empty(const char *text)
{
	return text ? text : "";
}

/* "ok, 3h12m ago" */
static void add_last(struct table *table, const json_t *last, const char *name, msec now)
{
	const json_t *run = json_object_get(last, name);
	enum level level;
	struct buf text;

	if (!run) {
		table_cell(table, ROLE_DIM, last ? "never" : "unknown");
		return;
	}
	buf_init(&text, BUF_TEXT_MAX);
	history_add_ending(&text, run, &level);
	buf_adds(&text, ", ");
	history_add_age(&text, run, now);
	table_cell(table, role_of_level(level), text.data);
	buf_release(&text);
}

static void add_row(struct table *table, const json_t *row, const json_t *last, msec now)
{
	const char *name = value_get_text(row, "name");
	const char *severity = value_get_text(row, "severity");
	char budget[CLOCK_TEXT_MAX];
	enum level level = LEVEL_INFO;

	table_cell(table, ROLE_BOLD, name);
	if (json_is_true(json_object_get(row, "broken"))) {
		table_cell(table, ROLE_CRITICAL, "broken");
		for (int i = 0; i < 3; i++)
			table_cell(table, ROLE_DIM, "");
		table_cell(table, ROLE_CRITICAL, value_get_text(row, "file"));
		return;
	}
	level_parse(severity, &level);
	clock_format_span((msec)(value_get_number(row, "budget_seconds", 0) * 1000 + 0.5), budget);
	table_cell(table, role_of_level(level), severity);
	table_cell(table, ROLE_PLAIN, budget);
	table_cell(table, ROLE_PLAIN, text_or_empty(value_get_text(row, "schedule")));
	add_last(table, last, name, now);
	table_cell(table, ROLE_PLAIN, value_get_text(row, "title"));
}

static void add_none(struct buf *out, const json_t *list)
{
	const char *folder = value_get_text(list, "folder");

	buf_adds(out, "No runbooks");
	if (folder) {
		buf_adds(out, " in ");
		safe_adds(out, folder);
	}
	buf_adds(out, ".\n");
}

void print_list_text(
    struct buf *out, const json_t *list, const json_t *last, msec now, const struct look *look)
{
	static const char *const heads[] = {
	    "NAME", "SEVERITY", "BUDGET", "SCHEDULE", "LAST RUN", "TITLE"};
	static const size_t less_useful[] = {3, 2, 1}; /* than the titles */
	const json_t *rows = json_object_get(list, "rows");
	struct table *table;

	if (json_array_size(rows) == 0) {
		add_none(out, list);
		return;
	}
	print_source_of(out, value_get_text(list, "platform"), value_get_text(list, "color"),
	    value_get_text(list, "runbooks"), look);
	table = table_new(look, COUNT_OF(heads));
	for (size_t i = 0; i < COUNT_OF(heads); i++)
		table_cell(table, ROLE_DIM, heads[i]);
	table_align_right(table, 2);
	for (size_t i = 0; i < COUNT_OF(less_useful); i++)
		table_may_go(table, less_useful[i]);
	for (size_t i = 0; i < json_array_size(rows); i++)
		add_row(table, json_array_get(rows, i), last, now);
	table_print(out, table, "");
	table_free(table);
}

/* ---- as data ---- */

static json_t *texts(char *const *items, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_string(items[i]));
	return list;
}

static json_t *row_of(const struct runbook *runbook)
{
	size_t steps;
	double budget = (double)runbook_budget(runbook, &steps) / 1000;

	return json_pack("{s:s, s:o, s:s?, s:s, s:f, s:I, s:s?, s:b, s:s?}", "name", runbook->name,
	    "aliases", texts(runbook->aliases, runbook->alias_count), "title", runbook->title,
	    "severity", level_name(runbook->severity), "budget_seconds", budget, "steps",
	    (json_int_t)steps, "schedule", runbook->schedule.text, "broken", runbook->broken,
	    FILE_KEY, runbook->file);
}

json_t *runbook_list_of(const struct catalog *catalog)
{
	const struct platform *platform = catalog->platform;
	json_t *rows = json_array();

	for (size_t i = 0; i < catalog->runbook_count; i++)
		json_array_append_new(rows, row_of(catalog->runbooks[i]));
	return json_pack("{s:s?, s:s, s:s?, s:s?, s:o}", "platform", platform->name, "color",
	    platform_color(platform), "folder", catalog->folder, "runbooks", platform->runbooks,
	    "rows", rows);
}

static bool is_row(const json_t *row)
{
	bool broken = json_is_true(json_object_get(row, "broken"));

	return value_get_text(row, "name") && value_get_text(row, "severity") &&
	       value_get_text(row, broken ? FILE_KEY : "title");
}

bool runbook_list_is_one(const json_t *list)
{
	const json_t *rows = json_object_get(list, "rows");
	bool good = json_is_array(rows);

	for (size_t i = 0; good && i < json_array_size(rows); i++)
		good = is_row(json_array_get(rows, i));
	return good;
}

/* A row as it is told. */
static json_t *told(const json_t *list, const json_t *row, json_t *last)
{
	static const char *const keys[] = {"platform", "runbooks"};
	json_t *object = json_copy((json_t *)row);

	json_object_del(object, FILE_KEY);
	json_object_set_new(object, "last_run", last ? json_incref(last) : json_null());
	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		json_t *value = json_object_get(list, keys[i]);

		json_object_set_new(object, keys[i], value ? json_incref(value) : json_null());
	}
	return object;
}

void print_list_json(struct buf *out, const json_t *list, const json_t *last)
{
	const json_t *rows = json_object_get(list, "rows");
	json_t *all = json_array();

	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *row = json_array_get(rows, i);

		json_array_append_new(
		    all, told(list, row, json_object_get(last, value_get_text(row, "name"))));
	}
	print_json(out, all);
	json_decref(all);
}
