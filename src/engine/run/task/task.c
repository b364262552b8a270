/* Carries out one action, up to and through an attempt. Invariant: a task is in exactly one phase
 * and leaves FINISHED never. */
#include "task.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/plan/refs.h"
#include "engine/run/approval.h"
#include "engine/run/judge.h"
#include "fsops/mem.h"
#include "fsops/value.h"
#include "private.h"

/* A look that comes so much later than planned tells that nobody was looking. */
#define HOLD_UNSEEN ((msec)5000)
/* What a command said on standard error is told that soon, though it goes on; so often an attempt. */
#define WAIT_SHOWN ((msec)1500)
#define WAITS_MAX  20

struct world *task_world(const struct task *task)
{
	return task->place->world;
}

struct tally *task_tally(const struct task *task)
{
	return &task->place->world->tally;
}

void task_emit(const struct task *task, const char *type, json_t *fields)
{
	task->place->emit(task->place->ctx, type, fields);
}

const struct action *task_action(const struct task *task)
{
	return task->place->action->action;
}

msec task_now(const struct task *task)
{
	return loop_now(task_world(task)->tools.loop);
}

void task_set_phase(struct task *task, enum phase phase)
{
	assert(task->phase != FINISHED);
	task->phase = phase;
}

/* The step's time was up. What had no processes to end is told by its command line. */
void task_end_late(struct task *task, const char *waited_for)
{
	if (!task->killed)
		budget_note_ended(
		    task->place->budget, task->looking ? task->looking : task->prepared.line);
	task_fail(task, OUTCOME_TIMED_OUT,
	    judge_late(task_action(task), task->why ? task->why : waited_for));
}

static void tell_hidden(struct task *task);

static void on_attempt_ended(void *ctx, const struct attempt_end *end)
{
	struct task *task = ctx;

	task->attempt = NULL;
	loop_cancel(task->waiting);
	task->waiting = NULL;
	task->waits = 0;
	tell_hidden(task);
	output_finish(&task->output);
	output_release(&task->output);
	json_decref(task->result);
	task->result = json_incref(end->result);
	task->unanswered = end->outcome != ATTEMPT_DONE;
	task->undone = ((task->attempts == 1 && !task->interrupted) || task->undone) &&
	               json_is_true(json_object_get(end->result, ADAPTER_UNDONE));
	if (task->cancelled)
		task_finish(task, OUTCOME_CANCELLED, "the run was stopped");
	else if (task->timed_out)
		task_end_late(task, end->why);
	else
		task_after_attempt(task, end);
}

/* ---- an attempt ---- */

void task_note_killed(void *ctx, const char *command)
{
	struct task *task = ctx;

	task->killed = true;
	if (task->timed_out)
		budget_note_ended(task->place->budget, command);
}

static void on_output(void *ctx, enum child_stream stream, const char *text, size_t len)
{
	struct task *task = ctx;

	task_emit(task, "action.output",
	    json_pack("{s:s, s:o}", "stream", stream == CHILD_STDOUT ? "stdout" : "stderr", "text",
	        value_text(text, len)));
}

bool task_takes_secret(const struct task *task)
{
	const struct action *action = task_action(task);

	for (size_t i = 0; i < action->capture_count; i++)
		if (action->captures[i].secret || expr_is_secret(action->captures[i].value.expr))
			return true;
	return false;
}

/* What a secret is taken from is not shown: before it has been taken nobody knows what to mask. */
static bool hides(const struct task *task, enum child_stream stream)
{
	return task_takes_secret(task) &&
	       (stream == CHILD_STDOUT || refs_wants(task->wants, "stderr"));
}

/* Whoever must log in, or wants to know why it takes so long, reads it while it waits. */
static void on_waiting(void *ctx)
{
	struct task *task = ctx;

	task->waiting = NULL;
	task->waits++;
	output_flush(&task->output, CHILD_STDERR);
	task_emit(task, "action.waiting",
	    json_pack("{s:f}", "seconds", (double)(task_now(task) - task->began) / 1000.0));
}

