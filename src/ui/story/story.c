/* A run told in lines: runs, steps, budgets, questions, the end. Invariant: what went wrong is
 * always told, quiet or not; what is told comes from events alone. */
#include "story.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fsops/mem.h"
#include "fsops/value.h"
#include "ui/safe.h"

void story_init(struct story *story, const struct sink_options *options, bool times)
{
	*story = (struct story){.options = *options, .times = times};
	story->pending = json_array();
	story->before = json_object();
	story->after = json_object();
	story->early = json_object();
	story->doubts = json_array();
	buf_init(&story->changed, BUF_TEXT_MAX);
	buf_init(&story->begun, BUF_TEXT_MAX);
	buf_init(&story->bad, BUF_TEXT_MAX);
}

void story_step_release(struct story_step *step)
{
	free(step->id);
	free(step->title);
	free(step->section);
	*step = (struct story_step){0};
}

void story_release(struct story *story)
{
	for (size_t i = 0; i < story->action_count; i++)
		story_action_free(story->actions[i]);
	for (int i = 0; i < STORY_DEPTH_MAX; i++)
		story_step_release(&story->steps[i]);
	free(story->actions);
	free(story->runbook);
	json_decref(story->started);
	json_decref(story->pending);
	json_decref(story->before);
	json_decref(story->after);
	json_decref(story->early);
	json_decref(story->doubts);
	buf_release(&story->changed);
	buf_release(&story->begun);
	buf_release(&story->bad);
}

/* "HH:MM:SS" of the event, in this machine's time zone. */
static void add_time(struct buf *out, const json_t *event)
{
	const char *text = value_get_text(event, "time");
	struct tm utc = {0}, local;
	time_t seconds;
	char clock[16];

	if (!text || !strptime(text, "%Y-%m-%dT%H:%M:%S", &utc)) {
		buf_adds(out, "--:--:--");
		return;
	}
	seconds = timegm(&utc);
	localtime_r(&seconds, &local);
	strftime(clock, sizeof(clock), "%H:%M:%S", &local);
	buf_adds(out, clock);
}

void story_line(struct story *story, struct buf *out, int depth)
{
	if (story->times) {
		add_time(out, story->event);
		buf_adds(out, "  ");
	}
	buf_addf(out, "%*s", 2 * depth, "");
}

void story_more(struct story *story, struct buf *out, int depth)
{
	buf_addf(out, "%*s", (story->times ? 10 : 0) + 2 * depth, "");
}

void story_add_seconds(struct buf *out, const json_t *event, const char *key)
{
	char text[CLOCK_TEXT_MAX];

	clock_format_span((msec)(value_get_number(event, key, 0) * 1000 + 0.5), text);
	buf_adds(out, text);
}

void story_add_text(struct buf *out, const json_t *event, const char *key)
{
	safe_adds(out, value_get_text(event, key));
}

/* "LABEL" for plain lines; on a terminal the shape of the line says it. */
void story_label(struct story *story, struct buf *out, const char *label)
{
	if (story->times)
		buf_adds(out, label);
}

/* "High error rate (critical) on flight-search" */
static void add_run(struct buf *out, const struct look *look, const json_t *event)
{
	const char *mode = value_get_text(event, "mode");
	const char *severity = value_get_text(event, "severity");

	look_add(out, look, ROLE_BOLD, value_get_text(event, "title"));
	if (severity) {
		buf_adds(out, " (");
		look_add(out, look, role_of_level(level_of(severity)), severity);
		buf_addc(out, ')');
	}
	buf_adds(out, " on ");
	look_add_platform(
	    out, look, value_get_text(event, "platform"), value_get_text(event, "color"));
	if (mode && strcmp(mode, "check") == 0)
		buf_adds(out, ", check only: nothing is changed");
}

