/* A run's report as Markdown, for a postmortem. Invariant: every action is in it with how it ended,
 * and what the run has printed is text, whatever it holds. The steps are in steps.c. */
#include "fsops/report.h"

#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/value.h"
#include "markdown.h"
#include "ui/look.h"
#include "ui/markdown.h"
#include "ui/report/facts.h"
#include "ui/report/moment.h"
#include "ui/safe.h"
#include "ui/story/story.h"

/* An outcome, in bold. What is in a journal may be none of those that there are. */
static void bold_word(struct buf *out, const char *outcome)
{
	buf_adds(out, "**");
	md_text(out, report_word(outcome));
	buf_adds(out, "**");
}

/* ---- summary ---- */

static void row(struct buf *out, const char *name)
{
	buf_addf(out, "| %s | ", name);
}

static void row_text(struct buf *out, const char *name, const char *text)
{
	if (!text || !*text)
		return;
	row(out, name);
	md_text(out, text);
	buf_adds(out, " |\n");
}

static void row_time(struct buf *out, const char *name, const json_t *event)
{
	char utc[CLOCK_TEXT_MAX], local[CLOCK_TEXT_MAX];

	if (!event)
		return;
	report_utc(report_time(event), utc);
	report_local(report_time(event), local);
	row(out, name);
	buf_addf(out, "%s UTC, %s local |\n", utc, local);
}

static void add_outcome(struct buf *out, const struct record *record)
{
	const json_t *end = record->finished;
	const char *level = value_get_text(end, "level");

	row(out, "Outcome");
	bold_word(out, report_run_outcome(record));
	if (end)
		md_textf(out, ", level %s, exit status %.0f", level ? level : "unknown",
		    value_get_number(end, "exit", 0));
	else if (record->live)
		buf_adds(out, ", it goes on");
	else
		buf_adds(out, ": the run has no end on record");
	buf_adds(out, " |\n");
	row_text(out, "Why", value_get_text(end, "why"));
}

static void add_who(struct buf *out, const struct record *record)
{
	struct buf who;
	json_t *event;
	size_t i;

	buf_init(&who, BUF_TEXT_MAX);
	report_person(&who, record, NULL);
	row_text(out, "Run by", who.data);
	json_array_foreach(record->resumed, i, event) {
		row_time(out, "Taken up again", event);
		buf_clear(&who);
		report_person(&who, record, event);
		row_text(out, "by", who.data);
	}
	buf_release(&who);
}

static void add_counts(struct buf *out, const struct record *record)
{
	static const char *const order[] = {"passed", "failed", "timed_out", "not so", "skipped",
	    "refused", "cancelled", "left", "interrupted"};
	bool any = false;

	if (!json_object_get(record->finished, "counts"))
		return;
	row(out, "Actions");
	for (size_t i = 0; i < COUNT_OF(order); i++) {
		int count = outcome_count(record->finished, order[i]);

		if (count > 0)
			buf_addf(out, "%s%d %s", any ? ", " : "", count, report_word(order[i]));
		any = any || count > 0;
	}
	buf_adds(out, any ? " |\n" : "none |\n");
}

static void add_vars(struct buf *out, const struct record *record)
{
	json_t *vars = json_object_get(record->started, "vars");
	const char *name;
	json_t *value;
	bool any = false;

	if (!json_object_size(vars))
		return;
	row(out, "Variables");
	json_object_foreach(vars, name, value) {
		char *text = value_to_text(value);

		md_textf(out, "%s%s = %s", any ? ", " : "", name, text);
		any = true;
		free(text);
	}
	buf_adds(out, " |\n");
}

static void add_problems(struct buf *out, const struct record *record)
{
	json_t *text;
	size_t i;

	json_array_foreach(record->problems, i, text) {
		buf_adds(out, "> **The journal is not as it was written.** ");
		md_text(out, json_string_value(text));
		buf_adds(out, "\n\n");
	}
}

