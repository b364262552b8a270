/* The metrics of a report in HTML, before and after. Invariant: what was measured on one side only is there
 * too, and what could not be measured says why and is better than nothing. */
#include "html.h"

#include <string.h>

#include "fsops/mem.h"
#include "fsops/value.h"
#include "ui/report/facts.h"
#include "ui/story/story.h"

struct metric_row {
	const json_t *before; /* NULL: not measured then */
	const json_t *after;
};

bool page_has_metrics(const struct page *page)
{
	return json_array_size(page->record->before) || json_array_size(page->record->after);
}

static const json_t *newest(const void *row)
{
	const struct metric_row *both = row;

	return both->after ? both->after : both->before;
}

/* ---- cells ---- */

static void cell_name(struct page *page, const void *row)
{
	const json_t *metric = newest(row);
	const char *title = value_get_text(metric, "title");
	const char *name = value_get_text(metric, "name");

	html_add(&page->html, "%s", title ? title : name);
	if (title)
		html_add(&page->html, " <code class=\"dim\">%s</code>", name);
}

void page_metric(struct page *page, const json_t *metric)
{
	struct buf text;

	if (!metric) {
		html_add(&page->html, "<span class=\"dim\">not measured</span>");
		return;
	}
	buf_init(&text, BUF_TEXT_MAX);
	metric_value_text(&text, metric);
	html_add(&page->html, "<b class=\"value\">%s</b> ", text.data);
	page_level(page, metric);
	if (value_get_text(metric, "error"))
		html_add(
		    &page->html, "<div class=\"dim\">%s</div>", value_get_text(metric, "error"));
	buf_release(&text);
}

static void cell_before(struct page *page, const void *row)
{
	page_metric(page, ((const struct metric_row *)row)->before);
}

static void cell_after(struct page *page, const void *row)
{
	page_metric(page, ((const struct metric_row *)row)->after);
}

static void cell_trend(struct page *page, const void *row)
{
	static const struct {
		const char *trend;
		const char *symbol;
		const char *class;
	} looks[] = {
	    {"better", "✓", "ok"},
	    {"worse", "✗", "critical"},
	    {"same", "=", "dim"},
	    {"unknown", "?", "unknown"},
	    {"known now", "✓", "info"},
	};
	const struct metric_row *both = row;
	const char *trend =
	    both->before && both->after ? metric_trend(both->before, both->after) : NULL;

	for (size_t i = 0; trend && i < COUNT_OF(looks); i++)
		if (strcmp(looks[i].trend, trend) == 0)
			html_add(&page->html, "<span class=\"badge %s\">%s %s</span>",
			    looks[i].class, looks[i].symbol, trend);
	if (!trend)
		html_add(&page->html, "-");
}

static void cell_limits(struct page *page, const void *row)
{
	static const char *const limits[] = {"baseline", "warning", "critical"};
	const json_t *metric = newest(row);

	for (size_t i = 0; i < COUNT_OF(limits); i++)
		if (value_get_text(metric, limits[i]))
			html_add(&page->html,
			    "<span class=\"limit\"><span class=\"dim\">%s</span> %s</span> ",
			    limits[i], value_get_text(metric, limits[i]));
}

static const struct column columns[] = {
    {"Metric", cell_name},
    {"Before", cell_before},
    {"After", cell_after},
    {"Trend", cell_trend},
    {"Thresholds", cell_limits},
};

/* ---- rows ---- */

static bool has_after(const struct record *record, const char *name)
{
	json_t *metric;
	size_t i;

	json_array_foreach(record->after, i, metric) {
		const char *other = value_get_text(metric, "name");

		if (name && other && strcmp(name, other) == 0)
			return true;
	}
	return false;
}

void page_metrics(struct page *page)
{
	const struct record *record = page->record;
	struct metric_row row;
	json_t *metric;
	size_t i;

	page_table_begin(
	    page, "What was measured before and after the run", columns, COUNT_OF(columns));
	json_array_foreach(record->after, i, metric) {
		if (!report_is_last_after(record, i))
			continue;
		row = (struct metric_row){
		    report_before(record, value_get_text(metric, "name")), metric};
		page_row(page, NULL, 0, columns, COUNT_OF(columns), &row);
	}
	json_array_foreach(record->before, i, metric) {
		const char *name = value_get_text(metric, "name");

		if (has_after(record, name) || report_before(record, name) != metric)
			continue;
		row = (struct metric_row){metric, NULL};
		page_row(page, NULL, 0, columns, COUNT_OF(columns), &row);
	}
	page_table_end(page);
}
