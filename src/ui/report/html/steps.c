/* The steps of a report in HTML. Invariants: every action of the record is there, and so is what the plan
 * has and the record has not: nothing is missing without a word. */
#include "html.h"

#include <string.h>

#include "fsops/mem.h"
#include "fsops/ui.h"
#include "fsops/value.h"
#include "ui/report/facts.h"

#define ACTIONS_SHOWN 30 /* of a step, without a click */

/* ---- what did not begin ---- */

/* The ids of the actions that the step came to, as keys; a new object. */
static json_t *ids_of(const struct record_step *step)
{
	json_t *ids = json_object();

	for (size_t i = 0; i < step->action_count; i++)
		json_object_set_new(ids, step->actions[i].id, json_true());
	return ids;
}

static const json_t *planned_step(const struct record *record, const char *id)
{
	const json_t *plan = json_object_get(record->started, "plan");
	json_t *step;
	size_t i;

	json_array_foreach(json_object_get(plan, "steps"), i, step) {
		const char *own = value_get_text(step, "id");

		if (own && strcmp(own, id) == 0)
			return step;
	}
	return NULL;
}

static const char *planned_title(const json_t *planned)
{
	const char *title = value_get_text(planned, "title");

	return title ? title : value_get_text(planned, "id");
}

/* Actions of the plan that the step never came to. */
static void add_actions_missing(struct page *page, const struct record_step *step)
{
	const json_t *planned = planned_step(page->record, step->id);
	bool any = false;
	json_t *action;
	json_t *ids;
	size_t i;

	if (strcmp(report_step_outcome(page->record, step), "skipped") == 0)
		return;
	ids = ids_of(step);
	json_array_foreach(json_object_get(planned, "actions"), i, action) {
		const char *id = value_get_text(action, "id");

		if (id && json_object_get(ids, id))
			continue;
		html_add(&page->html, any ? "; %s" : "<p>Not begun: %s", planned_title(action));
		any = true;
	}
	json_decref(ids);
	if (any)
		html_add(&page->html, "</p>\n");
}

static void add_steps_missing(struct page *page)
{
	const json_t *plan = json_object_get(page->record->started, "plan");
	bool any = false;
	json_t *step;
	size_t i;

	json_array_foreach(json_object_get(plan, "steps"), i, step) {
		const char *section = value_get_text(step, "section");

		if (!json_is_true(json_object_get(step, "selected")) ||
		    record_step(page->record, value_get_text(step, "id")))
			continue;
		if (!any)
			html_add(&page->html, "<h3>Steps that did not begin</h3>\n<ul>\n");
		html_add(&page->html, "<li>%s", planned_title(step));
		if (section && strcmp(section, "steps") != 0)
			html_add(&page->html, " <span class=\"tag\">%s</span>", section);
		html_add(&page->html, "</li>\n");
		any = true;
	}
	if (any)
		html_add(&page->html, "</ul>\n");
}

/* ---- a step ---- */

static void fact_took(struct page *page, const void *of)
{
	const struct record_step *step = of;
	if (strcmp(report_step_outcome(page->record, step), "skipped") != 0)
		page_meter(page, value_get_number(step->finished, "seconds", -1),
		    value_get_number(step->started, "budget_seconds", 0));
}

static void fact_began(struct page *page, const void *of)
{
	page_time(page, ((const struct record_step *)of)->started);
}

static void fact_why(struct page *page, const void *of)
{
	html_add(
	    &page->html, "%s", value_get_text(((const struct record_step *)of)->finished, "why"));
}

/* Which part of the runbook it belongs to, when it is no plain step. */
static void fact_section(struct page *page, const void *of)
{
	const char *section = value_get_text(((const struct record_step *)of)->started, "section");

	if (section && strcmp(section, "steps") != 0)
		html_add(&page->html, "%s", section);
}

