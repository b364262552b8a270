/* The timeline of a report in HTML: its axis, its rows, what its colours mean. Invariant: every row has the
 * same grid, so that what is under each other was at the same time. */
#include "chart.h"

#include <stdio.h>
#include <time.h>

#include "fsops/mem.h"
#include "ui/report/facts.h"

#define TICKS_MAX  6    /* as many times fit side by side on a phone */
#define LABEL_SIZE 17.0 /* per cent of a phone's chart that such a time takes */

/* ---- the axis ---- */

static void tick_text(msec wall, msec interval, char text[CLOCK_TEXT_MAX])
{
	time_t seconds = (time_t)(wall / 1000);
	struct tm tm = {0};
	size_t len;

	gmtime_r(&seconds, &tm);
	len = strftime(text, CLOCK_TEXT_MAX, interval < 60000 ? "%H:%M:%S" : "%H:%M", &tm);
	if (interval < 1000)
		snprintf(text + len, CLOCK_TEXT_MAX - len, ".%d", (int)(wall % 1000 / 100));
}

static const char *anchor_at(double x)
{
	return x < LABEL_SIZE / 2 ? "start" : x > 100 - LABEL_SIZE / 2 ? "end" : "middle";
}

/* TEXT: NULL where there is no room for another time. */
typedef void tick_fn(struct page *page, double x, const char *text);

static void each_tick(struct chart *chart, tick_fn *fn)
{
	msec interval = scale_interval(&chart->scale, TICKS_MAX);
	double next = 0;

	for (size_t i = 0; i < chart->scale.count; i++) {
		const struct sitting *sitting = &chart->scale.sittings[i];
		msec wall = (sitting->begin + interval - 1) / interval * interval;

		for (; wall <= sitting->end; wall += interval) {
			double x = scale_x(&chart->scale, wall);
			char text[CLOCK_TEXT_MAX];

			tick_text(wall, interval, text);
			fn(chart->page, x, x >= next ? text : NULL);
			if (x >= next)
				next = x + LABEL_SIZE;
		}
	}
}

static void tick_line(struct page *page, double x, const char *text)
{
	(void)text;
	html_add(&page->html,
	    "<line class=\"grid\" x1=\"%.2f%%\" x2=\"%.2f%%\" y1=\"0\" y2=\"100%%\"/>", x, x);
}

static void tick_label(struct page *page, double x, const char *text)
{
	if (text)
		html_add(&page->html, "<text x=\"%.2f%%\" y=\"12\" text-anchor=\"%s\">%s</text>", x,
		    anchor_at(x), text);
}

static void add_axis(struct chart *chart)
{
	html_add(&chart->page->html, "<li class=\"axis\" aria-hidden=\"true\">"
	                             "<div class=\"label dim\">time, UTC</div><svg height=\"16\">");
	each_tick(chart, tick_label);
	html_add(&chart->page->html, "</svg></li>\n");
}

/* ---- what all rows have ---- */

static void add_gap(struct page *page, const struct sitting *before, const struct sitting *after)
{
	char span[CLOCK_TEXT_MAX];

	clock_format_span(after->begin - before->end, span);
	html_add(&page->html,
	    "<rect class=\"gap\" x=\"%.2f%%\" width=\"%.2f%%\" height=\"100%%\">"
	    "<title>the run was interrupted for %s</title></rect>",
	    before->x_end, after->x - before->x_end, span);
}

void chart_begin_picture(struct chart *chart, int height, const char *title)
{
	html_add(&chart->page->html, "<svg height=\"%d\" role=\"group\"><title>%s</title>", height,
	    title);
	each_tick(chart, tick_line);
	for (size_t i = 0; i + 1 < chart->scale.count; i++)
		add_gap(chart->page, &chart->scale.sittings[i], &chart->scale.sittings[i + 1]);
}

void chart_begin_bar(
    struct chart *chart, const char *class, msec begin, msec end, int y, int height)
{
	double x = scale_x(&chart->scale, begin);

	html_add(&chart->page->html,
	    "<rect class=\"%s\" x=\"%.2f%%\" width=\"%.2f%%\" y=\"%d\" height=\"%d\">", class, x,
	    scale_x(&chart->scale, end) - x, y, height);
}

/* ---- the whole ---- */

static void add_interruptions(struct chart *chart)
{
	const struct scale *scale = &chart->scale;

	for (size_t i = 0; i + 1 < scale->count; i++) {
		char span[CLOCK_TEXT_MAX], utc[CLOCK_TEXT_MAX];

		clock_format_span(scale->sittings[i + 1].begin - scale->sittings[i].end, span);
		report_utc(scale->sittings[i].end, utc);
		html_add(&chart->page->html,
		    "<p class=\"notice\">The run was interrupted: nothing was heard of it for %s "
		    "after %s UTC. That time is drawn as a narrow gap.</p>\n",
		    span, utc);
	}
}

static void add_legend(struct page *page)
{
	static const struct {
		const char *class;
		const char *text;
	} keys[] = {
	    {"budget", "budget of the step"},
	    {"bar ok", "passed"},
	    {"bar critical", "failed, timed out, interrupted"},
	    {"bar info", "not so"},
	    {"bar warning", "refused, cancelled, left to a person"},
	    {"bar running", "still running"},
	    {"waiting", "waiting for a person"},
	    {"gap", "the run was interrupted"},
	    {"band warning", "a metric would be warning"},
	    {"band critical", "a metric would be critical"},
	    {"key-changed", "a change began"},
	    {"key-answered", "a person answered"},
	    {"key-escalated", "escalated"},
	};

	html_add(&page->html, "<figcaption>The upper bar of a step is its time against its budget, "
	                      "below it are its actions; a change is thicker than a read."
	                      "<ul class=\"legend\">\n");
	for (size_t i = 0; i < COUNT_OF(keys); i++)
		html_add(&page->html,
		    "<li><svg class=\"key\" aria-hidden=\"true\"><rect class=\"%s\" "
		    "width=\"100%%\" "
		    "height=\"100%%\"/></svg> %s</li>\n",
		    keys[i].class, keys[i].text);
	html_add(&page->html, "</ul></figcaption>\n");
}

/* The pattern that the style sheet fills gaps and waiting with. */
static void add_pattern(struct page *page)
{
	html_add(&page->html,
	    "<svg class=\"patterns\" aria-hidden=\"true\"><defs><pattern id=\"hatch\" width=\"6\" "
	    "height=\"6\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">"
	    "<rect class=\"hatch-back\" width=\"6\" height=\"6\"/>"
	    "<rect class=\"hatch-line\" width=\"2\" height=\"6\"/></pattern></defs></svg>\n");
}

void page_chart(struct page *page)
{
	struct chart chart = {.page = page};

	scale_init(&chart.scale, page->record);
	add_interruptions(&chart);
	html_add(&page->html, "<figure class=\"chart\" aria-label=\"Timeline of the run\">\n");
	add_pattern(page);
	html_add(&page->html, "<ol class=\"rows\">\n");
	add_axis(&chart);
	chart_curves(&chart);
	chart_approvals(&chart);
	chart_escalations(&chart);
	for (size_t i = 0; i < page->record->step_count; i++)
		chart_step(&chart, i);
	add_axis(&chart);
	html_add(&page->html, "</ol>\n");
	add_legend(page);
	html_add(&page->html, "</figure>\n");
	scale_release(&chart.scale);
}