static void add_summary(struct buf *out, const struct record *record)
{
	const char *title = report_field(record, "title");
	char span[CLOCK_TEXT_MAX];

	buf_adds(out, "# Run report: ");
	md_text(out, *title ? title : report_field(record, "run"));
	buf_adds(out, "\n\n");
	add_problems(out, record);
	if (*report_field(record, "summary")) {
		md_text(out, report_field(record, "summary"));
		buf_adds(out, "\n\n");
	}
	buf_adds(out, "| Run | ");
	md_code(out, report_field(record, "run"));
	buf_adds(out, " |\n|---|---|\n");
	row_text(out, "Runbook", report_field(record, "runbook"));
	row_text(out, "Platform", report_field(record, "platform"));
	row_text(out, "Runbooks in", report_field(record, "runbooks"));
	row_text(out, "Severity", report_field(record, "severity"));
	if (strcmp(report_field(record, "mode"), "check") == 0)
		row_text(out, "Mode", "check: reads only, changes were only shown");
	add_outcome(out, record);
	row_time(out, "Began", record->started);
	row_time(out, record->finished ? "Ended" : "Last heard of",
	    record->finished ? record->finished : record->last);
	if (report_took(record) >= 0) {
		clock_format_span((msec)(report_took(record) * 1000 + 0.5), span);
		row_text(out, "Took", span);
	}
	add_who(out, record);
	add_counts(out, record);
	add_vars(out, record);
}

/* ---- what was changed ---- */

static void add_change(
    struct buf *out, const struct record *record, const struct record_action *action)
{
	char utc[CLOCK_TEXT_MAX];

	report_utc(report_time(action->started), utc);
	buf_addf(out, "- %s UTC, ", utc);
	bold_word(out, report_action_outcome(record, action));
	buf_adds(out, ": ");
	if (report_command(action))
		md_code(out, report_command(action));
	else
		md_text(out, report_action_title(record, action));
	buf_addc(out, '\n');
}

/* What a reader asks first: what failed, and why. Findings of `severity: info` are in the steps. */
static void add_bad(struct buf *out, const char *outcome, const char *title, const char *why)
{
	buf_adds(out, "- ");
	bold_word(out, outcome);
	buf_adds(out, ": ");
	md_text(out, title);
	if (why && *why) {
		buf_adds(out, ": ");
		md_text(out, why);
	}
	buf_addc(out, '\n');
}

/* "restart (web)"; a new text. */
static char *titled(const struct record *record, const struct record_action *action)
{
	const char *title = report_action_title(record, action);
	char *item = report_item(action);
	char *text = item ? mem_printf("%s (%s)", title, item) : mem_text(title);

	free(item);
	return text;
}

static void add_bad_of_step(
    struct buf *out, const struct record *record, const struct record_step *step)
{
	/* No action of it says so. */
	if (report_is_untold(step))
		add_bad(out, report_step_outcome(record, step), report_step_title(step),
		    value_get_text(step->finished, "why"));
	for (size_t i = 0; i < step->action_count; i++) {
		const struct record_action *action = &step->actions[i];
		const char *outcome = report_action_outcome(record, action);

		char *title = titled(record, action);

		if (outcome_find(outcome)->bad)
			add_bad(out, outcome, title, value_get_text(action->finished, "why"));
		free(title);
	}
}

static void add_not_well(struct buf *out, const struct record *record)
{
	struct buf list;

	buf_init(&list, out->max);
	for (size_t i = 0; i < record->step_count; i++)
		add_bad_of_step(&list, record, &record->steps[i]);
	if (list.len) {
		buf_adds(out, "\n## What did not go well\n\n");
		buf_add(out, list.data, list.len);
	}
	buf_release(&list);
}

static void add_changes(struct buf *out, const struct record *record)
{
	bool any = false;

	buf_adds(out, "\n## What was changed\n\n");
	for (size_t s = 0; s < record->step_count; s++)
		for (size_t i = 0; i < record->steps[s].action_count; i++) {
			const struct record_action *action = &record->steps[s].actions[i];

			if (!report_is_change(record, action))
				continue;
			add_change(out, record, action);
			any = true;
		}
	if (!any)
		buf_adds(out, "Nothing.\n");
}

/* ---- metrics ---- */

static void metric_cells(struct buf *out, const json_t *metric)
{
	struct buf text;

	buf_init(&text, BUF_TEXT_MAX);
	if (metric)
		metric_value_text(&text, metric);
	else
		buf_addc(&text, '-');
	buf_adds(out, text.data);
	buf_addf(
	    out, " | %s | ", metric ? level_name(level_of(value_get_text(metric, "level"))) : "-");
	buf_release(&text);
}

static void metric_row(struct buf *out, const json_t *before, const json_t *after)
{
	const json_t *metric = after ? after : before;
	const char *error = value_get_text(metric, "error");

	buf_adds(out, "| ");
	md_text(out, value_get_text(metric, "name"));
	buf_adds(out, " | ");
	metric_cells(out, before);
	metric_cells(out, after);
	buf_adds(out, before && after ? metric_trend(before, after) : "-");
	buf_adds(out, " | ");
	md_text(out, error ? error : value_get_text(metric, "baseline"));
	buf_adds(out, " |\n");
}

