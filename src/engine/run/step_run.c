/* Drives the actions of one step. Invariants: a change runs alone; nothing starts after the step's
 * time was up or the run was stopped; the step ends once, when no slot is active. */
#include "step_run.h"

#include <stdlib.h>
#include <string.h>

#include "engine/plan/ceiling.h"
#include "engine/plan/refs.h"
#include "engine/resume/past.h"
#include "engine/run/task/task.h"
#include "engine/terms/item.h"
#include "fsops/mem.h"
#include "step_private.h"

#define WARN_PERCENT 80

static void step_turn(void *ctx);

const char *step_id(const struct step_run *step)
{
	return step->id;
}

void step_look_again(struct step_run *step)
{
	if (!step->turn)
		step->turn = loop_after(step->run->loop, 0, step_turn, step);
}

/* ---- the clock ---- */

static double seconds_since(const struct step_run *step)
{
	return (double)(loop_now(step->run->loop) - step->began) / 1000.0;
}

static json_t *clock_fields(const struct step_run *step)
{
	return json_pack("{s:s, s:f, s:f}", "step", step->id, "seconds", seconds_since(step),
	    "budget_seconds", (double)step->plan->budget / 1000.0);
}

static void on_warn(void *ctx)
{
	struct step_run *step = ctx;

	step->warn = NULL;
	event_emit(step->run->events, "budget.warned", clock_fields(step));
}

static void on_over(void *ctx)
{
	struct step_run *step = ctx;

	step->over = NULL;
	step->exceeded = true;
	if (!step->exceeded_at) /* not when a person has thought about a failure since */
		step->exceeded_at = event_time(step->run->events);
	for (size_t i = 0; i < step->plan->action_count; i++)
		if (step->slots[i].state == SLOT_ACTIVE)
			task_time_out(step->slots[i].task);
	step_look_again(step);
}

static void emit_exceeded(struct step_run *step, bool waiting)
{
	json_t *fields = clock_fields(step);

	if (step->exceeded_at)
		json_object_set(fields, "time", step->exceeded_at);
	json_object_set_new(fields, "ended", json_copy(step->ended)); /* it may be used again */
	if (waiting)
		json_object_set_new(fields, "waiting", json_true());
	event_emit(step->run->events, "budget.exceeded", fields);
}

static void tell_exceeded(struct step_run *step, bool waiting)
{
	if (!step->exceeded_told)
		emit_exceeded(step, waiting);
	step->exceeded_told = true;
}

/* While a person is asked the step's time stands still, and nothing is ended: but those who wait for the
 * platform's repair do not stand still, and are told. */
static void on_late(void *ctx)
{
	struct step_run *step = ctx;

	step->late = NULL;
	if (!step->deadline && !step->exceeded_told)
		emit_exceeded(step, true);
}

static void set_timers(struct step_run *step, msec left)
{
	struct loop *loop = step->run->loop;

	loop_cancel(step->over);
	step->deadline = loop_now(loop) + left;
	step->over = loop_deadline(loop, left > 0 ? left : 0, on_over, step);
}

static void tell_tasks(struct step_run *step)
{
	/* A task that asks before its first attempt is not in its slot yet; it has no deadline. */
	for (size_t i = 0; i < step->plan->action_count; i++)
		if (step->slots[i].task)
			task_deadline_moved(step->slots[i].task);
}

static void pause_step(struct step_run *step)
{
	if (!step->deadline)
		return;
	step->left = step->deadline - loop_now(step->run->loop);
	step->deadline = 0;
	loop_cancel(step->over);
	step->over = NULL;
	tell_tasks(step);
}

static void resume_step(struct step_run *step, msec left)
{
	if (step->deadline)
		return;
	set_timers(step, left);
	tell_tasks(step);
}

/* The steps that this one runs inside of wait for the person too. */
void slot_pause_budget(struct slot *slot)
{
	for (struct run *run = slot->step->run; run; run = run->outer) {
		pause_step(run->step);
		if (run->step->exceeded) /* what to do about that is asked: the step's end is far */
			tell_exceeded(run->step, true);
	}
}

void slot_resume_budget(struct slot *slot)
{
	for (struct run *run = slot->step->run; run; run = run->outer)
		resume_step(run->step, run->step->left);
}

void slot_renew_budget(struct slot *slot)
{
	struct step_run *step = slot->step;

	step->exceeded = step->exceeded_told = false;
	json_array_clear(step->ended);
	json_decref(step->exceeded_at);
	step->exceeded_at = NULL;
	step->deadline = 0;
	resume_step(step, step->plan->budget);
}

/* ---- the end ---- */

static void emit_finished(struct step_run *step, const char *why)
{
	json_t *fields = clock_fields(step);

	json_object_set_new(fields, "outcome", json_string(outcome_name(step->outcome)));
	if (step->outcome == OUTCOME_FAILED || step->outcome == OUTCOME_TIMED_OUT)
		json_object_set_new(fields, "severity", json_string(level_name(step->severity)));
	if (why)
		json_object_set_new(fields, "why", json_string(why));
	if (step->run->stop != STOP_NONE)
		json_object_set_new(fields, "stop", json_string(stop_name(step->run->stop)));
	event_emit(step->run->events, "step.finished", fields);
}

