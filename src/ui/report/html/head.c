/* The header of a report in HTML: what run it was, who ran it, when, and how long it took. Invariant: of
 * a run without an end it says so, and tells the last that was heard of it. */
#include "html.h"

#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/value.h"
#include "scale.h"
#include "ui/report/facts.h"

static void add_field(struct page *page, const char *key)
{
	html_add(&page->html, "%s", report_field(page->record, key));
}

static void fact_platform(struct page *page, const void *of)
{
	(void)of;
	add_field(page, "platform");
}

static void fact_runbook(struct page *page, const void *of)
{
	(void)of;
	add_field(page, "runbook");
}

static void fact_severity(struct page *page, const void *of)
{
	(void)of;
	add_field(page, "severity");
}

static void fact_run(struct page *page, const void *of)
{
	(void)of;
	html_add(&page->html, "<code>%s</code>", report_field(page->record, "run"));
}

static void fact_mode(struct page *page, const void *of)
{
	(void)of;
	if (strcmp(report_field(page->record, "mode"), "check") == 0)
		html_add(&page->html, "check: reads only, changes were only shown");
}

static void fact_began(struct page *page, const void *of)
{
	(void)of;
	if (page->record->started)
		page_time(page, page->record->started);
}

static void fact_ended(struct page *page, const void *of)
{
	(void)of;
	if (page->record->finished)
		page_time(page, page->record->finished);
}

static void fact_last(struct page *page, const void *of)
{
	(void)of;
	if (!page->record->finished)
		page_time(page, page->record->last);
}

/* What the plan gives all steps that were selected. */
static double budget_of(const struct record *record)
{
	const json_t *plan = json_object_get(record->started, "plan");

	return value_get_number(json_object_get(plan, "totals"), "budget_seconds", 0);
}

/* Until its end, or the last that was heard of it. */
static void fact_took(struct page *page, const void *of)
{
	const struct record *record = page->record;
	msec begin = report_time(record->started), end = report_time(record->last);
	double seconds = report_took(record);
	char idle[CLOCK_TEXT_MAX];
	struct scale scale;

	(void)of;
	if (seconds < 0 && begin && end >= begin)
		seconds = (double)(end - begin) / 1000;
	page_meter(page, seconds, budget_of(record));
	scale_init(&scale, record);
	if (scale.count > 1) {
		clock_format_span(scale_idle(&scale), idle);
		html_add(&page->html, "of that, interrupted for %s", idle);
	}
	scale_release(&scale);
}

static void add_person(struct page *page, const json_t *event)
{
	struct buf who;

	buf_init(&who, BUF_TEXT_MAX);
	report_person(&who, page->record, event);
	html_add(&page->html, "%s", who.data);
	buf_release(&who);
}

static void fact_by(struct page *page, const void *of)
{
	(void)of;
	add_person(page, NULL);
}

/* Each time that it was taken up again: who, when, what had changed meanwhile. */
static void fact_resumed(struct page *page, const void *of)
{
	json_t *event, *changed;
	size_t i, k;

	(void)of;
	json_array_foreach(page->record->resumed, i, event) {
		html_add(&page->html, "<div>");
		page_time(page, event);
		html_add(&page->html, " by ");
		add_person(page, event);
		json_array_foreach(json_object_get(event, "changed"), k, changed) {
			html_add(&page->html, "; %s", json_string_value(changed));
		}
		html_add(&page->html, "</div>");
	}
}

static void fact_counts(struct page *page, const void *of)
{
	static const char *const order[] = {"passed", "failed", "timed_out", "not so", "skipped",
	    "refused", "cancelled", "left", "interrupted"};

	(void)of;
	for (size_t i = 0; i < COUNT_OF(order); i++) {
		int count = outcome_count(page->record->finished, order[i]);

		if (count <= 0)
			continue;
		html_add(&page->html, "<span class=\"count\">%d ", count);
		page_outcome(page, order[i]);
		html_add(&page->html, "</span> ");
	}
}

void page_run_facts(struct page *page)
{
	static const struct fact facts[] = {
	    {"Platform", fact_platform, false},
	    {"Runbook", fact_runbook, false},
	    {"Severity", fact_severity, false},
	    {"Run by", fact_by, false},
	    {"Began", fact_began, false},
	    {"Ended", fact_ended, false},
	    {"Last heard of", fact_last, false},
	    {"Taken up again", fact_resumed, true},
	    {"Took", fact_took, false},
	    {"Actions", fact_counts, false},
	    {"Mode", fact_mode, false},
	    {"Run", fact_run, true},
	};

	page_facts(page, facts, COUNT_OF(facts), NULL);
}