static void on_raw_output(void *ctx, enum child_stream stream, const char *data, size_t len)
{
	struct task *task = ctx;

	if (task->save && stream == CHILD_STDOUT)
		save_add(task->save, data, len);
	if (hides(task, stream)) {
		task->hidden += len;
		return;
	}
	output_add(&task->output, stream, data, len);
	if (stream == CHILD_STDERR && !task->waiting && task->waits < WAITS_MAX)
		task->waiting =
		    loop_after(task_world(task)->tools.loop, WAIT_SHOWN, on_waiting, task);
}

static void tell_hidden(struct task *task)
{
	char text[100];

	if (!task->hidden)
		return;
	snprintf(text, sizeof(text), "(%zu bytes, not shown: a secret is taken from them)\n",
	    task->hidden);
	task->hidden = 0;
	on_output(task, CHILD_STDOUT, text, strlen(text));
}

static void emit_started(struct task *task)
{
	const struct action *action = task_action(task);
	json_t *fields = json_pack("{s:s, s:s, s:s, s:i, s:s}", "adapter", action->adapter->name,
	    "effect", effect_name(task->prepared.effect), "command", task->prepared.line, "attempt",
	    task->attempts, "severity", level_name(action->severity));

	mem_doing("running '%s': `fsops resume %s` goes on with the run", task->place->action->id,
	    events_run_id(task_world(task)->tools.events));
	if (action->effect_stated && action->derived == EFFECT_UNSTATED)
		json_object_set_new(fields, "effect_stated", json_true());
	if (task->prepared.title)
		json_object_set_new(fields, "title", json_string(task->prepared.title));
	if (action->target)
		json_object_set_new(fields, "target", json_string(action->target->name));
	task_emit(task, "action.started", fields);
}

/* When this attempt's own timeout comes; 0: it has none, or a person is being asked. */
static msec attempt_deadline(const struct task *task)
{
	const struct action *action = task->made ? task_action(task)->look : task_action(task);
	msec timeout = budget_deadline(task->place->budget) ? action->timeout : 0;

	return timeout ? task_now(task) + timeout : 0;
}

static char *filled(const struct task *task, const char *text, struct err *err)
{
	struct expander expander = {
	    .scope = task->place->scope, .redact = task_world(task)->plan->redact};

	return expand_text(&expander, text, err);
}

/* Whoever keeps the record or guards the locks may forbid a change; each attempt is one. */
static bool is_recordable(struct task *task)
{
	struct err err;

	if (events_secure(task_world(task)->tools.events, &err) == 0)
		return true;
	tally_stop(
	    task_tally(task), err.kind == ERR_LOCKED ? STOP_LOCKED : STOP_UNRECORDED, err.text);
	task_finish(task, OUTCOME_REFUSED, err.text);
	return false;
}

/* What it is, or whether it is to run, cannot be told: it was not asked anything, so that this is no
 * finding, whatever its severity; AT_LEAST says how bad it is. In a check, what a change would have made
 * known is not known: that is no failure. */
static void not_known(struct task *task, enum level at_least, const struct err *err)
{
	task->at_least = at_least;
	if (task_world(task)->options->check && err->kind == ERR_UNKNOWN)
		task_finish(task, OUTCOME_SKIPPED, err->text);
	else
		task_finish(task, OUTCOME_FAILED, err->text);
}

static bool may_begin(struct task *task)
{
	if (task->prepared.effect == EFFECT_READ || task->place->action->nested)
		return true;
	tally_note_change(task_tally(task));
	return is_recordable(task);
}

/* A process that was stopped has not looked: what held before then may have held no more. */
static void hold_anew_after_a_gap(struct task *task)
{
	msec late = task_now(task) - task->look_due;

	if (task->holding_since && late > task_action(task)->every + HOLD_UNSEEN)
		task->holding_since = 0;
}

