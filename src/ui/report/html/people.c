/* What a report in HTML says of people: what they were asked and answered, what is left to them, when they
 * were told; and everything in order. Invariant: rows come in the order of the record. */
#include "html.h"

#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/value.h"
#include "ui/report/approvals.h"
#include "ui/report/facts.h"
#include "ui/report/moment.h"
#include "ui/safe.h"

/* ---- approvals ---- */

bool page_has_approvals(const struct page *page)
{
	struct approvals approvals;
	bool any;

	approvals_init(&approvals, page->record);
	any = approvals.count > 0;
	approvals_release(&approvals);
	return any;
}

static void cell_asked(struct page *page, const void *row)
{
	const struct approval *approval = row;

	if (approval->asked)
		page_time(page, approval->asked);
	else
		html_add(&page->html, "<span class=\"dim\">approved beforehand</span>");
}

static void cell_about(struct page *page, const void *row)
{
	const struct approval *approval = row;
	const json_t *event = approval->asked ? approval->asked : approval->given;
	const char *command = value_get_text(event, "command");

	html_add(&page->html, "%s: ", value_get_text(event, "question"));
	page_link(page, approval->action);
	if (!command)
		command = report_command(approval->action);
	page_command(page, command);
}

static void cell_answer(struct page *page, const void *row)
{
	const struct approval *approval = row;
	const char *answer = value_get_text(approval->given, "answer");

	html_add(&page->html, "<b>%s</b> ", answer ? answer : "no answer");
	if (approval->given)
		page_time(page, approval->given);
}

static void cell_by(struct page *page, const void *row)
{
	const struct approval *approval = row;
	const char *by = value_get_text(approval->given, "by");
	struct buf who;

	if (!approval->given)
		return;
	buf_init(&who, BUF_TEXT_MAX);
	report_person(&who, page->record, approval->given);
	if (by && (strcmp(by, "person") == 0 || strcmp(by, "option") == 0))
		html_add(&page->html, "%s%s", who.data,
		    strcmp(by, "option") == 0 ? ", by an option of the run" : "");
	else
		html_add(&page->html, "%s", report_nobody(approval->given));
	buf_release(&who);
}

void page_approvals(struct page *page)
{
	static const struct column columns[] = {
	    {"Asked", cell_asked},
	    {"About", cell_about},
	    {"Answer", cell_answer},
	    {"By", cell_by},
	};
	struct approvals approvals;

	approvals_init(&approvals, page->record);
	page_table_begin(page, "Questions, answers, and who gave them", columns, COUNT_OF(columns));
	for (size_t i = 0; i < approvals.count; i++)
		page_row(page, "asked", i + 1, columns, COUNT_OF(columns), &approvals.items[i]);
	page_table_end(page);
	approvals_release(&approvals);
}

/* ---- left to people ---- */

bool page_has_left(const struct page *page)
{
	return json_array_size(json_object_get(page->record->finished, "left")) > 0;
}

void page_left(struct page *page)
{
	json_t *item;
	size_t i;

	html_add(&page->html, "<ul class=\"todo\">\n");
	json_array_foreach(json_object_get(page->record->finished, "left"), i, item) {
		const char *text = value_get_text(item, "text");

		html_add(&page->html, "<li><b>%s</b>", value_get_text(item, "title"));
		if (text && *text) {
			html_add(&page->html, "<div class=\"lines\">");
			html_lines(&page->html, text, strlen(text));
			html_add(&page->html, "</div>");
		}
		html_add(&page->html, "</li>\n");
	}
	html_add(&page->html, "</ul>\n");
}

/* ---- events as sentences ---- */

struct moment_row {
	const json_t *event;
	const char *text;
	const char *command; /* or NULL */
};

static void cell_time(struct page *page, const void *row)
{
	page_time(page, ((const struct moment_row *)row)->event);
}

static void cell_what(struct page *page, const void *row)
{
	const struct moment_row *moment = row;
	struct place place = page_place(page, report_action_of(page->record, moment->event));

	if (place.step)
		html_add(&page->html, "<a href=\"#step-%zu-action-%zu\">%s</a>", place.step,
		    place.action, moment->text);
	else
		html_add(&page->html, "%s", moment->text);
	page_command(page, moment->command);
}

static const struct column moment_columns[] = {{"When", cell_time}, {"What", cell_what}};

/* The moments that are WANTED (NULL: all). ANCHOR: as of page_row(). */
static void add_moments(
    struct page *page, const char *caption, const char *anchor, bool (*wanted)(const json_t *event))
{
	size_t number = 0;
	json_t *event;
	size_t i;

	page_table_begin(page, caption, moment_columns, COUNT_OF(moment_columns));
	json_array_foreach(page->record->events, i, event) {
		struct moment_row row = {.event = event};
		struct buf text;

		buf_init(&text, page->html.out->max);
		if ((!wanted || wanted(event)) &&
		    report_moment(&text, &row.command, page->record, event)) {
			row.text = text.data;
			page_row(
			    page, anchor, ++number, moment_columns, COUNT_OF(moment_columns), &row);
		}
		buf_release(&text);
	}
	page_table_end(page);
}

bool page_has_escalations(const struct page *page)
{
	json_t *event;
	size_t i;

	json_array_foreach(page->record->events, i, event) {
		if (report_is_escalation(event))
			return true;
	}
	return false;
}

void page_escalations(struct page *page)
{
	add_moments(page, "When budgets ran out, and when people were told", "escalation",
	    report_is_escalation);
}

void page_events(struct page *page)
{
	html_add(&page->html, "<details><summary>The timeline in words</summary>\n");
	add_moments(page, "Everything that happened, in order", NULL, NULL);
	html_add(&page->html, "</details>\n");
}
