/* What follows from the end of an attempt: retry, hold, captures, the outcome. Invariant: exactly
 * one action.finished is emitted for a task, in task_finish(). */
#include <stdlib.h>
#include <string.h>

#include "engine/plan/refs.h"
#include "engine/run/approval.h"
#include "engine/run/judge.h"
#include "engine/fill/derived.h"
#include "fsops/mem.h"
#include "fsops/value.h"
#include "private.h"

/* A result over this many bytes as JSON, or one that a secret is taken from, is not put into its event. */
#define RESULT_EVENT_MAX 16384
/* The same when expressions of the runbook look at it: a resumed run needs it. */
#define RESULT_WANTED_MAX (1024 * 1024)

void task_set_why(struct task *task, const char *why)
{
	char *copy = mem_text(why);

	if (copy)
		value_clean(copy); /* a sentence may have been cut */
	free(task->why);
	task->why = copy;
}

/* ---- the end ---- */

/* What expressions see as results.ID: the adapter's fields, and how it ended. */
static void complete_result(struct task *task, double seconds)
{
	json_t *whole = task->result ? json_copy(task->result) : json_object();

	json_object_set_new(whole, "outcome", json_string(outcome_name(task->outcome)));
	json_object_set_new(whole, "why", json_string(task->why ? task->why : ""));
	json_object_set_new(whole, "seconds", json_real(seconds));
	json_decref(task->result);
	task->result = whole;
}

/* What failed by itself has printed something that is no answer: kubectl an empty list of what it may not
 * see, a proxy a page, a Prometheus a sum over half of the stores. Nothing is captured from it, and no later
 * condition takes it for data. */
static void withhold(struct task *task)
{
	static const char *const data[] = {"json", "lines"};
	static const char *const partial[] = {"value", "series"};
	json_t *left;

	if (!task->unanswered || !task->result)
		return;
	left = json_copy(task->result);
	for (size_t i = 0; i < COUNT_OF(data); i++)
		json_object_del(left, data[i]);
	for (size_t i = 0; task->partial && i < COUNT_OF(partial); i++)
		json_object_del(left, partial[i]);
	json_decref(task->result);
	task->result = left;
}

static json_t *small_result(const struct task *task)
{
	size_t max = refs_result_wanted(task_world(task)->plan->refs, task->place->action->id)
	                 ? RESULT_WANTED_MAX
	                 : RESULT_EVENT_MAX;
	size_t size = task_takes_secret(task) ? 0 : value_size(task->result);

	return size && size <= max ? json_incref(task->result) : NULL;
}

static bool is_bad(enum outcome outcome)
{
	return outcome == OUTCOME_FAILED || outcome == OUTCOME_TIMED_OUT;
}

/* How bad it is when this action did not pass. */
static enum level failure_level(const struct task *task)
{
	const char *told = value_get_text(task->result, "level");
	enum level level = task_action(task)->severity;

	if (task->taken_over)
		return task->at_least;
	if (task->prepared.effect > EFFECT_READ || task->outcome == OUTCOME_TIMED_OUT)
		return LEVEL_CRITICAL;
	if (task->partial && level > LEVEL_WARNING)
		level = LEVEL_WARNING;
	/* What it looked at may be well: then it failed for what was expected besides. */
	if (told && level_parse(told, &level) == 0 &&
	    (level == LEVEL_OK || level > task_action(task)->severity))
		level = task_action(task)->severity;
	return level_worst(level, task->at_least);
}

static enum level severity_of(const struct task *task)
{
	return is_bad(task->outcome) ? failure_level(task) : LEVEL_OK;
}

static void deliver_end(void *ctx)
{
	struct task *task = ctx;

	task->timer = NULL;
	task->above->ended(task->ctx, &(struct task_end){.outcome = task->outcome,
	                                  .severity = severity_of(task),
	                                  .arguments = task->prepared.args,
	                                  .result = task->result});
}

void task_deliver(struct task *task)
{
	task->timer = loop_after(task_world(task)->tools.loop, 0, deliver_end, task);
}

static void emit_finished(struct task *task, double seconds)
{
	json_t *fields =
	    json_pack("{s:s, s:f, s:s, s:i}", "outcome", outcome_name(task->outcome), "seconds",
	        seconds, "effect", effect_name(task->prepared.effect), "attempts", task->attempts);
	json_t *result = small_result(task);

	if (task->why)
		json_object_set_new(fields, "why", json_string(task->why));
	if (result)
		json_object_set_new(fields, "result", result);
	if (task->saved)
		json_object_set(fields, "saved", task->saved);
	if (task->captured)
		json_object_set(fields, "captured", task->captured);
	/* No action.started of this process has named it. */
	if (task->interrupted && !task->started)
		json_object_set(
		    fields, "command", json_object_get(task->interrupted->started, "command"));
	if (task_tally(task)->stop != STOP_NONE)
		json_object_set_new(fields, "stop", json_string(stop_name(task_tally(task)->stop)));
	if (is_bad(task->outcome) && task->undone)
		json_object_set_new(fields, "undone", json_true());
	if (is_bad(task->outcome))
		json_object_set_new(fields, "severity", json_string(level_name(severity_of(task))));
	task_emit(task, "action.finished", fields);
}