void task_attempt(void *ctx)
{
	struct task *task = ctx;
	const struct action *action = task_action(task);
	struct world *world = task_world(task);
	char *input = NULL;
	struct err err;

	task->timer = NULL;
	if (action->stdin_text && !(input = filled(task, action->stdin_text, &err))) {
		not_known(task, LEVEL_WARNING, &err);
		return;
	}
	hold_anew_after_a_gap(task);
	task_set_phase(task, RUNNING);
	if (task->save && task->attempts)
		save_restart(task->save);
	task->attempts++;
	if (!task->started) {
		task->began = task_now(task); /* what a person took to answer is not the action's */
		emit_started(task);
	}
	task->started = true;
	if (!may_begin(task)) {
		free(input);
		return;
	}
	output_init(&task->output, world->plan->redact, on_output, task);
	task->attempt = attempt_start(&(struct attempt_spec){
	    .adapter = action->adapter,
	    .loop = world->tools.loop,
	    .children = world->tools.children,
	    .host = world->tools.host,
	    .args = json_incref(task->prepared.args),
	    .target = json_incref(task->prepared.target),
	    .tunnels = world->tools.tunnels,
	    .tunnel = json_incref(task->prepared.tunnel),
	    .env = task_environment(task, action),
	    .stdin_text = input,
	    .wants = json_incref(task->wants),
	    .effect = task->prepared.effect,
	    .fresh = task->attempts > 1,
	    .deadline = attempt_deadline(task),
	    .budget_end = budget_deadline(task->place->budget),
	    .killed = task_note_killed,
	    .redact = world->plan->redact,
	    .output = on_raw_output,
	    .ended = on_attempt_ended,
	    .ctx = task,
	});
	if (!budget_deadline(task->place->budget))
		task_deadline_moved(task); /* it began with a question */
}

/* ---- before the first attempt ---- */

static int open_save(struct task *task, struct err *err)
{
	const struct prepared *prepared = &task->prepared;

	/* A check leaves nothing behind but its journal. */
	if (!prepared->save || task_world(task)->options->check)
		return 0;
	task->save = save_open(prepared->save, prepared->save_fixed, err);
	return task->save ? 0 : -1;
}

static int read_hold_for(struct task *task, struct err *err)
{
	const struct action *action = task_action(task);
	char *text;
	int result = 0;

	task->hold_for = action->hold_for;
	if (!action->hold_for_text)
		return 0;
	text = filled(task, action->hold_for_text, err);
	if (!text)
		return -1;
	if (clock_parse_span(text, &task->hold_for) < 0)
		result = err_set(err, ERR_INPUT,
		    "hold_for: '%s' is not a duration: write it like 30s or 30m", text);
	free(text);
	return result;
}

static void go(struct task *task)
{
	struct err err;

	if (open_save(task, &err) < 0 || read_hold_for(task, &err) < 0)
		not_known(task, LEVEL_WARNING, &err);
	else
		task_attempt(task);
}

static void on_approval(void *ctx, enum answer answer)
{
	struct task *task = ctx;

	task->asking = NULL;
	switch (answer) {
	case ANSWER_YES:
		go(task);
		break;
	case ANSWER_SKIP:
	case ANSWER_NO:
		task_finish(task, OUTCOME_SKIPPED, "the person said so");
		break;
	case ANSWER_NOBODY:
		task_finish(task, OUTCOME_REFUSED, "it needs approval and there is nobody to ask");
		break;
	default:
		tally_stop(task_tally(task), STOP_ABORT, "the person said abort");
		task_finish(task, OUTCOME_CANCELLED, "the person said abort");
	}
}

static void seek_approval(struct task *task)
{
	const struct run_options *options = task_world(task)->options;
	enum effect effect = task->prepared.effect;

	if (effect == EFFECT_READ || task->place->action->nested) {
		go(task);
	} else if (options->check) {
		if (!task->started)
			emit_started(task);
		task_finish(task, OUTCOME_SKIPPED, "--check: changes are shown, not made");
	} else if (!approval_needed(options, effect)) {
		approval_by_option(task->place, &task->prepared);
		go(task);
	} else if (is_recordable(task)) { /* nobody is asked about what must be refused */
		task_set_phase(task, ASKING);
		task->asking = approval_ask(task->place, &task->prepared, on_approval, task);
	}
}

