/* The row of a step in the timeline in HTML: its time against its budget, and below it its actions, those
 * that ran at once in lanes under each other. Invariant: an action without an end is drawn to the end of its
 * sitting, in the colour of what nobody knows. */
#include "chart.h"

#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/value.h"
#include "ui/report/facts.h"

#define STEP_Y      3
#define STEP_HEIGHT 10
#define LANES_Y     17
#define LANE_HEIGHT 9
#define LANES_MAX   32 /* so many reads run at once at most */

struct span {
	msec begin;
	msec end;
};

static const char *bar_class(const char *outcome)
{
	static const char *const classes[ROLE_COUNT] = {
	    [ROLE_PLAIN] = "bar running",
	    [ROLE_OK] = "bar ok",
	    [ROLE_INFO] = "bar info",
	    [ROLE_DIM] = "bar dim",
	    [ROLE_WARNING] = "bar warning",
	    [ROLE_CRITICAL] = "bar critical",
	};
	const char *class = classes[outcome_find(outcome)->role];

	return class ? class : classes[ROLE_PLAIN];
}

static msec end_of(const struct chart *chart, msec begin, const json_t *finished)
{
	msec end = finished ? report_time(finished) : scale_end_of(&chart->scale, begin);

	return end > begin ? end : begin;
}

/* ---- actions ---- */

/* From the question about it, if there was one. False: it never began. */
static bool action_span(
    const struct chart *chart, const struct record_action *action, struct span *span)
{
	const json_t *asked = json_array_get(action->approvals, 0);

	span->begin =
	    report_time(asked && report_is(asked, "approval.asked") ? asked : action->started);
	if (!span->begin)
		return false;
	span->end = end_of(chart, span->begin, action->finished);
	return true;
}

/* The first lane that is free at that time, or else the one that is free first. */
static size_t pick_lane(const msec ends[LANES_MAX], size_t used, msec begin)
{
	size_t best = 0;

	for (size_t i = 0; i < used; i++) {
		if (ends[i] <= begin)
			return i;
		if (ends[i] < ends[best])
			best = i;
	}
	return used < LANES_MAX ? used : best;
}

/* The lane of each action. Returns how many there are. */
static size_t fill_lanes(struct chart *chart, const struct record_step *step, size_t *lanes)
{
	msec ends[LANES_MAX] = {0};
	size_t used = 0;

	for (size_t i = 0; i < step->action_count; i++) {
		struct span span;

		if (!action_span(chart, &step->actions[i], &span))
			continue;
		lanes[i] = pick_lane(ends, used, span.begin);
		ends[lanes[i]] = span.end;
		if (lanes[i] == used)
			used++;
	}
	return used;
}

static void add_waiting(
    struct chart *chart, const struct record_action *action, const struct span *span, int y)
{
	msec started = action->started ? report_time(action->started) : span->end;

	if (started <= span->begin)
		return;
	chart_begin_bar(chart, "waiting", span->begin, started, y, LANE_HEIGHT - 2);
	html_add(&chart->page->html, "</rect>");
}

static void add_action(struct chart *chart, const struct record_step *step, size_t step_index,
    size_t index, size_t lane)
{
	const struct record_action *action = &step->actions[index];
	const char *outcome = report_action_outcome(chart->page->record, action);
	bool change = strcmp(report_effect(action), "read") != 0;
	int y = LANES_Y + (int)lane * LANE_HEIGHT;
	char took[CLOCK_TEXT_MAX];
	struct span span;

	if (!action_span(chart, action, &span))
		return;
	add_waiting(chart, action, &span, y);
	report_span(action->finished, "seconds", took);
	html_add(&chart->page->html, "<a href=\"#step-%zu-action-%zu\" tabindex=\"-1\">",
	    step_index + 1, index + 1);
	chart_begin_bar(chart, bar_class(outcome),
	    action->started ? report_time(action->started) : span.end, span.end, change ? y : y + 2,
	    change ? LANE_HEIGHT - 2 : LANE_HEIGHT - 5);
	html_add(&chart->page->html, "<title>%s: %s%s%s</title></rect></a>\n",
	    report_action_title(chart->page->record, action), report_word(outcome),
	    *took ? ", " : "", took);
}

/* ---- the step itself ---- */

static void add_budget(struct chart *chart, const struct span *span, msec budget)
{
	msec sitting_end = scale_end_of(&chart->scale, span->begin);
	msec limit = span->begin + budget;

	if (!budget)
		return;
	chart_begin_bar(chart, "budget", span->begin, limit < sitting_end ? limit : sitting_end,
	    STEP_Y, STEP_HEIGHT);
	html_add(&chart->page->html, "</rect>");
	if (limit <= sitting_end)
		html_add(&chart->page->html,
		    "<line class=\"limit\" x1=\"%.2f%%\" x2=\"%.2f%%\" y1=\"0\" y2=\"%d\"/>",
		    scale_x(&chart->scale, limit), scale_x(&chart->scale, limit),
		    STEP_Y + STEP_HEIGHT + 3);
}

static void add_label(struct chart *chart, const struct record_step *step, size_t index)
{
	const char *outcome = report_step_outcome(chart->page->record, step);
	char took[CLOCK_TEXT_MAX], budget[CLOCK_TEXT_MAX];

	report_span(step->finished, "seconds", took);
	report_span(step->started, "budget_seconds", budget);
	html_add(&chart->page->html, "<div class=\"label\"><a href=\"#step-%zu\">", index + 1);
	page_number(chart->page, step);
	html_add(&chart->page->html, ". %s</a> <span class=\"dim\">%s %s", report_step_title(step),
	    outcome_find(outcome)->symbol, report_word(outcome));
	if (strcmp(outcome, "skipped") != 0)
		html_add(
		    &chart->page->html, ", %s of %s", *took ? took : "?", *budget ? budget : "?");
	html_add(&chart->page->html, "</span></div>");
}

void chart_step(struct chart *chart, size_t index)
{
	const struct record_step *step = &chart->page->record->steps[index];
	size_t *lanes = mem_alloc((step->action_count + 1) * sizeof(*lanes));
	size_t used = fill_lanes(chart, step, lanes);
	const char *outcome = report_step_outcome(chart->page->record, step);
	struct span span = {.begin = report_time(step->started)};

	span.end = end_of(chart, span.begin, step->finished);
	html_add(&chart->page->html, "<li>");
	add_label(chart, step, index);
	chart_begin_picture(chart, LANES_Y + (int)used * LANE_HEIGHT, report_step_title(step));
	if (strcmp(outcome, "skipped") != 0) {
		add_budget(chart, &span, page_msec(step->started, "budget_seconds"));
		chart_begin_bar(
		    chart, bar_class(outcome), span.begin, span.end, STEP_Y + 2, STEP_HEIGHT - 4);
		html_add(&chart->page->html, "</rect>\n");
	}
	for (size_t i = 0; i < step->action_count; i++)
		add_action(chart, step, index, i, lanes[i]);
	html_add(&chart->page->html, "</svg></li>\n");
	free(lanes);
}
