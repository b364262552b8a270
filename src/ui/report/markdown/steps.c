/* A run's report as Markdown: every step, what it ran, and what that printed. Invariant: an action
 * without an end is never shown as one that passed. */
#include "markdown.h"

#include <stdlib.h>
#include <string.h>

#include "fsops/clock.h"
#include "fsops/ui.h"
#include "fsops/value.h"
#include "ui/look.h"
#include "ui/markdown.h"
#include "ui/report/facts.h"

static void step_heading(
    struct buf *out, const struct record *record, const struct record_step *step)
{
	const char *outcome = report_step_outcome(record, step);
	char took[CLOCK_TEXT_MAX], budget[CLOCK_TEXT_MAX];

	report_span(step->finished, "seconds", took);
	report_span(step->started, "budget_seconds", budget);
	buf_addf(out, "\n### %.0f. ", value_get_number(step->started, "number", 0));
	md_text(out, report_step_title(step));
	buf_adds(out, ": ");
	md_text(out, report_word(outcome));
	buf_adds(out, "\n\n");
	buf_addf(out, "Took %s of a budget of %s.", *took ? took : "?", *budget ? budget : "?");
	if (value_get_text(step->finished, "why")) {
		buf_adds(out, " Why: ");
		md_text(out, value_get_text(step->finished, "why"));
	}
	buf_addc(out, '\n');
}

static void action_heading(
    struct buf *out, const struct record *record, const struct record_action *action)
{
	char *item = report_item(action);
	char took[CLOCK_TEXT_MAX];
	double attempts = value_get_number(action->finished, "attempts", 1);

	report_span(action->finished, "seconds", took);
	buf_adds(out, "\n#### ");
	md_text(out, report_word(report_action_outcome(record, action)));
	buf_adds(out, ": ");
	md_text(out, report_action_title(record, action));
	if (item) {
		buf_addc(out, ' ');
		md_textf(out, "(%s)", item);
	}
	buf_adds(out, "\n\n");
	md_text(out, report_effect(action));
	if (*took)
		buf_addf(out, ", %s", took);
	if (attempts > 1)
		buf_addf(out, ", %.0f attempts", attempts);
	buf_adds(out, "\n\n");
	free(item);
}

static void add_why(struct buf *out, const struct record_action *action)
{
	const char *why = value_get_text(action->finished, "why");

	if (!why || !*why)
		return;
	buf_adds(out, "Why: ");
	md_text(out, why);
	buf_adds(out, "\n\n");
}

/* Each metric as it was looked at last. */
static void add_metrics(struct buf *out, const struct record_action *action)
{
	json_t *last = json_object();
	json_t *metric;
	const char *name;
	struct buf text;
	size_t i;

	buf_init(&text, BUF_TEXT_MAX);
	json_array_foreach(action->metrics, i, metric) {
		if (value_get_text(metric, "name"))
			json_object_set(last, value_get_text(metric, "name"), metric);
	}
	json_object_foreach(last, name, metric) {
		buf_clear(&text);
		metric_value_text(&text, metric);
		md_textf(out, "%s: %s, %s", name, text.data,
		    level_name(level_of(value_get_text(metric, "level"))));
		buf_adds(out, "\n\n");
	}
	buf_release(&text);
	json_decref(last);
}

static void add_output(struct buf *out, const struct record_action *action)
{
	struct buf text, fence;
	size_t lines;

	buf_init(&text, UI_TEXT_MAX);
	buf_init(&fence, UI_TEXT_MAX);
	report_output(&text, action, NULL);
	if (text.len) {
		lines = md_fence(&fence, "text", text.data, text.len);
		buf_addf(out, "<details><summary>output, %zu line%s</summary>\n\n%s\n</details>\n",
		    lines, lines == 1 ? "" : "s", fence.data);
	}
	out->full = out->full || text.full || fence.full;
	buf_release(&fence);
	buf_release(&text);
}

static void add_action(
    struct buf *out, const struct record *record, const struct record_action *action)
{
	const char *command = report_command(action);

	action_heading(out, record, action);
	if (command && *command) {
		md_fence(out, "sh", command, strlen(command));
		buf_addc(out, '\n');
	}
	add_why(out, action);
	add_metrics(out, action);
	add_output(out, action);
}

void md_report_steps(struct buf *out, const struct record *record)
{
	buf_adds(out, "\n## Steps\n");
	for (size_t s = 0; s < record->step_count; s++) {
		const struct record_step *step = &record->steps[s];

		step_heading(out, record, step);
		for (size_t i = 0; i < step->action_count; i++)
			add_action(out, record, &step->actions[i]);
	}
}
