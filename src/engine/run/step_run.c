/* Drives the actions of one step. Invariants: a change runs alone; nothing starts after the step's
 * time was up or the run was stopped; the step ends once, when no slot is active. */
#include "step_run.h"

#include <stdlib.h>

#include "engine/plan/refs.h"
#include "fsops/mem.h"
#include "slot.h"

struct step_run {
	struct step_spec spec;
	struct each each; /* of the step's own for_each */
	struct scope scope;
	struct budget budget;
	struct slot *slots;
	struct action_needs *needs; /* of each slot; engine/plan/refs.h */
	size_t told;                /* slots before this one have told all their events */
	struct loop_timer *turn;    /* look again at what may start */
	enum outcome outcome;
	enum level severity;     /* of the worst that did not go well in it */
	enum stop stop_at_start; /* `always` steps run although the run was stopped before */
	char *why;               /* it was skipped, or could not be begun */
};

static void step_turn(void *ctx);

static size_t count_of(const struct step_run *step)
{
	return step->spec.plan->action_count;
}

static struct tally *tally_of(const struct step_run *step)
{
	return &step->spec.world->tally;
}

static struct tools *tools_of(const struct step_run *step)
{
	return &step->spec.world->tools;
}

/* Look again, in the loop's next round, at what may start and whether the step has ended. */
static void look_again(struct step_run *step)
{
	if (!step->turn)
		step->turn = loop_after(tools_of(step)->loop, 0, step_turn, step);
}

/* ---- the clock ---- */

static void on_over(void *ctx)
{
	struct step_run *step = ctx;

	for (size_t i = 0; i < count_of(step); i++)
		slot_time_out(&step->slots[i]);
	look_again(step);
}

static void on_moved(void *ctx)
{
	struct step_run *step = ctx;

	for (size_t i = 0; i < count_of(step); i++)
		slot_deadline_moved(&step->slots[i]);
}

static const struct budget_above budget_above = {.over = on_over, .moved = on_moved};

static void begin_budget(struct step_run *step)
{
	step->budget = (struct budget){
	    .loop = tools_of(step)->loop,
	    .events = tools_of(step)->events,
	    .outer = step->spec.world->around,
	    .step = step->spec.id,
	    .span = step->spec.plan->budget,
	    .above = &budget_above,
	    .ctx = step,
	};
	budget_init(&step->budget);
}

/* ---- the end ---- */

static void emit_finished(struct step_run *step, const char *why)
{
	json_t *fields = budget_fields(&step->budget);
	enum stop stop = tally_of(step)->stop;

	json_object_set_new(fields, "outcome", json_string(outcome_name(step->outcome)));
	if (step->outcome == OUTCOME_FAILED || step->outcome == OUTCOME_TIMED_OUT)
		json_object_set_new(fields, "severity", json_string(level_name(step->severity)));
	if (why)
		json_object_set_new(fields, "why", json_string(why));
	if (stop != STOP_NONE)
		json_object_set_new(fields, "stop", json_string(stop_name(stop)));
	event_emit(tools_of(step)->events, "step.finished", fields);
}

static void step_end(struct step_run *step, const char *why)
{
	if (budget_is_exceeded(&step->budget)) {
		step->outcome = OUTCOME_TIMED_OUT;
		step->severity = LEVEL_CRITICAL;
		tally_add_level(tally_of(step), LEVEL_CRITICAL);
	}
	budget_end(&step->budget);
	emit_finished(step, why);
	step->spec.ended(step->spec.ctx);
}

static void slots_release(struct step_run *step)
{
	for (size_t i = 0; i < count_of(step); i++)
		slot_release(&step->slots[i]);
	free(step->slots);
	step->slots = NULL;
}

void step_free(struct step_run *step)
{
	if (!step)
		return;
	slots_release(step);
	loop_cancel(step->turn);
	budget_release(&step->budget);
	each_release(&step->each);
	refs_needs_free(step->needs, count_of(step));
	free(step->spec.id);
	free(step->why);
	free(step);
}

/* ---- which may start ---- */