static void step_end(struct step_run *step, const char *why)
{
	loop_cancel(step->warn);
	loop_cancel(step->over);
	loop_cancel(step->late);
	step->warn = step->over = step->late = NULL;
	if (step->exceeded) {
		step->outcome = OUTCOME_TIMED_OUT;
		step->severity = LEVEL_CRITICAL;
		run_add_level(step->run, LEVEL_CRITICAL);
		tell_exceeded(step, false);
	}
	emit_finished(step, why);
	run_step_ended(step->run);
}

static void slots_release(struct step_run *step)
{
	for (size_t i = 0; i < step->plan->action_count; i++) {
		struct slot *slot = &step->slots[i];

		task_free(slot->task);
		json_decref(slot->items);
		json_decref(slot->told_items);
		json_decref(slot->item_names);
		json_decref(slot->results);
		json_decref(slot->held);
	}
	free(step->slots);
	step->slots = NULL;
}

void step_free(struct step_run *step)
{
	if (!step)
		return;
	slots_release(step);
	loop_cancel(step->turn);
	loop_cancel(step->warn);
	loop_cancel(step->over);
	loop_cancel(step->late);
	json_decref(step->items);
	json_decref(step->told_items);
	json_decref(step->item_names);
	json_decref(step->exceeded_at);
	json_decref(step->ended);
	refs_needs_free(step->needs, step->plan->action_count);
	free(step->id);
	free(step->why);
	free(step);
}

/* ---- which may start ---- */

static bool is_barrier(const struct slot *slot)
{
	return slot->plan->effect != EFFECT_READ || slot->plan->action->adapter->alone ||
	       slot->step->plan->step->sequential;
}

static bool needs_ended(const struct step_run *step, size_t index)
{
	const struct action_needs *needs = &step->needs[index];

	for (size_t i = 0; i < needs->count; i++)
		if (step->slots[needs->items[i]].state != SLOT_ENDED)
			return false;
	return true;
}

static size_t count_active(const struct step_run *step)
{
	size_t active = 0;

	for (size_t i = 0; i < step->plan->action_count; i++)
		active += step->slots[i].state == SLOT_ACTIVE;
	return active;
}

/* A barrier waits for everything before it, and everything after it waits for a barrier. */
static void start_what_may(struct step_run *step)
{
	size_t active = count_active(step);
	bool all_ended = true; /* before this one */

	for (size_t i = 0; i < step->plan->action_count && active < RUN_READS_MAX; i++) {
		struct slot *slot = &step->slots[i];
		bool barrier = is_barrier(slot);

		if (slot->state == SLOT_WAITING && (all_ended || !barrier) &&
		    needs_ended(step, i)) {
			slot_start(slot);
			active += slot->state == SLOT_ACTIVE;
		}
		if (slot->state == SLOT_ENDED)
			continue;
		if (barrier)
			return;
		all_ended = false;
	}
}

bool step_is_stopping(const struct step_run *step)
{
	return step->exceeded ||
	       (run_is_stopped(step->run) && step->run->stop != step->stop_at_start);
}

static void cancel_waiting(struct step_run *step)
{
	for (size_t i = 0; i < step->plan->action_count; i++)
		if (step->slots[i].state == SLOT_WAITING)
			slot_skip(&step->slots[i], OUTCOME_CANCELLED,
			    step->exceeded ? "the step's time was up" : "the run was stopped");
}

static bool all_ended(const struct step_run *step)
{
	for (size_t i = 0; i < step->plan->action_count; i++)
		if (step->slots[i].state != SLOT_ENDED)
			return false;
	return true;
}

/* ---- the step's own for_each ---- */

static void begin_item(struct step_run *step)
{
	step->scope = (struct scope){.outer = &step->run->scope};
	if (step->items) {
		step->repeat = item_repeats(step->told_items, step->item);
		json_decref(step->item_names);
		step->item_names = json_object();
		json_object_set(step->item_names, step->plan->step->as,
		    json_array_get(step->items, step->item));
		step->scope.names = step->item_names;
		step->scope.items = true;
	}
	step->told = 0;
	step->slots = mem_alloc(step->plan->action_count * sizeof(*step->slots));
	for (size_t i = 0; i < step->plan->action_count; i++) {
		step->slots[i].step = step;
		step->slots[i].plan = &step->plan->actions[i];
	}
}

static bool next_item(struct step_run *step)
{
	if (!step->items || step_is_stopping(step) || ++step->item >= json_array_size(step->items))
		return false;
	slots_release(step);
	begin_item(step);
	return true;
}

static void step_turn(void *ctx)
{
	struct step_run *step = ctx;

	step->turn = NULL;
	if (step_is_stopping(step))
		cancel_waiting(step);
	else
		start_what_may(step);
	if (!all_ended(step))
		return;
	loop_cancel(step->turn); /* the slots that ended just now asked for it */
	step->turn = NULL;
	if (next_item(step))
		step_look_again(step);
	else
		step_end(step, NULL);
}