int task_fill_in(struct task *task, struct err *err)
{
	struct expander expander = {.scope = task->place->scope,
	    .redact = task_world(task)->plan->redact,
	    .plan = task_world(task)->plan};

	if (task_check_environment(task, task_action(task), err) < 0)
		return -1;
	return prepared_make(&task->prepared, &expander, task_action(task), err);
}

void task_prepare(struct task *task)
{
	const struct condition *when = &task_action(task)->when;
	bool holds = true;
	struct err err;
	char *why;

	task->prepared.effect = task->place->action->effect;
	task->wants = refs_fields(task_world(task)->plan->refs, task_action(task));
	/* What has begun goes on, whatever it has changed meanwhile. */
	if (when->expr && !task->place->past.began &&
	    scope_eval_bool(task->place->scope, when, &holds, &err) < 0) {
		not_known(task, LEVEL_CRITICAL, &err);
	} else if (!holds) {
		why = mem_printf("not so: %s", when->text);
		task_finish(task, OUTCOME_SKIPPED, why);
		free(why);
	} else if (task_fill_in(task, &err) < 0) {
		not_known(task, LEVEL_WARNING, &err);
	} else {
		seek_approval(task);
	}
}

struct task *task_start(const struct place *place, const struct task_above *above, void *ctx)
{
	struct task *task = mem_alloc(sizeof(*task));

	task->place = place;
	task->above = above;
	task->ctx = ctx;
	task->began = task_now(task);
	if (!task_take_up(task))
		task_prepare(task);
	return task;
}

void task_free(struct task *task)
{
	if (!task)
		return;
	loop_cancel(task->timer);
	loop_cancel(task->waiting);
	prepared_release(&task->prepared);
	json_decref(task->result);
	json_decref(task->saved);
	json_decref(task->captured);
	json_decref(task->wants);
	free(task->looking);
	free(task->why);
	free(task);
}

/* ---- from outside ---- */

const struct place *task_place(const struct task *task)
{
	return task->place;
}

struct service **task_service(struct task *task)
{
	return &task->service;
}

void task_deadline_moved(struct task *task)
{
	if (task->phase == RUNNING && task->attempt)
		attempt_set_deadline(
		    task->attempt, attempt_deadline(task), budget_deadline(task->place->budget));
}

void task_time_out(struct task *task)
{
	if (task->phase == ASKING || task->phase == FINISHED)
		return;
	task->timed_out = true;
	if (task->phase == RUNNING) {
		attempt_cancel(task->attempt);
		return;
	}
	loop_cancel(task->timer);
	task->timer = NULL;
	task_fail(task, OUTCOME_TIMED_OUT, judge_late(task_action(task), task->why));
}

void task_cancel(struct task *task)
{
	if (task->phase == FINISHED)
		return;
	task->cancelled = true;
	if (task->phase == RUNNING) {
		attempt_cancel(task->attempt);
		return;
	}
	loop_cancel(task->timer);
	task->timer = NULL;
	approval_withdraw(task->asking);
	task->asking = NULL;
	if (task->phase == ASKING && task->attempts) /* what to do about its failure */
		task_finish(task, OUTCOME_FAILED, NULL);
	else
		task_finish(
		    task, OUTCOME_CANCELLED, task->made ? TASK_MADE : "the run was stopped");
}

bool task_is_first_attempt(const struct task *task)
{
	return task->attempts == 1;
}

char *task_title(const struct task *task)
{
	const char *title = task->prepared.title;

	return title ? redact_text(task_world(task)->plan->redact, title, strlen(title)) : NULL;
}

void task_note_inner_stop(struct task *task)
{
	task->inner_stop = true;
}
