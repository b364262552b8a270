/* Finds in a record what reports say. Invariant: what no event has said is "interrupted", "?" or "-",
 * never passed. */
#include "facts.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fsops/mem.h"
#include "fsops/value.h"
#include "ui/look.h"

/* No run takes that long: a journal that says so has been tampered with. */
#define SECONDS_MAX 1e12

static const char *text_or(const json_t *event, const char *key, const char *otherwise)
{
	const char *text = value_get_text(event, key);

	return text ? text : otherwise;
}

const char *report_field(const struct record *record, const char *key)
{
	const char *text = value_get_text(record->started, key);

	/* Of a journal that has lost its beginning: every event says whose it is. */
	return text ? text : text_or(record->last, key, "");
}

/* ---- how it ended ---- */

static json_int_t seq_of(const json_t *event)
{
	return json_integer_value(json_object_get(event, "seq"));
}

/* What has begun with EVENT and was not told to have ended: what was begun before the run was taken up
 * again is not running any more. */
static const char *open_outcome(const struct record *record, const json_t *event)
{
	size_t times = json_array_size(record->resumed);
	const json_t *resumed = times ? json_array_get(record->resumed, times - 1) : NULL;

	return record->live && seq_of(event) >= seq_of(resumed) ? "running" : "interrupted";
}

const char *report_run_outcome(const struct record *record)
{
	return record->finished ? text_or(record->finished, "outcome", "unknown")
	                        : open_outcome(record, record->last);
}

/* Nothing else in it did not go well, and it did run. */
static bool has_findings_only(const struct record_step *step)
{
	bool any = false;

	for (size_t i = 0; i < step->action_count; i++) {
		const char *shown = outcome_shown(step->actions[i].finished);

		any = any || (shown && strcmp(shown, "not so") == 0);
		if (!shown || outcome_find(shown)->bad)
			return false;
	}
	return any && !value_get_text(step->finished, "why");
}

bool report_is_untold(const struct record_step *step)
{
	return step->finished && strcmp(text_or(step->finished, "outcome", ""), "failed") == 0 &&
	       value_get_text(step->finished, "why");
}

const char *report_step_outcome(const struct record *record, const struct record_step *step)
{
	const char *outcome;

	if (!step->finished)
		return open_outcome(record, step->started);
	outcome = text_or(step->finished, "outcome", "unknown");
	return strcmp(outcome, "failed") == 0 && has_findings_only(step) ? "not so" : outcome;
}

const char *report_action_outcome(const struct record *record, const struct record_action *action)
{
	if (action->finished)
		return value_get_text(action->finished, "outcome") ? outcome_shown(action->finished)
		                                                   : "unknown";
	return action->started ? open_outcome(record, action->started) : "not begun";
}

const char *report_word(const char *outcome)
{
	if (strcmp(outcome, "timed_out") == 0)
		return "timed out";
	return strcmp(outcome, "left") == 0 ? "left to a person" : outcome;
}

/* ---- steps and actions ---- */

/* The member of an array of objects that has this id. */
static const json_t *with_id(const json_t *array, const char *id)
{
	json_t *item;
	size_t i;

	json_array_foreach(array, i, item) {
		if (id && strcmp(text_or(item, "id", ""), id) == 0)
			return item;
	}
	return NULL;
}

/* Of the plan's: where its `number` says, unless a resumed run has another plan. */
static const json_t *planned_action(const json_t *step, const struct record_action *action)
{
	const json_t *of = action->started ? action->started : action->finished;
	const json_t *all = json_object_get(step, "actions");
	json_int_t number = json_integer_value(json_object_get(of, "number"));
	const json_t *there = number > 0 ? json_array_get(all, (size_t)number - 1) : NULL;

	if (there && strcmp(text_or(there, "id", ""), action->id) == 0)
		return there;
	return with_id(all, action->id);
}

const char *report_action_title(const struct record *record, const struct record_action *action)
{
	const char *own = value_get_text(action->started, "title");
	const json_t *plan = json_object_get(record->started, "plan");
	const json_t *step;

	if (own)
		return own;
	step = with_id(json_object_get(plan, "steps"), value_get_text(action->finished, "step"));
	return text_or(planned_action(step, action), "title", action->id);
}

const char *report_step_title(const struct record_step *step)
{
	return text_or(step->started, "title", step->id);
}

const char *report_effect(const struct record_action *action)
{
	const json_t *asked = json_array_get(action->approvals, 0);

	return text_or(action->started, "effect",
	    text_or(action->finished, "effect", text_or(asked, "effect", "")));
}