/* ---- the beginning ---- */

static void emit_started(struct step_run *step)
{
	const struct run *run = step->run;

	event_emit(run->events, "step.started",
	    json_pack("{s:s, s:s, s:s, s:f, s:i, s:i}", "step", step->id, "title",
	        step->plan->title, "section", section_name(step->plan->section), "budget_seconds",
	        (double)step->plan->budget / 1000.0, "number", (int)run->number, "of",
	        (int)run_steps_in_all(run)));
}

static int list_items(struct step_run *step, struct err *err)
{
	json_t *fields = json_pack("{s:s}", "step", step->id);

	step->items = past_items(step->run->past, fields);
	if (!step->items &&
	    scope_eval(&step->run->scope, &step->plan->step->for_each, &step->items, err) < 0) {
		json_decref(fields);
		return -1;
	}
	if (ceiling_items(step->items, step->plan->step->for_each.text, err) < 0) {
		json_decref(fields);
		return -1;
	}
	step->told_items = redact_value(step->run->plan->redact, step->items);
	json_object_set(fields, "items", step->items);
	event_emit(step->run->events, "items.listed", fields);
	return 0;
}

/* 1: go on; 0: the step is skipped; -1: it cannot be told. */
static int check_condition(struct step_run *step, struct err *err)
{
	const struct step *model = step->plan->step;
	bool holds = true;

	/* What has begun goes on, whatever it has changed meanwhile. */
	if (model->when.expr && !past_step_began(step->run->past, step->id) &&
	    scope_eval_bool(&step->run->scope, &model->when, &holds, err) < 0)
		return -1;
	if (!holds) {
		err_set(err, ERR_NONE, "not so: %s", model->when.text);
		return 0;
	}
	if (!model->for_each.expr)
		return 1;
	if (list_items(step, err) < 0)
		return -1;
	if (!json_is_array(step->items))
		return err_set(
		    err, ERR_INPUT, "for_each is not a list (in '%s')", model->for_each.text);
	if (json_array_size(step->items) == 0)
		err_set(
		    err, ERR_NONE, "for_each: the list is empty (in '%s')", model->for_each.text);
	return json_array_size(step->items) > 0;
}

/* A step whose condition cannot be told has not passed. Did it hold a change, the run must not go
 * on as if the change had not been needed. */
static void condition_unknown(struct step_run *step, const struct err *err)
{
	struct run *run = step->run;

	if (run->options->check && err->kind == ERR_UNKNOWN) {
		step->outcome = OUTCOME_SKIPPED;
		return;
	}
	step->outcome = OUTCOME_FAILED;
	step->severity = LEVEL_CRITICAL;
	run->untold++;
	/* Whatever is accepted of a runbook inside: nobody knows whether it was to run. */
	for (struct run *whole = run; whole; whole = whole->outer)
		run_add_level(whole, LEVEL_CRITICAL);
	for (size_t i = 0; i < step->plan->action_count; i++)
		if (step->plan->actions[i].effect != EFFECT_READ)
			run_stop(run, STOP_FAILED, err->text);
}

/* A later condition may ask how the actions of this step ended. */
static void note_not_run(struct step_run *step)
{
	for (size_t i = 0; i < step->plan->action_count; i++)
		json_object_set_new(step->run->results, step->plan->actions[i].id,
		    json_pack(
		        "{s:s, s:s}", "outcome", outcome_name(step->outcome), "why", step->why));
}

static void on_skipped(void *ctx)
{
	struct step_run *step = ctx;

	step->turn = NULL;
	step_end(step, step->why);
}

struct step_run *step_start(struct run *run, const struct plan_step *plan)
{
	struct step_run *step = mem_alloc(sizeof(*step));
	struct err err = {0};
	int condition;

	step->run = run;
	step->plan = plan;
	step->stop_at_start = run->stop;
	step->id = mem_printf("%s%s", run->prefix, plan->id);
	step->ended = json_array();
	step->needs = refs_needs(plan->step);
	step->began = loop_now(run->loop);
	emit_started(step);
	condition = check_condition(step, &err);
	begin_item(step);
	if (condition < 0)
		condition_unknown(step, &err);
	if (condition <= 0) {
		step->why = mem_text(err.text);
		note_not_run(step);
		step->turn = loop_after(run->loop, 0, on_skipped, step);
		return step;
	}
	set_timers(step, plan->budget);
	step->warn = loop_after(run->loop, plan->budget * WARN_PERCENT / 100, on_warn, step);
	step->late = loop_after(run->loop, plan->budget, on_late, step);
	step_look_again(step);
	return step;
}

void step_interrupt(struct step_run *step)
{
	for (size_t i = 0; step->slots && i < step->plan->action_count; i++)
		if (step->slots[i].state == SLOT_ACTIVE)
			task_cancel(step->slots[i].task);
	step_look_again(step);
}