static void close_save(struct task *task)
{
	struct save *save = task->save;
	struct err err;
	bool whole;

	if (!save)
		return;
	task->save = NULL;
	/* What failed may have had more to say, or something else, however it ended. */
	whole = task->outcome == OUTCOME_PASSED;
	if (save_close(save, whole, &task->saved, &err) < 0 && !is_bad(task->outcome)) {
		task->outcome = OUTCOME_FAILED;
		task_set_why(task, err.text);
	}
}

/* Does a failure of this action stop the run? */
static bool stops_run(const struct task *task)
{
	enum on_failure rule = task_action(task)->on_failure;

	if (task->handled)
		return false;
	if (rule == ON_FAILURE_DEFAULT)
		rule = task->place->step_rule;
	if (rule == ON_FAILURE_DEFAULT)
		return task->place->action->nested ? task->inner_stop
		                                   : task->prepared.effect > EFFECT_READ;
	return rule == ON_FAILURE_STOP;
}

static void tell_run(struct task *task)
{
	struct world *world = task_world(task);

	if (task->outcome == OUTCOME_LEFT && stops_run(task) && !world->options->check)
		tally_stop(&world->tally, STOP_REFUSED,
		    "a person must answer this before anything goes on, and there is nobody to "
		    "ask");
	if (!is_bad(task->outcome) && task->outcome != OUTCOME_REFUSED)
		return;
	if (is_bad(task->outcome))
		tally_add_level(&world->tally, failure_level(task));
	if (task->outcome == OUTCOME_REFUSED)
		tally_stop(&world->tally, STOP_REFUSED,
		    task->why); /* a stop that there is already stays */
	else if (stops_run(task))
		tally_stop(&world->tally, STOP_FAILED, task->why);
}

void task_finish(struct task *task, enum outcome outcome, const char *why)
{
	double seconds;

	task_set_phase(task, FINISHED);
	task->outcome = outcome;
	if (why)
		task_set_why(task, why);
	if (is_bad(outcome))
		withhold(task);
	close_save(task);
	seconds = (double)(task_now(task) - task->began) / 1000.0;
	tell_run(task);
	emit_finished(task, seconds);
	complete_result(task, seconds);
	task_deliver(task);
}

/* ---- captures ---- */

static void note_captured(struct task *task, const char *name, json_t *value)
{
	if (!task->captured)
		task->captured = json_object();
	json_object_set(task->captured, name, value);
}

static int capture(struct task *task, const struct capture *capture, struct err *err)
{
	struct world *world = task_world(task);
	struct scope own = {
	    .outer = task->place->scope, .names = task->result, .steps_left = &task->steps_left};
	json_t *value = NULL;

	if (scope_eval(&own, &capture->value, &value, err) < 0)
		return err_prefix(err, "capture '%s'", capture->name);
	if (ceiling_variable(&world->ceiling, capture->name, value, err) < 0) {
		json_decref(value);
		return err_prefix(err, "capture '%s'", capture->name);
	}
	if (capture->secret || expr_is_secret(capture->value.expr))
		redact_add_value(world->plan->redact, value);
	else if (!derived_holds_secret(world->plan->redact, value))
		note_captured(task, capture->name, value);
	if (task->place->captured)
		json_object_set(task->place->captured, capture->name, value);
	else
		world_set_var(world, capture->name, value);
	json_decref(value);
	return 0;
}

/* A failed action keeps what it can: the runbook may want to look at it. */
static int capture_all(struct task *task, struct err *err)
{
	const struct action *action = task_action(task);
	int result = 0;

	for (size_t i = 0; task->result && i < action->capture_count; i++)
		if (capture(task, &action->captures[i], result == 0 ? err : NULL) < 0)
			result = -1;
	return result;
}

/* ---- after an attempt ---- */

static void pause_for(struct task *task, msec span)
{
	task_set_phase(task, PAUSING);
	task->look_due = task_now(task) + span;
	task->timer = loop_after(task_world(task)->tools.loop, span, task_attempt, task);
}

static void on_failed_answer(void *ctx, enum answer answer)
{
	struct task *task = ctx;

	task->asking = NULL;
	if (answer == ANSWER_RETRY) {
		task->retries = 0;
		task->timed_out = false;
		task_set_why(task, NULL);
		budget_renew(task->place->budget);
		if (task->made)
			task_look(task);
		else
			task_attempt(task);
	} else if (answer == ANSWER_SKIP) {
		task->handled = true;
		task_finish(task, OUTCOME_FAILED, NULL);
	} else {
		/* A failed change that is given up: its on_failure steps run, as the prompt says. */
		tally_stop(task_tally(task), STOP_FAILED, task->why);
		task_finish(task, OUTCOME_FAILED, NULL);
	}
}