const char *report_command(const struct record_action *action)
{
	const json_t *asked = json_array_get(action->approvals, 0);

	return text_or(action->started, "command", value_get_text(asked, "command"));
}

char *report_item(const struct record_action *action)
{
	const json_t *of = action->started ? action->started : action->finished;
	const json_t *own = json_object_get(of, "item");
	const json_t *outer = json_object_get(of, "step_item");
	char *first, *second, *both;

	/* An action without a for_each of its own has its step's item. */
	if (!own || !outer || json_equal(own, outer))
		return own || outer ? value_to_text(own ? own : outer) : NULL;
	first = value_to_text(outer);
	second = value_to_text(own);
	both = mem_printf("%s, %s", first, second);
	free(first);
	free(second);
	return both;
}

bool report_is_change(const struct record *record, const struct record_action *action)
{
	static const char *const untouched[] = {"skipped", "refused", "left", "not begun"};
	const char *outcome = report_action_outcome(record, action);
	const char *effect = report_effect(action);
	const char *adapter = text_or(action->started, "adapter", "");

	/* What a runbook in a runbook changes, its own actions say; what a person does, nobody sees. */
	if (!*effect || strcmp(effect, "read") == 0 || strcmp(adapter, "runbook") == 0 ||
	    strcmp(adapter, "manual") == 0)
		return false;
	for (size_t i = 0; i < COUNT_OF(untouched); i++)
		if (strcmp(outcome, untouched[i]) == 0)
			return false;
	return action->started && !json_is_true(json_object_get(action->finished, "undone"));
}

const struct record_step *report_step_of(const struct record *record, const json_t *event)
{
	const char *id = value_get_text(event, "step");

	for (size_t i = record->step_count; id && i-- > 0;)
		if (strcmp(record->steps[i].id, id) == 0 &&
		    seq_of(record->steps[i].started) <= seq_of(event))
			return &record->steps[i];
	return NULL;
}

static bool holds(const json_t *array, const json_t *event)
{
	json_t *item;
	size_t i;

	json_array_foreach(array, i, item) {
		if (item == event)
			return true;
	}
	return false;
}

static bool may_be_held(const json_t *event)
{
	static const char *const types[] = {
	    "action.started", "action.finished", "approval.asked", "approval.given"};

	for (size_t i = 0; i < COUNT_OF(types); i++)
		if (report_is(event, types[i]))
			return true;
	return false;
}

