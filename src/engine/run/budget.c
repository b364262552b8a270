/* The clock of a step. Invariant: that the time was up is told once, at the latest when the step ends. */
#include "budget.h"

#define WARN_PERCENT 80

void budget_init(struct budget *budget)
{
	budget->began = loop_now(budget->loop);
	budget->ended = json_array();
}

void budget_release(struct budget *budget)
{
	loop_cancel(budget->warn);
	loop_cancel(budget->over);
	loop_cancel(budget->late);
	json_decref(budget->exceeded_at);
	json_decref(budget->ended);
}

bool budget_is_exceeded(const struct budget *budget)
{
	return budget->exceeded;
}

msec budget_deadline(const struct budget *budget)
{
	return budget->deadline;
}

void budget_note_ended(struct budget *budget, const char *command)
{
	json_array_append_new(budget->ended, json_string(command));
}

/* ---- what is told ---- */

json_t *budget_fields(const struct budget *budget)
{
	return json_pack("{s:s, s:f, s:f}", "step", budget->step, "seconds",
	    (double)(loop_now(budget->loop) - budget->began) / 1000.0, "budget_seconds",
	    (double)budget->span / 1000.0);
}

static void emit_exceeded(struct budget *budget, bool waiting)
{
	json_t *fields = budget_fields(budget);

	if (budget->exceeded_at)
		json_object_set(fields, "time", budget->exceeded_at);
	json_object_set_new(fields, "ended", json_copy(budget->ended)); /* it may be used again */
	if (waiting)
		json_object_set_new(fields, "waiting", json_true());
	event_emit(budget->events, "budget.exceeded", fields);
}

static void tell_exceeded(struct budget *budget, bool waiting)
{
	if (!budget->told)
		emit_exceeded(budget, waiting);
	budget->told = true;
}

/* ---- timers ---- */

static void on_warn(void *ctx)
{
	struct budget *budget = ctx;

	budget->warn = NULL;
	event_emit(budget->events, "budget.warned", budget_fields(budget));
}

static void on_over(void *ctx)
{
	struct budget *budget = ctx;

	budget->over = NULL;
	budget->exceeded = true;
	if (!budget->exceeded_at) /* not when a person has thought about a failure since */
		budget->exceeded_at = event_time(budget->events);
	budget->above->over(budget->ctx);
}

/* While a person is asked the step's time stands still, and nothing is ended: but those who wait for the
 * platform's repair do not stand still, and are told. */
static void on_late(void *ctx)
{
	struct budget *budget = ctx;

	budget->late = NULL;
	if (!budget->deadline && !budget->told)
		emit_exceeded(budget, true);
}

static void set_timer(struct budget *budget, msec left)
{
	loop_cancel(budget->over);
	budget->deadline = loop_now(budget->loop) + left;
	budget->over = loop_deadline(budget->loop, left > 0 ? left : 0, on_over, budget);
}

void budget_start(struct budget *budget)
{
	set_timer(budget, budget->span);
	budget->warn = loop_after(budget->loop, budget->span * WARN_PERCENT / 100, on_warn, budget);
	budget->late = loop_after(budget->loop, budget->span, on_late, budget);
}

void budget_end(struct budget *budget)
{
	loop_cancel(budget->warn);
	loop_cancel(budget->over);
	loop_cancel(budget->late);
	budget->warn = budget->over = budget->late = NULL;
	if (budget->exceeded)
		tell_exceeded(budget, false);
}

/* ---- while a person is asked ---- */

static void pause_one(struct budget *budget)
{
	if (!budget->deadline)
		return;
	budget->left = budget->deadline - loop_now(budget->loop);
	budget->deadline = 0;
	loop_cancel(budget->over);
	budget->over = NULL;
	budget->above->moved(budget->ctx);
}

static void resume_one(struct budget *budget, msec left)
{
	if (budget->deadline)
		return;
	set_timer(budget, left);
	budget->above->moved(budget->ctx);
}

/* The steps that this one runs inside of wait for the person too. */
void budget_pause(struct budget *budget)
{
	for (; budget; budget = budget->outer) {
		pause_one(budget);
		if (budget->exceeded) /* what to do about that is asked: the step's end is far */
			tell_exceeded(budget, true);
	}
}

void budget_resume(struct budget *budget)
{
	for (; budget; budget = budget->outer)
		resume_one(budget, budget->left);
}

void budget_renew(struct budget *budget)
{
	budget->exceeded = budget->told = false;
	json_array_clear(budget->ended);
	json_decref(budget->exceeded_at);
	budget->exceeded_at = NULL;
	budget->deadline = 0;
	resume_one(budget, budget->span);
}