void story_run_header(struct story *story, struct buf *out, const json_t *event)
{
	const struct look *look = &story->options.look;
	const char *runbooks = value_get_text(event, "runbooks");
	const json_t *now = story->event;

	story->event = event;
	story_line(story, out, 0);
	if (story->times) {
		buf_adds(out, "run ");
		story_add_text(out, event, "run");
		buf_adds(out, ": ");
	}
	add_run(out, look, event);
	buf_addc(out, '\n');
	if (!story->times) {
		look_add(out, look, ROLE_DIM, value_get_text(event, "run"));
		buf_addc(out, '\n');
	}
	if (runbooks) {
		story_line(story, out, 0);
		look_add_runbooks(out, look, "runbooks in ", runbooks);
	}
	story->event = now;
}

static void tell_started(struct story *story, struct buf *out)
{
	json_t *event = story->started;

	story->started = NULL;
	story_run_header(story, out, event);
	json_decref(event);
}

static void on_run_started(struct story *story, struct buf *out)
{
	free(story->runbook);
	story->runbook = mem_text(value_get_text(story->event, "runbook"));
	story->started = json_incref((json_t *)story->event);
	if (!story->options.quiet)
		tell_started(story, out);
}

/* "step 2/4 Check dependencies (budget 3m)"; the section unless it is the main one. */
static void tell_header(struct story *story, struct buf *out, struct story_step *step, int depth)
{
	const struct look *look = &story->options.look;
	char budget[CLOCK_TEXT_MAX];

	step->header_told = true;
	clock_format_span(step->budget, budget);
	if (!story->times)
		buf_addc(out, '\n');
	story_line(story, out, 2 * depth);
	story_label(story, out, "step ");
	look_on(out, look, ROLE_BOLD);
	if (step->number)
		buf_addf(out, "%d/%d ", step->number, step->of);
	safe_adds(out, step->title);
	look_off(out, look, ROLE_BOLD);
	look_on(out, look, ROLE_DIM);
	buf_addf(out, " (%s%sbudget %s)",
	    step->section && strcmp(step->section, "steps") != 0 ? step->section : "",
	    step->section && strcmp(step->section, "steps") != 0 ? ", " : "", budget);
	look_off(out, look, ROLE_DIM);
	buf_addc(out, '\n');
}

void story_need_header(struct story *story, struct buf *out)
{
	if (story->started)
		tell_started(story, out);
	for (int i = 0; i < story->depth; i++)
		if (!story->steps[i].header_told)
			tell_header(story, out, &story->steps[i], i);
}

static void on_step_started(struct story *story, struct buf *out)
{
	const json_t *event = story->event;
	struct story_step *step;

	(void)out;
	if (story->depth == STORY_DEPTH_MAX)
		return;
	step = &story->steps[story->depth++];
	story_step_release(step);
	step->id = mem_text(value_get_text(event, "step"));
	step->title = mem_text(value_get_text(event, "title"));
	step->section = mem_text(value_get_text(event, "section"));
	step->number = (int)value_get_number(event, "number", 0);
	step->of = (int)value_get_number(event, "of", 0);
	step->budget = (msec)(value_get_number(event, "budget_seconds", 0) * 1000);
	step->began_mono = clock_system.mono(clock_system.ctx);
}

void story_fold(struct story *story, struct buf *out, int depth, enum role role, const char *text)
{
	const struct look *look = &story->options.look;
	struct buf indent;

	buf_init(&indent, BUF_TEXT_MAX);
	story_more(story, &indent, depth);
	look_on(out, look, role);
	print_folded(out, text, look->width, indent.data);
	look_off(out, look, role);
	buf_release(&indent);
}

/* What is left of the line that began at START; all of it when verbose or without a width. */
static void add_cut(struct story *story, struct buf *out, size_t start, const char *text)
{
	const struct look *look = &story->options.look;
	int left = look->width - look_width(out->data + start, out->len - start);

	safe_add_cut(out, text, strlen(text),
	    look->width && !story->options.verbose ? left > 8 ? left : 8 : 0, look->utf8);
}

/* No action says that it did not run because its condition could not be told. */
static void remember_untold(struct story *story, const struct outcome_look *end)
{
	const struct story_step *step = story->depth ? &story->steps[story->depth - 1] : NULL;
	const char *why = value_get_text(story->event, "why");

	if (step && why && strcmp(end->word, "FAILED") == 0)
		story_remember_bad(story, step->title, why);
}

