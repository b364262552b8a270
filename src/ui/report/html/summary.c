/* The summary of a report in HTML: what went wrong, what was changed, what to do next. Invariant: a long
 * list says how much of it is not shown here, and all of it is in the steps. */
#include "html.h"

#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/value.h"
#include "ui/report/facts.h"

#define LIST_MAX 10 /* of one kind are listed here */

typedef bool wanted_fn(const struct record *record, const struct record_step *step,
    const struct record_action *action);
typedef void line_fn(struct page *page, const struct record_action *action);

/* A list of the actions of one kind. */
struct list {
	const char *heading;
	wanted_fn *wanted;
	line_fn *line;
	const char *none; /* said when there are none; NULL: then there is no list */
};

/* ---- which ---- */

static bool is_bad(
    const struct record *record, const struct record_step *step, const struct record_action *action)
{
	(void)step;
	return outcome_find(report_action_outcome(record, action))->bad;
}

/* Nobody has looked after it since, and the run does not go on. */
static bool is_unknown(
    const struct record *record, const struct record_step *step, const struct record_action *action)
{
	return !record->live && record_action_unknown(record, step, action);
}

static bool is_change(
    const struct record *record, const struct record_step *step, const struct record_action *action)
{
	(void)step;
	return report_is_change(record, action);
}

/* ---- lines ---- */

static void line_why(struct page *page, const struct record_action *action)
{
	const char *why = value_get_text(action->finished, "why");

	page_outcome(page, report_action_outcome(page->record, action));
	html_add(&page->html, " ");
	page_link(page, action);
	if (why && *why)
		html_add(&page->html, ": %s", why);
}

static void line_command(struct page *page, const struct record_action *action)
{
	page_outcome(page, report_action_outcome(page->record, action));
	html_add(&page->html, " ");
	page_link(page, action);
	page_command(page, report_command(action));
}

static const struct list lists[] = {
    {"Look first: nobody knows how these changes ended", is_unknown, line_command, NULL},
    {"What did not go well", is_bad, line_why, NULL},
    {"What was changed", is_change, line_command, "Nothing."},
};

/* A step that did not run because its condition could not be told has no action that says so. */
static void line_untold(struct page *page, const struct record_step *step, size_t number)
{
	html_add(&page->html, "<li>");
	page_outcome(page, report_step_outcome(page->record, step));
	html_add(&page->html, " <a href=\"#step-%zu\">%s</a>: %s</li>\n", number,
	    report_step_title(step), value_get_text(step->finished, "why"));
}

/* Returns how many there are; prints the first LIST_MAX of them. */
static size_t add_lines(struct page *page, const struct list *list)
{
	size_t count = 0;

	for (size_t s = 0; s < page->record->step_count; s++) {
		if (list->wanted == is_bad && report_is_untold(&page->record->steps[s]) &&
		    ++count <= LIST_MAX)
			line_untold(page, &page->record->steps[s], s + 1);
		for (size_t i = 0; i < page->record->steps[s].action_count; i++) {
			const struct record_step *step = &page->record->steps[s];
			const struct record_action *action = &step->actions[i];

			if (!list->wanted(page->record, step, action) || ++count > LIST_MAX)
				continue;
			html_add(&page->html, "<li>");
			list->line(page, action);
			html_add(&page->html, "</li>\n");
		}
	}
	return count;
}

static void add_list(struct page *page, const struct list *list)
{
	struct page part = *page;
	struct buf text;
	size_t count;

	buf_init(&text, page->html.out->max);
	part.html.out = &text;
	count = add_lines(&part, list);
	if (count || list->none)
		html_add(&page->html, "<h3>%s</h3>\n", list->heading);
	if (count) {
		html_add(&page->html, "<ul class=\"plain\">\n");
		html_append(&page->html, &part.html);
		html_add(&page->html, "</ul>\n");
	} else if (list->none) {
		html_add(&page->html, "<p>%s</p>\n", list->none);
	}
	if (count > LIST_MAX)
		html_add(&page->html, "<p>And %zu more, in <a href=\"#steps\">the steps</a>.</p>\n",
		    count - LIST_MAX);
	buf_release(&text);
}

static void add_next(struct page *page)
{
	json_t *next = report_next(page->record);
	json_t *item;
	size_t i;

	html_add(&page->html, "<h3>What to do next</h3>\n<ul>\n");
	json_array_foreach(json_object_get(page->record->finished, "not_run"), i, item)
		html_add(&page->html,
		    "<li>The step \"%s\", one of <code>always</code>, was not run: a signal "
		    "stopped "
		    "the run</li>\n",
		    value_get_text(item, "title"));
	json_array_foreach(next, i, item) {
		html_add(&page->html, "<li>%s", value_get_text(item, "why"));
		page_command(page, value_get_text(item, "command"));
		html_add(&page->html, "</li>\n");
	}
	html_add(&page->html, "</ul>\n");
	json_decref(next);
}

/* ---- variables ---- */

struct variable {
	const char *name;
	const json_t *value;
};

static void cell_name(struct page *page, const void *row)
{
	html_add(&page->html, "<code>%s</code>", ((const struct variable *)row)->name);
}

static void cell_value(struct page *page, const void *row)
{
	char *text = value_to_text(((const struct variable *)row)->value);

	html_add(&page->html, "<code>%s</code>", text);
	free(text);
}

static void add_variables(struct page *page)
{
	static const struct column columns[] = {{"Variable", cell_name}, {"Value", cell_value}};
	json_t *vars = json_object_get(page->record->started, "vars");
	struct variable variable;
	json_t *value;

	if (!json_object_size(vars))
		return;
	html_add(
	    &page->html, "<details><summary>Variables (%zu)</summary>\n", json_object_size(vars));
	page_table_begin(page, "Variables of the run", columns, COUNT_OF(columns));
	json_object_foreach(vars, variable.name, value) {
		variable.value = value;
		page_row(page, NULL, 0, columns, COUNT_OF(columns), &variable);
	}
	page_table_end(page);
	html_add(&page->html, "</details>\n");
}

void page_summary(struct page *page)
{
	const char *why = value_get_text(page->record->finished, "why");

	if (*report_field(page->record, "summary"))
		html_add(&page->html, "<p>%s</p>\n", report_field(page->record, "summary"));
	if (why && *why)
		html_add(&page->html, "<p><b>Why it ended so:</b> %s</p>\n", why);
	for (size_t i = 0; i < COUNT_OF(lists); i++)
		add_list(page, &lists[i]);
	add_next(page);
	add_variables(page);
}