static bool asks_after_failure(const struct task *task)
{
	return task_world(task)->options->interactive && task->prepared.effect > EFFECT_READ &&
	       !task->place->action->nested &&
	       task_action(task)->on_failure == ON_FAILURE_DEFAULT &&
	       task->place->step_rule == ON_FAILURE_DEFAULT;
}

void task_fail(struct task *task, enum outcome outcome, const char *why)
{
	if (!task->unanswered)
		capture_all(task, NULL);
	task_set_why(task, why);
	if (!asks_after_failure(task)) {
		task_finish(task, outcome, NULL);
		return;
	}
	task_set_phase(task, ASKING);
	task->asking =
	    approval_ask_failed(task->place, &task->prepared, task->why, on_failed_answer, task);
}

/* The adapter that skipped says it when it was no person. */
static const char *why_skipped(const struct task *task)
{
	const char *told = value_get_text(task->result, "reason");

	return told ? told : "the person said so";
}

void task_pass(struct task *task)
{
	struct err err;

	task_set_why(task, NULL); /* of looks that came too early */
	if (json_is_true(json_object_get(task->result, "left")))
		task_finish(task, OUTCOME_LEFT, NULL);
	else if (json_is_true(json_object_get(task->result, "skipped")))
		task_finish(task, OUTCOME_SKIPPED, why_skipped(task));
	else if (capture_all(task, &err) < 0)
		task_fail(task, OUTCOME_FAILED, err.text);
	else
		task_finish(task, OUTCOME_PASSED, NULL);
}

/* `hold_for`: it held at this look; until when must it hold? The last look is at the very end. */
static void keep_holding(struct task *task)
{
	msec every = task_action(task)->every;
	msec left;

	if (!task->holding_since)
		task->holding_since = task_now(task);
	left = task->holding_since + task->hold_for - task_now(task);
	if (left <= 0 || task_world(task)->options->check)
		task_pass(task);
	else
		pause_for(task, left < every ? left : every);
}

/* What a run that goes on after this one was cut off must know: the change is not to be made again. */
static void begin_looking(struct task *task)
{
	json_t *fields = json_object();
	json_t *result = small_result(task);

	if (result)
		json_object_set_new(fields, "result", result);
	task_emit(task, "action.made", fields);
	task->made = true;
	task_look(task);
}

/* A person may have left or skipped it. */
static bool is_done(const struct task *task)
{
	return !json_is_true(json_object_get(task->result, "left")) &&
	       !json_is_true(json_object_get(task->result, "skipped"));
}

static void after_good(struct task *task)
{
	if (task->hold_for)
		keep_holding(task);
	else if (task_action(task)->look && is_done(task))
		begin_looking(task);
	else
		task_pass(task);
}

static void after_bad(struct task *task, enum outcome outcome, const char *why)
{
	const struct action *action = task_action(task);

	if (!task->holding_since && task->retries < action->retry_times) {
		task->retries++;
		pause_for(task, action->retry_every);
	} else {
		task_fail(task, outcome, why);
	}
}

/* A check changes nothing, so there is nothing to wait for: it looks once, and says what it saw. Without an
 * answer it saw nothing. */
static void look_again(struct task *task, const char *why)
{
	const char *level = value_get_text(task->result, "level");

	task_set_why(task, why);
	if (!task_world(task)->options->check)
		pause_for(task, task_action(task)->every);
	else if (task->unanswered || (level && strcmp(level, level_name(LEVEL_UNKNOWN)) == 0))
		task_fail(task, OUTCOME_FAILED, why);
	else
		task_finish(task, OUTCOME_SKIPPED, NULL);
}

void task_after_attempt(struct task *task, const struct attempt_end *end)
{
	struct scope own = {
	    .outer = task->place->scope, .names = end->result, .steps_left = &task->steps_left};
	struct action sent = *task_action(task);
	char why[ERR_TEXT_MAX] = "";

	task->steps_left = EXPR_STEPS_MAX;
	task->unanswered = end->outcome != ATTEMPT_DONE || (end->why && !sent.judged_by_expect);
	task->partial = false;
	if (sent.look) /* `until` judges that one's result, not the change's */
		sent.until = (struct condition){0};
	switch (judge(&sent, end, &own, why, sizeof(why))) {
	case VERDICT_GOOD:
		after_good(task);
		break;
	case VERDICT_AGAIN:
		look_again(task, why);
		break;
	case VERDICT_BAD:
		after_bad(task, OUTCOME_FAILED, why);
		break;
	case VERDICT_PARTIAL:
		task->partial = true;
		task->unanswered = true;
		after_bad(task, OUTCOME_FAILED, why);
		break;
	case VERDICT_LATE:
		after_bad(task, OUTCOME_TIMED_OUT, why);
		break;
	}
}