static void tell_step_end(struct story *story, struct buf *out, const struct outcome_look *end)
{
	const struct look *look = &story->options.look;
	const char *why = value_get_text(story->event, "why");
	int depth = story->depth > 0 ? story->depth - 1 : 0;
	size_t start;

	story_need_header(story, out);
	start = out->len;
	story_line(story, out, 2 * depth + 1);
	look_on(out, look, end->role);
	if (look->utf8 && !story->times)
		buf_addf(out, "%s ", end->symbol);
	buf_addf(out, "step %s", end->word);
	look_off(out, look, end->role);
	if (strcmp(end->word, "skipped") != 0) {
		buf_adds(out, " after ");
		story_add_seconds(out, story->event, "seconds");
		buf_adds(out, " of ");
		story_add_seconds(out, story->event, "budget_seconds");
	}
	if (why && *why) {
		buf_adds(out, ": ");
		add_cut(story, out, start, why);
	}
	buf_addc(out, '\n');
}

/* Quiet: a step that failed by findings alone (`severity: info`) has nothing to say. */
static bool end_is_told(const struct story *story, const struct outcome_look *end)
{
	const struct story_step *step = story->depth ? &story->steps[story->depth - 1] : NULL;

	if (!story->options.quiet)
		return true;
	return end->bad && (strcmp(end->word, "FAILED") != 0 || (step && step->bad_told) ||
	                       value_get_text(story->event, "why"));
}

static void on_step_finished(struct story *story, struct buf *out)
{
	const struct outcome_look *end = outcome_find(outcome_shown(story->event));
	/* On a terminal the actions say it, but not that the time was up or why it was skipped. */
	bool said =
	    !story->times &&
	    (end->role == ROLE_OK || end->role == ROLE_INFO || strcmp(end->word, "FAILED") == 0) &&
	    !value_get_text(story->event, "why");

	remember_untold(story, end);
	if (!said && end_is_told(story, end))
		tell_step_end(story, out, end);
	if (story->depth > 0)
		story_step_release(&story->steps[--story->depth]);
}

static void on_metric(struct story *story, struct buf *out)
{
	const char *when = value_get_text(story->event, "when");
	const char *name = value_get_text(story->event, "name");
	json_t *metric = (json_t *)story->event;

	(void)out;
	if (!when || !name)
		return;
	if (strcmp(when, "before") == 0) {
		json_array_append(story->pending, metric);
		json_object_set(story->before, name, metric);
	} else if (strcmp(when, "after") == 0) {
		json_object_set(story->after, name, metric);
	} else {
		story_action_metric(story, metric);
	}
}

/* What was measured before the first step, once all of it is there. */
static void flush_metrics(struct story *story, struct buf *out)
{
	const char *type = value_get_text(story->event, "type");

	if (json_array_size(story->pending) == 0 || strcmp(type, "metric.measured") == 0)
		return;
	if (!story->options.quiet) {
		story_line(story, out, 0);
		buf_adds(out, story->times ? "metrics before:\n" : "\n");
		story_metrics_list(story, out, story->pending, 1);
	}
	json_array_clear(story->pending);
}

static void on_budget(struct story *story, struct buf *out, enum role role, const char *what)
{
	const struct look *look = &story->options.look;
	int depth = 2 * (story->depth > 0 ? story->depth - 1 : 0) + 1;
	json_t *ended = json_object_get(story->event, "ended");
	size_t i;
	json_t *line;

	story_need_header(story, out);
	story_line(story, out, depth);
	look_add(out, look, role, what);
	buf_adds(out, ": ");
	story_add_seconds(out, story->event, "seconds");
	buf_adds(out, " of the step's ");
	story_add_seconds(out, story->event, "budget_seconds");
	if (json_is_true(json_object_get(story->event, "waiting")))
		buf_adds(out, ", a person is waited for");
	buf_addc(out, '\n');
	json_array_foreach(ended, i, line) {
		story_more(story, out, depth);
		buf_adds(out, "  ended: ");
		safe_adds(out, json_string_value(line));
		buf_addc(out, '\n');
	}
}

