/*
 * A report as HTML in parts. The page is a list of sections (html.c); each part prints the
 * inside of one, and has its own file. Anchors: #step-2, #step-2-action-3, #asked-1; steps and actions are
 * counted as the record has them, so that they stay the same when a run goes on.
 */
#ifndef FSOPS_UI_REPORT_HTML_H
#define FSOPS_UI_REPORT_HTML_H

#include <stdbool.h>

#include "fsops/clock.h"
#include "fsops/record.h"
#include "ui/html.h"
#include "ui/look.h"

/* A page that is being made. */
struct page {
	struct html html;
	const struct record *record;
	size_t output_max; /* so many bytes of what one action printed are shown */
};

/* report_html.css, as one text. */
extern const char report_html_css[];

/* ---- parts ---- */

void page_run_facts(struct page *page); /* head.c */
void page_summary(struct page *page);   /* summary.c */
bool page_has_metrics(const struct page *page);
void page_metrics(struct page *page); /* metrics.c */
void page_chart(struct page *page);   /* chart.c */
bool page_has_approvals(const struct page *page);
void page_approvals(struct page *page); /* people.c */
bool page_has_escalations(const struct page *page);
void page_escalations(struct page *page);
bool page_has_left(const struct page *page);
void page_left(struct page *page);
void page_steps(struct page *page); /* steps.c */
bool page_has_files(const struct page *page);
void page_files(struct page *page);
void page_events(struct page *page); /* people.c */

/* One action, folded. action.c */
void page_action(struct page *page, const struct record_action *action, size_t step, size_t number);

/* ---- small pieces, piece.c ---- */

/* Where the action that EVENT is about stands, both from 1; 0: none. */
struct place {
	size_t step;
	size_t action;
};
struct place page_place(const struct page *page, const struct record_action *action);

/* "7"; of a runbook that step 7 runs "7.1". */
void page_number(struct page *page, const struct record_step *step);
/* The class that has ROLE's colour. */
const char *page_class(enum role role);
/* A symbol, a word and a colour. */
void page_outcome(struct page *page, const char *outcome);
void page_level(struct page *page, const json_t *metric);
/* Its value and level, and why it has none. NULL: it was not measured. metrics.c */
void page_metric(struct page *page, const json_t *metric);
/* A link to the action, with its title and item. */
void page_link(struct page *page, const struct record_action *action);
/* COMMAND as it was, which may have lines; nothing for NULL. */
void page_command(struct page *page, const char *command);
/* "12:58:40 UTC" with the date, and the local time. */
void page_time(struct page *page, const json_t *event);
/* A field in seconds as a span; 0 when it is missing or no time that can be. */
msec page_msec(const json_t *event, const char *key);
/* "2.6s of 5m" with a bar. SECONDS below 0: that is not known. */
void page_meter(struct page *page, double seconds, double budget);
/* A list of facts: a name and what PRINT writes; nothing when it writes nothing. */
struct fact {
	const char *name;
	void (*print)(struct page *page, const void *of);
	bool wide; /* takes a line of its own */
};
void page_facts(struct page *page, const struct fact *facts, size_t count, const void *of);

/* Tables: on a narrow screen each row is a card, and HEAD stands before its cell. */
struct column {
	const char *head;
	void (*cell)(struct page *page, const void *row);
};
void page_table_begin(
    struct page *page, const char *caption, const struct column *columns, size_t count);
/* ANCHOR and NUMBER make its id, "asked-3"; NULL: it has none. */
void page_row(struct page *page, const char *anchor, size_t number, const struct column *columns,
    size_t count, const void *row);
void page_table_end(struct page *page);

#endif
