/* Rows of the timeline in HTML that show the metrics, each as a curve over the thresholds, with a line where something
 * was changed, answered or escalated: what helped is seen at a look. Invariant: where nothing was known the curve has a
 * gap. */
#include "chart.h"

#include <math.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/value.h"
#include "ui/report/curve.h"
#include "ui/report/facts.h"
#include "ui/report/moment.h"

#define ROW_HEIGHT 64
#define MARGIN     5   /* pixels above and below, so that an extreme is a whole line */
#define FAR        2.0 /* a threshold further away than so many heights of the curve is not drawn */

#define MARK_ROOM 0.2 /* per cent of the width from one line to the next of its kind, at least */

/* What the height of a row stands for. */
struct range {
	double low;
	double high;
};

/* ---- the height ---- */

static void take_in(struct range *range, double value)
{
	if (value < range->low)
		range->low = value;
	if (value > range->high)
		range->high = value;
}

static void take_in_limit(struct range *range, const struct range *seen, double limit)
{
	double height = fmax(seen->high - seen->low, fmax(fabs(seen->high), fabs(seen->low)));

	if (limit >= seen->low - FAR * height && limit <= seen->high + FAR * height)
		take_in(range, limit);
}

static struct range range_of(const struct curve *curve)
{
	const struct threshold *limits[] = {
	    &curve->thresholds.warning, &curve->thresholds.critical};
	struct range seen = {INFINITY, -INFINITY};
	struct range range;

	for (size_t i = 0; i < curve->count; i++)
		if (isfinite(curve->points[i].value))
			take_in(&seen, curve->points[i].value);
	range = seen;
	for (size_t i = 0; i < COUNT_OF(limits); i++) {
		if (limits[i]->op == OP_NONE)
			continue;
		take_in_limit(&range, &seen, limits[i]->a);
		if (limits[i]->op == OP_INSIDE || limits[i]->op == OP_OUTSIDE)
			take_in_limit(&range, &seen, limits[i]->b);
	}
	if (range.low > 0) /* what hardly moves looks so */
		range.low = 0;
	if (range.high <= range.low)
		range = (struct range){
		    range.low - fabs(range.low) / 2 - 0.5, range.high + fabs(range.high) / 2 + 0.5};
	return range;
}

/* In the inner picture, which is 100 high. */
static double y_of(const struct range *range, double value)
{
	double y = 100 * (range->high - value) / (range->high - range->low);

	return y < 0 ? 0 : y > 100 ? 100 : y;
}

/* ---- bands ---- */

static void add_band(
    struct chart *chart, const struct range *range, const char *class, double from, double to)
{
	double top = y_of(range, to), bottom = y_of(range, from);

	if (bottom > top)
		html_add(&chart->page->html,
		    "<rect class=\"band %s\" x=\"0\" width=\"100\" y=\"%.2f\" height=\"%.2f\"/>",
		    class, top, bottom - top);
}

/* The values at which it holds. */
static void add_bands(struct chart *chart, const struct range *range, const char *class,
    const struct threshold *limit)
{
	switch (limit->op) {
	case OP_GT:
	case OP_GE:
		add_band(chart, range, class, limit->a, INFINITY);
		break;
	case OP_LT:
	case OP_LE:
		add_band(chart, range, class, -INFINITY, limit->a);
		break;
	case OP_INSIDE:
		add_band(chart, range, class, limit->a, limit->b);
		break;
	case OP_OUTSIDE:
		add_band(chart, range, class, -INFINITY, limit->a);
		add_band(chart, range, class, limit->b, INFINITY);
		break;
	case OP_NONE:
	case OP_EQ: /* a line, or all but a line: no band */
	case OP_NE:
		break;
	}
}

/* ---- the curve ---- */

/* A line of no length is a dot: a value between two gaps is seen, too. */
static void add_line(struct chart *chart, const struct range *range, const struct curve *curve)
{
	bool drawing = false;

	html_add(&chart->page->html, "<path class=\"curve\" d=\"");
	for (size_t i = 0; i < curve->count; i++) {
		const struct curve_point *point = &curve->points[i];
		bool known = isfinite(point->value);

		if (known)
			html_add(&chart->page->html, drawing ? "L%.2f %.2f" : "M%.2f %.2fh0",
			    scale_x(&chart->scale, point->at), y_of(range, point->value));
		drawing = known;
	}
	html_add(&chart->page->html, "\"/>");
}

/* Bands and line share a picture of 100 × 100 that is stretched to the row. */
static void add_drawing(struct chart *chart, const struct range *range, const struct curve *curve)
{
	html_add(&chart->page->html,
	    "<svg class=\"drawing\" y=\"%d\" height=\"%d\" viewBox=\"0 0 100 100\" "
	    "preserveAspectRatio=\"none\">",
	    MARGIN, ROW_HEIGHT - 2 * MARGIN);
	add_bands(chart, range, "warning", &curve->thresholds.warning);
	add_bands(chart, range, "critical", &curve->thresholds.critical);
	add_line(chart, range, curve);
	html_add(&chart->page->html, "</svg>\n");
}