/* How many actions of STEP were first heard of until EVENT. */
static size_t count_until(const struct record_step *step, const json_t *event)
{
	size_t low = 0, high = step->action_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (step->actions[middle].seq <= seq_of(event))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct record_action *report_action_of(const struct record *record, const json_t *event)
{
	const char *id = value_get_text(event, "action");
	const struct record_step *step =
	    id && may_be_held(event) ? report_step_of(record, event) : NULL;

	/* Backwards: it is one of those that ran at once with the last. */
	for (size_t i = step ? count_until(step, event) : 0; i-- > 0;) {
		const struct record_action *action = &step->actions[i];

		if (strcmp(action->id, id) == 0 &&
		    (action->started == event || action->finished == event ||
		        holds(action->approvals, event)))
			return action;
	}
	return NULL;
}

/* ---- people ---- */

void report_person(struct buf *out, const struct record *record, const json_t *event)
{
	const json_t *by = json_object_get(record->started, "by");
	json_t *resumed;
	size_t i;

	json_array_foreach(record->resumed, i, resumed) {
		if (event && seq_of(resumed) <= seq_of(event))
			by = json_object_get(resumed, "by");
	}
	buf_adds(out, text_or(by, "user", "?"));
	if (value_get_text(by, "host"))
		buf_addf(out, "@%s", value_get_text(by, "host"));
}

const char *report_nobody(const json_t *given)
{
	return json_is_true(json_object_get(given, "check")) ? "a check asks nobody"
	                                                     : "nobody was there";
}

bool report_is(const json_t *event, const char *type)
{
	return strcmp(text_or(event, "type", ""), type) == 0;
}

/* ---- times ---- */

msec report_time(const json_t *event)
{
	const char *text = value_get_text(event, "time");
	msec wall;

	return text && clock_parse_rfc3339(text, &wall) == 0 ? wall : 0;
}

static void no_time(char text[CLOCK_TEXT_MAX])
{
	memcpy(text, "-", sizeof("-"));
}

void report_utc(msec wall, char text[CLOCK_TEXT_MAX])
{
	time_t seconds = (time_t)(wall / 1000);
	struct tm tm = {0};

	gmtime_r(&seconds, &tm);
	if (!wall || !strftime(text, CLOCK_TEXT_MAX, "%Y-%m-%d %H:%M:%S", &tm))
		no_time(text);
}

void report_local(msec wall, char text[CLOCK_TEXT_MAX])
{
	time_t seconds = (time_t)(wall / 1000);
	struct tm utc = {0}, local = {0};
	size_t len;

	gmtime_r(&seconds, &utc);
	localtime_r(&seconds, &local);
	if (utc.tm_mday == local.tm_mday)
		len = strftime(text, CLOCK_TEXT_MAX, "%H:%M:%S %Z", &local);
	else
		len = strftime(text, CLOCK_TEXT_MAX, "%Y-%m-%d %H:%M:%S %Z", &local);
	if (!wall || !len)
		no_time(text);
}

void report_span(const json_t *event, const char *key, char text[CLOCK_TEXT_MAX])
{
	double seconds = value_get_number(event, key, -1);

	text[0] = '\0';
	if (seconds >= 0 && seconds < SECONDS_MAX)
		clock_format_span((msec)(seconds * 1000 + 0.5), text);
}

double report_took(const struct record *record)
{
	msec began = report_time(record->started);
	msec ended = report_time(record->finished);
	double seconds = value_get_number(record->finished, "seconds", -1);

	if (json_array_size(record->resumed) && began && ended >= began)
		return (double)(ended - began) / 1000;
	return seconds < SECONDS_MAX ? seconds : -1;
}

/* ---- output and metrics ---- */

/* It may hold a NUL. */
static void add_piece(struct buf *out, const json_t *text)
{
	if (json_is_string(text))
		buf_add(out, json_string_value(text), json_string_length(text));
}

void report_output(struct buf *out, const struct record_action *action, const char *stream)
{
	json_t *event;
	size_t i;

	json_array_foreach(action->output, i, event) {
		const char *of = text_or(event, "stream", "stdout");

		if (!stream || strcmp(of, stream) == 0)
			add_piece(out, json_object_get(event, "text"));
	}
}

static bool is_named(const json_t *metric, const char *name)
{
	return name && strcmp(text_or(metric, "name", ""), name) == 0;
}

const json_t *report_before(const struct record *record, const char *name)
{
	json_t *metric;
	size_t i;

	json_array_foreach(record->before, i, metric) {
		if (is_named(metric, name))
			return metric;
	}
	return NULL;
}

bool report_is_last_after(const struct record *record, size_t index)
{
	const char *name = value_get_text(json_array_get(record->after, index), "name");

	for (size_t i = index + 1; i < json_array_size(record->after); i++)
		if (is_named(json_array_get(record->after, i), name))
			return false;
	return true;
}

/* ---- what to type next ---- */

static void add_next(json_t *list, char *command, char *why)
{
	json_t *item;
	size_t i;

	json_array_foreach(list, i, item) {
		if (strcmp(value_get_text(item, "command"), command) == 0)
			goto out;
	}
	json_array_append_new(list, json_pack("{s:s, s:s}", "command", command, "why", why));
out:
	free(command);
	free(why);
}

static void add_metric_next(json_t *list, const json_t *metric)
{
	const char *runbook = value_get_text(metric, "runbook");
	enum level level = level_of(value_get_text(metric, "level"));

	if (runbook && level >= LEVEL_UNKNOWN)
		add_next(list, mem_printf("fsops run %s", runbook),
		    mem_printf("%s is %s", text_or(metric, "name", "a metric"), level_name(level)));
}

json_t *report_next(const struct record *record)
{
	const char *run = report_field(record, "run");
	json_t *list = json_array();
	json_t *metric;
	size_t i;

	if (!record->finished && record->live)
		add_next(list, mem_printf("fsops log %s --follow", run), mem_text("watch it"));
	else if (!record->finished || json_is_true(json_object_get(record->finished, "resumable")))
		add_next(list, mem_printf("fsops resume %s", run),
		    mem_text("go on at the first step that is not finished"));
	json_array_foreach(record->after, i, metric) {
		if (report_is_last_after(record, i))
			add_metric_next(list, metric);
	}
	if (!json_is_false(json_object_get(record->finished, "recorded")))
		add_next(list, mem_printf("fsops log %s --verify", run),
		    mem_text("is the journal as it was written?"));
	return list;
}