static size_t count_bad(const struct page *page, const struct record_step *step)
{
	size_t count = 0;

	for (size_t i = 0; i < step->action_count; i++)
		count += outcome_find(report_action_outcome(page->record, &step->actions[i]))->bad;
	return count;
}

/* A long list is folded, and says what is in it. */
static void add_actions(struct page *page, const struct record_step *step, size_t number)
{
	bool many = step->action_count > ACTIONS_SHOWN;

	if (many)
		html_add(&page->html,
		    "<details class=\"many\"><summary>%zu actions, of which %zu did not go "
		    "well</summary>\n",
		    step->action_count, count_bad(page, step));
	for (size_t i = 0; i < step->action_count; i++)
		page_action(page, &step->actions[i], number, i + 1);
	if (many)
		html_add(&page->html, "</details>\n");
}

static void add_step(struct page *page, const struct record_step *step, size_t number)
{
	static const struct fact facts[] = {
	    {"Took", fact_took, false},
	    {"Began", fact_began, false},
	    {"Part", fact_section, false},
	    {"Why", fact_why, true},
	};

	html_add(&page->html,
	    "<section class=\"step\" id=\"step-%zu\" aria-labelledby=\"step-%zu-heading\">\n"
	    "<h3 id=\"step-%zu-heading\"><a class=\"self\" href=\"#step-%zu\">",
	    number, number, number, number);
	page_number(page, step);
	html_add(&page->html, ".</a> %s ", report_step_title(step));
	page_outcome(page, report_step_outcome(page->record, step));
	html_add(&page->html, "</h3>\n");
	page_facts(page, facts, COUNT_OF(facts), step);
	add_actions(page, step, number);
	add_actions_missing(page, step);
	html_add(&page->html, "</section>\n");
}

void page_steps(struct page *page)
{
	for (size_t i = 0; i < page->record->step_count; i++)
		add_step(page, &page->record->steps[i], i + 1);
	add_steps_missing(page);
}

/* ---- files that were saved ---- */

/* One of them. */
struct saved {
	const struct record_action *action;
	const json_t *file; /* {path, bytes, sha256} */
};

static void cell_path(struct page *page, const void *row)
{
	const json_t *file = ((const struct saved *)row)->file;

	html_add(&page->html, "<code>%s</code>%s", value_get_text(file, "path"),
	    json_is_false(json_object_get(file, "complete")) ? " (not whole)" : "");
}

static void cell_size(struct page *page, const void *row)
{
	char text[UNIT_TEXT_MAX];

	unit_format(
	    UNIT_BYTES, value_get_number(((const struct saved *)row)->file, "bytes", 0), text);
	html_add(&page->html, "%s", text);
}

static void cell_digest(struct page *page, const void *row)
{
	html_add(&page->html, "<code>%s</code>",
	    value_get_text(((const struct saved *)row)->file, "sha256"));
}

static void cell_action(struct page *page, const void *row)
{
	page_link(page, ((const struct saved *)row)->action);
}

static const struct column file_columns[] = {
    {"File", cell_path},
    {"Size", cell_size},
    {"SHA-256", cell_digest},
    {"Action", cell_action},
};

/* PAGE: NULL to only count. */
static size_t add_files(struct page *page, const struct record *record)
{
	size_t count = 0;

	for (size_t s = 0; s < record->step_count; s++)
		for (size_t i = 0; i < record->steps[s].action_count; i++) {
			const struct record_action *action = &record->steps[s].actions[i];
			struct saved saved = {action, json_object_get(action->finished, "saved")};

			count += json_is_object(saved.file);
			if (page && json_is_object(saved.file))
				page_row(
				    page, NULL, 0, file_columns, COUNT_OF(file_columns), &saved);
		}
	return count;
}

bool page_has_files(const struct page *page)
{
	return add_files(NULL, page->record) > 0;
}

void page_files(struct page *page)
{
	page_table_begin(page, "Files that the run has saved, as they were then", file_columns,
	    COUNT_OF(file_columns));
	add_files(page, page->record);
	page_table_end(page);
}
