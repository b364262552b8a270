/* The list of runbooks. Invariant: every runbook of the catalog is in it, the broken ones too. */
#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/ui.h"
#include "ui/look.h"
#include "ui/plan/walk.h"
#include "ui/safe.h"
#include "ui/table.h"

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

static void add_row(
    struct table *table, const struct runbook *runbook, const json_t *last, msec now)
{
	char budget[CLOCK_TEXT_MAX];
	size_t steps;

	clock_format_span(runbook_budget(runbook, &steps), budget);
	table_cell(table, ROLE_BOLD, runbook->name);
	if (runbook->broken) {
		table_cell(table, ROLE_CRITICAL, "broken");
		for (int i = 0; i < 3; i++)
			table_cell(table, ROLE_DIM, "");
		table_cell(table, ROLE_CRITICAL, runbook->file);
		return;
	}
	table_cell(table, role_of_level(runbook->severity), level_name(runbook->severity));
	table_cell(table, ROLE_PLAIN, budget);
	table_cell(table, ROLE_PLAIN, runbook->schedule.text ? runbook->schedule.text : "");
	add_last(table, last, runbook->name, now);
	table_cell(table, ROLE_PLAIN, runbook->title);
}

void print_list_text(struct buf *out, const struct catalog *catalog, const json_t *last, msec now,
    const struct look *look)
{
	static const char *const heads[] = {
	    "NAME", "SEVERITY", "BUDGET", "SCHEDULE", "LAST RUN", "TITLE"};
	static const size_t less_useful[] = {3, 2, 1}; /* than the titles */
	struct table *table;

	if (catalog->runbook_count == 0) {
		buf_adds(out, "No runbooks");
		if (catalog->folder) {
			buf_adds(out, " in ");
			safe_adds(out, catalog->folder);
		}
		buf_adds(out, ".\n");
		return;
	}
	print_source(out, catalog->platform, look);
	table = table_new(look, COUNT_OF(heads));
	for (size_t i = 0; i < COUNT_OF(heads); i++)
		table_cell(table, ROLE_DIM, heads[i]);
	table_align_right(table, 2);
	for (size_t i = 0; i < COUNT_OF(less_useful); i++)
		table_may_go(table, less_useful[i]);
	for (size_t i = 0; i < catalog->runbook_count; i++)
		add_row(table, catalog->runbooks[i], last, now);
	table_print(out, table, "");
	table_free(table);
}

static json_t *texts(char *const *items, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_string(items[i]));
	return list;
}

static json_t *runbook_object(
    const struct catalog *catalog, const struct runbook *runbook, json_t *last)
{
	json_t *object;
	size_t steps;
	double budget = (double)runbook_budget(runbook, &steps) / 1000;

	object = json_pack("{s:s, s:o, s:s?, s:s, s:f, s:I, s:s?, s:b, s:O?}", "name",
	    runbook->name, "aliases", texts(runbook->aliases, runbook->alias_count), "title",
	    runbook->title, "severity", level_name(runbook->severity), "budget_seconds", budget,
	    "steps", (json_int_t)steps, "schedule", runbook->schedule.text, "broken",
	    runbook->broken, "last_run", last);
	source_set(object, catalog->platform);
	return object;
}

void print_list_json(struct buf *out, const struct catalog *catalog, const json_t *last)
{
	json_t *list = json_array();

	for (size_t i = 0; i < catalog->runbook_count; i++)
		json_array_append_new(list, runbook_object(catalog, catalog->runbooks[i],
		                                json_object_get(last, catalog->runbooks[i]->name)));
	print_json(out, list);
	json_decref(list);
}