/* Looks are few: each is a dot with its value. */
static void add_dots(struct chart *chart, const struct range *range, const struct curve *curve)
{
	double next = 0;

	for (size_t i = 0; !curve->kept && i < curve->count; i++) {
		const struct curve_point *point = &curve->points[i];
		double x = scale_x(&chart->scale, point->at);
		char value[UNIT_TEXT_MAX], utc[CLOCK_TEXT_MAX];

		if (!isfinite(point->value) || x < next)
			continue;
		next = x + MARK_ROOM;
		unit_format(curve->unit, point->value, value);
		report_utc(point->at, utc);
		html_add(&chart->page->html,
		    "<circle class=\"dot\" cx=\"%.2f%%\" cy=\"%.2f\" r=\"3\"><title>%s at %s "
		    "UTC</title></circle>\n",
		    x, MARGIN + y_of(range, point->value) * (ROW_HEIGHT - 2 * MARGIN) / 100, value,
		    utc);
	}
}

/* ---- what was done meanwhile ---- */

static bool is_change(const struct record *record, const json_t *event)
{
	const struct record_action *action =
	    report_is(event, "action.started") ? report_action_of(record, event) : NULL;

	return action && report_is_change(record, action);
}

enum mark { MARK_CHANGED, MARK_ANSWERED, MARK_ESCALATED, MARK_NONE };

static const char *const mark_classes[] = {
    [MARK_CHANGED] = "changed", [MARK_ANSWERED] = "answered", [MARK_ESCALATED] = "escalated"};

static enum mark mark_of(const struct record *record, const json_t *event)
{
	if (is_change(record, event))
		return MARK_CHANGED;
	if (report_is(event, "approval.given"))
		return MARK_ANSWERED;
	return report_is(event, "escalated") ? MARK_ESCALATED : MARK_NONE;
}

static void add_mark(struct chart *chart, const json_t *event, enum mark mark, double x)
{
	const char *command;
	struct buf text;

	buf_init(&text, chart->page->html.out->max);
	report_moment(&text, &command, chart->page->record, event);
	html_add(&chart->page->html,
	    "<line class=\"moment %s\" x1=\"%.2f%%\" x2=\"%.2f%%\" y1=\"0\" "
	    "y2=\"100%%\"><title>%s</title></line>\n",
	    mark_classes[mark], x, x, text.data);
	buf_release(&text);
}

/* Of many at nearly the same place the first. */
static void add_marks(struct chart *chart)
{
	double next[MARK_NONE] = {0};
	json_t *event;
	size_t i;

	json_array_foreach(chart->page->record->events, i, event) {
		enum mark mark = mark_of(chart->page->record, event);
		double x = mark == MARK_NONE ? 0 : scale_x(&chart->scale, report_time(event));

		if (mark == MARK_NONE || x < next[mark])
			continue;
		add_mark(chart, event, mark, x);
		next[mark] = x + MARK_ROOM;
	}
}

/* ---- a row ---- */

static void add_label(struct chart *chart, const struct curve *curve)
{
	const char *title = value_get_text(curve->metric, "title");
	double first = NAN, last = NAN;
	char from[UNIT_TEXT_MAX], to[UNIT_TEXT_MAX];

	for (size_t i = 0; i < curve->count; i++) {
		if (!isfinite(curve->points[i].value))
			continue;
		last = curve->points[i].value;
		first = isfinite(first) ? first : last;
	}
	unit_format(curve->unit, first, from);
	unit_format(curve->unit, last, to);
	html_add(&chart->page->html,
	    "<div class=\"label\"><a href=\"#metrics\">%s</a> <span class=\"dim\">%s → "
	    "%s%s</span></div>",
	    title ? title : value_get_text(curve->metric, "name"), from, to,
	    curve->kept ? "" : ", as the run saw it");
}

static void add_ends(struct chart *chart, const struct range *range, const struct curve *curve)
{
	char low[UNIT_TEXT_MAX], high[UNIT_TEXT_MAX];

	unit_format(curve->unit, range->low, low);
	unit_format(curve->unit, range->high, high);
	html_add(&chart->page->html,
	    "<text class=\"end\" x=\"2\" y=\"12\">%s</text><text class=\"end\" x=\"2\" "
	    "y=\"%d\">%s</text>\n",
	    high, ROW_HEIGHT - 3, low);
}

static void add_row(struct chart *chart, const struct curve *curve)
{
	const char *title = value_get_text(curve->metric, "title");
	struct range range = range_of(curve);

	html_add(&chart->page->html, "<li>");
	add_label(chart, curve);
	chart_begin_picture(
	    chart, ROW_HEIGHT, title ? title : value_get_text(curve->metric, "name"));
	add_drawing(chart, &range, curve);
	add_marks(chart);
	add_dots(chart, &range, curve);
	add_ends(chart, &range, curve);
	html_add(&chart->page->html, "</svg></li>\n");
}

void chart_curves(struct chart *chart)
{
	struct curves curves;

	curves_init(&curves, chart->page->record);
	for (size_t i = 0; i < curves.count; i++)
		add_row(chart, &curves.items[i]);
	curves_release(&curves);
}