static bool has_after(const struct record *record, const json_t *before)
{
	const char *name = value_get_text(before, "name");
	json_t *metric;
	size_t i;

	json_array_foreach(record->after, i, metric) {
		const char *other = value_get_text(metric, "name");

		if (name && other && strcmp(name, other) == 0)
			return true;
	}
	return false;
}

static void add_metrics(struct buf *out, const struct record *record)
{
	json_t *metric;
	size_t i;

	if (!json_array_size(record->before) && !json_array_size(record->after))
		return;
	buf_adds(out, "\n## Metrics before and after\n\n"
	              "| Metric | Before | Level | After | Level | Trend | Baseline |\n"
	              "|---|--:|---|--:|---|---|---|\n");
	json_array_foreach(record->after, i, metric) {
		if (report_is_last_after(record, i))
			metric_row(
			    out, report_before(record, value_get_text(metric, "name")), metric);
	}
	json_array_foreach(record->before, i, metric) {
		if (!has_after(record, metric) &&
		    report_before(record, value_get_text(metric, "name")) == metric)
			metric_row(out, metric, NULL);
	}
}

/* ---- left to people, next ---- */

/* A checklist has a line for each thing to do. */
static void left_lines(struct buf *out, const char *text)
{
	const char *at = text;
	const char *line;
	size_t len;

	while (at && next_line(&at, text + strlen(text), &line, &len)) {
		char *copy = mem_textn(line, len);

		if (len) {
			buf_adds(out, "  - ");
			md_text(out, copy);
			buf_addc(out, '\n');
		}
		free(copy);
	}
}

static void add_left(struct buf *out, const struct record *record)
{
	json_t *left = json_object_get(record->finished, "left");
	json_t *item;
	size_t i;

	if (!json_array_size(left))
		return;
	buf_adds(out, "\n## Left to people, not done\n\n");
	json_array_foreach(left, i, item) {
		buf_adds(out, "- [ ] **");
		md_text(out, value_get_text(item, "title"));
		buf_adds(out, "**\n");
		left_lines(out, value_get_text(item, "text"));
	}
}

/* Changes that nobody has looked after since. */
static void add_in_flight(struct buf *out, const struct record *record)
{
	json_t *changes = record->live ? NULL : record_interrupted(record);
	json_t *change;
	size_t i;

	json_array_foreach(changes, i, change) {
		const char *command = value_get_text(change, "command");

		buf_adds(out, "- **Look first:** nobody knows how this change ended: ");
		md_code(out, command ? command : value_get_text(change, "action"));
		buf_addc(out, '\n');
	}
	json_decref(changes);
}

/* The steps that are for a failure: which ran, and how. */
static void add_rollback(struct buf *out, const struct record *record)
{
	for (size_t i = 0; i < record->step_count; i++) {
		const struct record_step *step = &record->steps[i];
		const char *section = value_get_text(step->started, "section");

		if (!section || strcmp(section, "on_failure") != 0)
			continue;
		buf_adds(out, "- After the failure the step \"");
		md_text(out, report_step_title(step));
		buf_adds(out, "\" was run: ");
		md_text(out, report_word(report_step_outcome(record, step)));
		buf_addc(out, '\n');
	}
}

/* What would have put things right again. */
static void add_not_run(struct buf *out, const struct record *record)
{
	json_t *step;
	size_t i;

	json_array_foreach(json_object_get(record->finished, "not_run"), i, step) {
		buf_adds(out, "- The step \"");
		md_text(out, value_get_text(step, "title"));
		buf_adds(out, "\", one of `always`, was not run: a signal stopped the run\n");
	}
}

static void add_next(struct buf *out, const struct record *record)
{
	json_t *next = report_next(record);
	json_t *item;
	size_t i;

	buf_adds(out, "\n## Rollback and what to do next\n\n");
	add_in_flight(out, record);
	add_rollback(out, record);
	add_not_run(out, record);
	json_array_foreach(next, i, item) {
		buf_adds(out, "- ");
		md_code(out, value_get_text(item, "command"));
		buf_adds(out, ": ");
		md_text(out, value_get_text(item, "why"));
		buf_addc(out, '\n');
	}
	json_decref(next);
}

void print_report_markdown(struct buf *out, const struct record *record)
{
	add_summary(out, record);
	add_not_well(out, record);
	add_changes(out, record);
	add_metrics(out, record);
	add_left(out, record);
	add_next(out, record);
	md_report_events(out, record);
	md_report_steps(out, record);
}