static void on_budget_warned(struct story *story, struct buf *out)
{
	on_budget(story, out, ROLE_WARNING, "time is running out");
}

static void on_budget_exceeded(struct story *story, struct buf *out)
{
	on_budget(story, out, ROLE_CRITICAL, "out of time");
}

static void on_note(struct story *story, struct buf *out)
{
	enum level level = level_of(value_get_text(story->event, "level"));
	bool person = value_get_text(story->event, "by");

	if ((story->options.quiet && level < LEVEL_WARNING) || (person && !story->times))
		return; /* who wrote it has it before them */
	story_line(story, out, 1);
	story_label(story, out, "note: ");
	look_add(out, &story->options.look, level > LEVEL_UNKNOWN ? role_of_level(level) : ROLE_DIM,
	    value_get_text(story->event, "text"));
	buf_addc(out, '\n');
}

/* The command; or the text; or what a person is to do; or at least the step's title. */
static void add_question(struct story *story, struct buf *out)
{
	const json_t *list = json_object_get(story->event, "checklist");
	const char *text = value_get_text(story->event, "command");
	size_t i;
	json_t *item;

	json_array_foreach(list, i, item) {
		buf_adds(out, i ? "; " : "");
		safe_adds(out, json_string_value(item));
	}
	if (json_array_size(list))
		return;
	if (!text)
		text = value_get_text(story->event, "text");
	if (!text && story->depth)
		text = story->steps[story->depth - 1].title;
	safe_adds(out, text);
}

/* On a terminal the prompt itself shows the question and its answer. */
static void on_asked(struct story *story, struct buf *out)
{
	if (story->times && story->options.quiet)
		return;
	story_need_header(story, out);
	if (!story->times)
		return;
	story_line(story, out, 2 * story->depth - 1);
	buf_adds(out, "asked");
	if (value_get_text(story->event, "platform")) {
		buf_adds(out, " on ");
		story_add_text(out, story->event, "platform");
	}
	buf_adds(out, ": ");
	add_question(story, out);
	buf_addc(out, '\n');
}

static void on_given(struct story *story, struct buf *out)
{
	const char *by = value_get_text(story->event, "by");
	bool person = by && strcmp(by, "person") == 0;

	story->asked = person;
	if (story->options.quiet || (person && !story->times))
		return;
	story_need_header(story, out);
	story_line(story, out, 2 * story->depth - 1);
	if (by && strcmp(by, "nobody") == 0) {
		buf_adds(out, json_is_true(json_object_get(story->event, "check"))
		                  ? "not asked: a check asks nobody\n"
		                  : "not answered: there is nobody to ask\n");
		return;
	}
	buf_adds(out, "answered ");
	story_add_text(out, story->event, "answer");
	buf_adds(out, person ? " by a person" : " beforehand, by an option");
	buf_addc(out, '\n');
}

static const struct handler {
	const char *type;
	void (*tell)(struct story *story, struct buf *out);
} handlers[] = {
    {"run.started", on_run_started},
    {"run.resumed", story_resumed},
    {"step.started", on_step_started},
    {"step.finished", on_step_finished},
    {"action.started", story_action_started},
    {"action.output", story_action_output},
    {"action.finished", story_action_finished},
    {"metric.measured", on_metric},
    {"approval.asked", on_asked},
    {"approval.given", on_given},
    {"lock.taken", story_lock_taken},
    {"escalated", story_escalated},
    {"notification", story_notification},
    {"budget.warned", on_budget_warned},
    {"budget.exceeded", on_budget_exceeded},
    {"note", on_note},
    {"run.finished", story_finished},
};

void story_event(struct story *story, const json_t *event, struct buf *out)
{
	const char *type = value_get_text(event, "type");

	if (!type)
		return;
	story->event = event;
	flush_metrics(story, out);
	for (size_t i = 0; i < COUNT_OF(handlers); i++)
		if (strcmp(handlers[i].type, type) == 0)
			handlers[i].tell(story, out);
	story->event = NULL;
}
