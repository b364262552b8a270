/*
 * What a change is looked at with. The change has been made, once; from then on only its `look:` is
 * asked, until `until` holds of that one's result or the step's time is up.
 *
 * Invariant: nothing here makes the change again, whatever a look says.
 */
#include <stdlib.h>

#include "engine/plan/refs.h"
#include "engine/run/judge.h"
#include "fsops/mem.h"
#include "private.h"

/* The look as an action whose result `until` judges. */
static struct action looking(const struct task *task)
{
	struct action look = *task_action(task)->look;

	look.until = task_action(task)->until;
	return look;
}

static void look_later(struct task *task, const char *why)
{
	task_set_why(task, why);
	task_set_phase(task, PAUSING);
	task->timer =
	    loop_after(task_world(task)->tools.loop, task_action(task)->every, task_look, task);
}

static void on_look_ended(void *ctx, const struct attempt_end *end)
{
	struct task *task = ctx;
	const struct action look = looking(task);
	struct scope own = {.outer = task->place->scope, .names = end->result};
	char why[ERR_TEXT_MAX] = "";

	task->attempt = NULL;
	if (task->cancelled)
		task_finish(task, OUTCOME_CANCELLED, TASK_MADE);
	else if (task->timed_out)
		task_end_late(task, end->why);
	else if (judge(&look, end, &own, why, sizeof(why)) == VERDICT_GOOD)
		task_pass(task);
	else
		look_later(task, why);
}

/* The look may name what the change gave. */
static int fill_in(struct task *task, struct prepared *prepared, struct err *err)
{
	struct scope own = {.outer = task->place->scope, .names = task->result};
	struct expander expander = {.scope = &own,
	    .redact = task_world(task)->plan->redact,
	    .plan = task_world(task)->plan};

	*prepared = (struct prepared){0};
	if (task_check_environment(task, task_action(task)->look, err) < 0)
		return -1;
	return prepared_make(prepared, &expander, task_action(task)->look, err);
}

static json_t *wanted_fields(const struct action *look)
{
	json_t *refs = json_object();
	json_t *fields = refs_fields(refs, look);

	json_decref(refs);
	return fields;
}

void task_look(void *ctx)
{
	struct task *task = ctx;
	const struct action look = looking(task);
	struct world *world = task_world(task);
	struct prepared prepared;
	struct err err;

	task->timer = NULL;
	if (fill_in(task, &prepared, &err) < 0) {
		task_fail(task, OUTCOME_FAILED, err.text);
		return;
	}
	task_set_phase(task, RUNNING);
	free(task->looking);
	task->looking = mem_text(prepared.line);
	task->killed = false;
	task->attempt = attempt_start(&(struct attempt_spec){
	    .adapter = look.adapter,
	    .loop = world->tools.loop,
	    .children = world->tools.children,
	    .args = json_incref(prepared.args),
	    .target = json_incref(prepared.target),
	    .tunnels = world->tools.tunnels,
	    .tunnel = json_incref(prepared.tunnel),
	    .env = task_environment(task, &look),
	    .wants = wanted_fields(&look),
	    .effect = EFFECT_READ,
	    .fresh = true,
	    .deadline = look.timeout ? task_now(task) + look.timeout : 0,
	    .budget_end = budget_deadline(task->place->budget),
	    .killed = task_note_killed,
	    .redact = world->plan->redact,
	    .ended = on_look_ended,
	    .ctx = task,
	});
	prepared_release(&prepared);
}

/* ---- after the run was cut off ---- */

bool task_look_on(struct task *task, const json_t *made)
{
	struct prepared look;
	struct err err;

	if (!made || !task_action(task)->look)
		return false;
	task->result = past_made(made);
	task->wants = refs_fields(task_world(task)->plan->refs, task_action(task));
	if (task_fill_in(task, &err) < 0 || fill_in(task, &look, &err) < 0) {
		prepared_release(&task->prepared);
		json_decref(task->result);
		json_decref(task->wants);
		task->result = task->wants = NULL;
		return false;
	}
	prepared_release(&look);
	task->made = true;
	task_look(task);
	return true;
}