static bool is_barrier(const struct step_run *step, const struct plan_action *action)
{
	return action->effect != EFFECT_READ || action->action->adapter->alone ||
	       step->spec.plan->step->sequential;
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

	for (size_t i = 0; i < count_of(step); i++)
		active += step->slots[i].state == SLOT_ACTIVE;
	return active;
}

/* A barrier waits for everything before it, and everything after it waits for a barrier. */
static void start_what_may(struct step_run *step)
{
	size_t active = count_active(step);
	bool all_ended = true; /* before this one */

	for (size_t i = 0; i < count_of(step) && active < RUN_READS_MAX; i++) {
		struct slot *slot = &step->slots[i];
		bool barrier = is_barrier(step, slot->place.action);

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

/* Nothing more may start in it: its time is up, or the run was stopped since it began. */
static bool is_stopping(void *ctx)
{
	const struct step_run *step = ctx;
	const struct tally *tally = tally_of(step);

	return budget_is_exceeded(&step->budget) ||
	       (tally_is_stopped(tally) && tally->stop != step->stop_at_start);
}

static void cancel_waiting(struct step_run *step)
{
	for (size_t i = 0; i < count_of(step); i++)
		if (step->slots[i].state == SLOT_WAITING)
			slot_skip(&step->slots[i], OUTCOME_CANCELLED,
			    budget_is_exceeded(&step->budget) ? "the step's time was up"
			                                      : "the run was stopped");
}

static bool all_ended(const struct step_run *step)
{
	for (size_t i = 0; i < count_of(step); i++)
		if (step->slots[i].state != SLOT_ENDED)
			return false;
	return true;
}

/* ---- what comes from its slots ---- */

/* Slots that have ended are told of; the first that has not may speak freely from now on. */
static void tell_in_order(struct step_run *step)
{
	while (step->told < count_of(step)) {
		struct slot *slot = &step->slots[step->told];

		slot_speak(slot);
		if (slot->state != SLOT_ENDED)
			return;
		step->told++;
	}
}

static void on_slot_ended(void *ctx, const struct slot *slot)
{
	struct step_run *step = ctx;

	if (slot->outcome > step->outcome)
		step->outcome = slot->outcome;
	step->severity = level_worst(step->severity, slot->severity);
	tell_in_order(step);
	look_again(step);
}

static const struct slot_above slot_above = {.is_stopping = is_stopping, .ended = on_slot_ended};

/* ---- the step's own for_each ---- */

static void begin_slot(struct step_run *step, size_t index)
{
	const struct plan_step *plan = step->spec.plan;
	struct slot *slot = &step->slots[index];

	*slot = (struct slot){
	    .above = &slot_above,
	    .ctx = step,
	    .place = {.world = step->spec.world,
	        .action = &plan->actions[index],
	        .step = step->spec.id,
	        .title = plan->title,
	        .step_rule = plan->step->on_failure,
	        .budget = &step->budget},
	    .step_scope = &step->scope,
	    .step_each = &step->each,
	    .number = index + 1,
	};
	slot_init(slot);
}

static void begin_item(struct step_run *step)
{
	each_begin(&step->each, step->spec.plan->step->as, &step->spec.world->scope, &step->scope);
	step->slots = mem_alloc(count_of(step) * sizeof(*step->slots));
	for (size_t i = 0; i < count_of(step); i++)
		begin_slot(step, i);
	step->told = 0;
	tell_in_order(step);
}

static bool next_item(struct step_run *step)
{
	if (is_stopping(step) || !each_next(&step->each))
		return false;
	slots_release(step);
	begin_item(step);
	return true;
}

static void step_turn(void *ctx)
{
	struct step_run *step = ctx;

	step->turn = NULL;
	if (is_stopping(step))
		cancel_waiting(step);
	else
		start_what_may(step);
	if (!all_ended(step))
		return;
	loop_cancel(step->turn); /* the slots that ended just now asked for it */
	step->turn = NULL;
	if (next_item(step))
		look_again(step);
	else
		step_end(step, NULL);
}

/* ---- the beginning ---- */

static void emit_started(struct step_run *step)
{
	const struct step_spec *spec = &step->spec;

	event_emit(tools_of(step)->events, "step.started",
	    json_pack("{s:s, s:s, s:s, s:f, s:i, s:i}", "step", spec->id, "title",
	        spec->plan->title, "section", section_name(spec->plan->section), "budget_seconds",
	        (double)spec->plan->budget / 1000.0, "number", (int)spec->number, "of",
	        (int)spec->of));
}

static int list_items(struct step_run *step, struct err *err)
{
	struct world *world = step->spec.world;

	return each_list(&step->each, world, &world->scope, &step->spec.plan->step->for_each,
	    json_pack("{s:s}", "step", step->spec.id), err);
}

/* 1: go on; 0: the step is skipped; -1: it cannot be told. */
static int check_condition(struct step_run *step, struct err *err)
{
	const struct step *model = step->spec.plan->step;
	const struct world *world = step->spec.world;
	bool holds = true;

	/* What has begun goes on, whatever it has changed meanwhile. */
	if (model->when.expr && !past_step_began(world->past, step->spec.id) &&
	    scope_eval_bool(&world->scope, &model->when, &holds, err) < 0)
		return -1;
	if (!holds) {
		err_set(err, ERR_NONE, "not so: %s", model->when.text);
		return 0;
	}
	if (!model->for_each.expr)
		return 1;
	if (list_items(step, err) < 0)
		return -1;
	if (!json_is_array(step->each.items))
		return err_set(
		    err, ERR_INPUT, "for_each is not a list (in '%s')", model->for_each.text);
	if (json_array_size(step->each.items) == 0)
		err_set(
		    err, ERR_NONE, "for_each: the list is empty (in '%s')", model->for_each.text);
	return json_array_size(step->each.items) > 0;
}

/* A step whose condition cannot be told has not passed. Did it hold a change, the run must not go
 * on as if the change had not been needed. */
static void condition_unknown(struct step_run *step, const struct err *err)
{
	struct tally *tally = tally_of(step);

	if (step->spec.world->options->check && err->kind == ERR_UNKNOWN) {
		step->outcome = OUTCOME_SKIPPED;
		return;
	}
	step->outcome = OUTCOME_FAILED;
	step->severity = LEVEL_CRITICAL;
	tally->untold++;
	/* Whatever is accepted of a runbook inside: nobody knows whether it was to run. */
	tally_add_level_everywhere(tally, LEVEL_CRITICAL);
	for (size_t i = 0; i < count_of(step); i++)
		if (step->spec.plan->actions[i].effect != EFFECT_READ)
			tally_stop(tally, STOP_FAILED, err->text);
}

/* A later condition may ask how the actions of this step ended. */
static void note_not_run(struct step_run *step)
{
	for (size_t i = 0; i < count_of(step); i++)
		json_object_set_new(step->spec.world->results, step->spec.plan->actions[i].id,
		    json_pack(
		        "{s:s, s:s}", "outcome", outcome_name(step->outcome), "why", step->why));
}

static void on_skipped(void *ctx)
{
	struct step_run *step = ctx;

	step->turn = NULL;
	step_end(step, step->why);
}

static void skip(struct step_run *step, const char *why)
{
	step->why = mem_text(why);
	note_not_run(step);
	step->turn = loop_after(tools_of(step)->loop, 0, on_skipped, step);
}

struct step_run *step_start(const struct step_spec *spec)
{
	struct step_run *step = mem_alloc(sizeof(*step));
	struct err err = {0};
	int condition;

	step->spec = *spec;
	step->stop_at_start = tally_of(step)->stop;
	step->needs = refs_needs(spec->plan->step);
	begin_budget(step);
	emit_started(step);
	condition = check_condition(step, &err);
	begin_item(step);
	if (condition < 0)
		condition_unknown(step, &err);
	if (condition <= 0) {
		skip(step, err.text);
		return step;
	}
	budget_start(&step->budget);
	look_again(step);
	return step;
}

void step_interrupt(struct step_run *step)
{
	for (size_t i = 0; i < count_of(step); i++)
		slot_cancel(&step->slots[i]);
	look_again(step);
}
