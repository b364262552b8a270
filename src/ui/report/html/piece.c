/* Small pieces of a report in HTML. Invariant: a colour never carries what a word does not say too. */
#include "html.h"

#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/ui.h"
#include "fsops/value.h"
#include "ui/report/facts.h"

struct place page_place(const struct page *page, const struct record_action *action)
{
	for (size_t s = 0; action && s < page->record->step_count; s++) {
		const struct record_step *step = &page->record->steps[s];

		if (step->action_count && action >= step->actions &&
		    action < step->actions + step->action_count)
			return (struct place){s + 1, (size_t)(action - step->actions) + 1};
	}
	return (struct place){0, 0};
}

void page_number(struct page *page, const struct record_step *step)
{
	const char *slash = strrchr(step->id, '/');
	char *outer_id = slash ? mem_textn(step->id, (size_t)(slash - step->id)) : NULL;
	const struct record_step *outer = record_step(page->record, outer_id);

	if (outer) {
		page_number(page, outer);
		html_add(&page->html, ".");
	}
	html_add(&page->html, "%.0f", value_get_number(step->started, "number", 0));
	free(outer_id);
}

const char *page_class(enum role role)
{
	static const char *const classes[ROLE_COUNT] = {
	    [ROLE_PLAIN] = "plain",
	    [ROLE_BOLD] = "plain",
	    [ROLE_DIM] = "dim",
	    [ROLE_OK] = "ok",
	    [ROLE_INFO] = "info",
	    [ROLE_UNKNOWN] = "unknown",
	    [ROLE_WARNING] = "warning",
	    [ROLE_CRITICAL] = "critical",
	    [ROLE_CHANGE] = "change",
	};

	return classes[role];
}

void page_outcome(struct page *page, const char *outcome)
{
	const struct outcome_look *look = outcome_find(outcome);

	html_add(&page->html, "<span class=\"badge %s\">%s %s</span>", page_class(look->role),
	    look->symbol, report_word(outcome));
}

void page_level(struct page *page, const json_t *metric)
{
	static const char *const symbols[] = {
	    [LEVEL_OK] = "✓",
	    [LEVEL_INFO] = "i",
	    [LEVEL_UNKNOWN] = "?",
	    [LEVEL_WARNING] = "!",
	    [LEVEL_CRITICAL] = "✗",
	};
	enum level level = level_of(value_get_text(metric, "level"));

	html_add(&page->html, "<span class=\"badge %s\">%s %s</span>",
	    page_class(role_of_level(level)), symbols[level], level_name(level));
}

void page_link(struct page *page, const struct record_action *action)
{
	struct place place = page_place(page, action);
	char *item = report_item(action);

	html_add(&page->html, "<a href=\"#step-%zu-action-%zu\">%s</a>", place.step, place.action,
	    report_action_title(page->record, action));
	if (item)
		html_add(&page->html, " (%s)", item);
	free(item);
}

void page_command(struct page *page, const char *command)
{
	if (!command || !*command)
		return;
	html_add(&page->html, " <code class=\"command\">");
	html_lines(&page->html, command, strlen(command));
	html_add(&page->html, "</code>");
}

void page_time(struct page *page, const json_t *event)
{
	char utc[CLOCK_TEXT_MAX], local[CLOCK_TEXT_MAX];

	report_utc(report_time(event), utc);
	report_local(report_time(event), local);
	if (!report_time(event)) {
		html_add(&page->html, "unknown");
		return;
	}
	html_add(
	    &page->html, "<time datetime=\"%s\">%s UTC</time>", value_get_text(event, "time"), utc);
	if (!strstr(local, "UTC"))
		html_add(&page->html, " <span class=\"dim\">(%s)</span>", local);
}

/* ---- how long, of how long ---- */

#define WARNED_AT   0.8  /* the part of a budget from which people are told */
#define SECONDS_MAX 1e12 /* what a journal says beyond that is no time */

static msec to_msec(double seconds)
{
	return seconds > 0 && seconds < SECONDS_MAX ? (msec)(seconds * 1000 + 0.5) : 0;
}

msec page_msec(const json_t *event, const char *key)
{
	return to_msec(value_get_number(event, key, 0));
}

static void add_bar(struct page *page, double part)
{
	const char *class = part > 1 ? "critical" : part >= WARNED_AT ? "warning" : "ok";

	html_add(&page->html,
	    "<svg class=\"meter\" aria-hidden=\"true\"><rect class=\"track\" width=\"100%%\" "
	    "height=\"100%%\"/><rect class=\"fill %s\" width=\"%.2f%%\" height=\"100%%\"/></svg>",
	    class, part > 1 ? 100 : part * 100);
}

void page_meter(struct page *page, double seconds, double budget)
{
	char took[CLOCK_TEXT_MAX] = "?", of[CLOCK_TEXT_MAX] = "?";
	bool known = seconds >= 0 && seconds < SECONDS_MAX;
	bool limited = budget > 0 && budget < SECONDS_MAX;

	if (known)
		clock_format_span(to_msec(seconds), took);
	if (limited)
		clock_format_span(to_msec(budget), of);
	html_add(&page->html, "%s of %s%s", took, of,
	    known && limited && seconds > budget ? ", over its budget" : "");
	if (known && limited)
		add_bar(page, seconds / budget);
}

/* ---- facts and tables ---- */

void page_facts(struct page *page, const struct fact *facts, size_t count, const void *of)
{
	html_add(&page->html, "<dl class=\"facts\">\n");
	for (size_t i = 0; i < count; i++) {
		struct page part = *page;
		struct buf text;

		buf_init(&text, UI_TEXT_MAX);
		part.html.out = &text;
		facts[i].print(&part, of);
		if (text.len) {
			html_add(&page->html, facts[i].wide ? "<div class=\"wide\">" : "<div>");
			html_add(&page->html, "<dt>%s</dt><dd>", facts[i].name);
			html_append(&page->html, &part.html);
			html_add(&page->html, "</dd></div>\n");
		}
		buf_release(&text);
	}
	html_add(&page->html, "</dl>\n");
}

void page_table_begin(
    struct page *page, const char *caption, const struct column *columns, size_t count)
{
	/* The roles are said because a table that is laid out as cards loses them. */
	html_add(&page->html,
	    "<table role=\"table\"><caption>%s</caption>\n<thead role=\"rowgroup\"><tr "
	    "role=\"row\">",
	    caption);
	for (size_t i = 0; i < count; i++)
		html_add(&page->html, "<th scope=\"col\" role=\"columnheader\">%s</th>",
		    columns[i].head);
	html_add(&page->html, "</tr></thead>\n<tbody role=\"rowgroup\">\n");
}

void page_row(struct page *page, const char *anchor, size_t number, const struct column *columns,
    size_t count, const void *row)
{
	if (anchor)
		html_add(&page->html, "<tr role=\"row\" id=\"%s-%zu\">", anchor, number);
	else
		html_add(&page->html, "<tr role=\"row\">");
	for (size_t i = 0; i < count; i++) {
		html_add(&page->html, "<td role=\"cell\" data-head=\"%s\"><div>", columns[i].head);
		columns[i].cell(page, row);
		html_add(&page->html, "</div></td>");
	}
	html_add(&page->html, "</tr>\n");
}

void page_table_end(struct page *page)
{
	html_add(&page->html, "</tbody></table>\n");
}
