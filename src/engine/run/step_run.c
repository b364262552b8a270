/* Drives the actions of one step. Invariants: a change runs alone; nothing starts after the step's
 * time was up or the run was stopped; the step ends once, when no slot is active. */
#include "step_run.h"

#include <stdlib.h>

#include "fsops/mem.h"
#include "order.h"
#include "slot.h"

/* All its actions once: for one item of the step's own for_each, or without one. */
struct round {
	struct each_item item;
	struct scope scope;
	struct slot *slots;
};

/* Slots are numbered over all rounds, in the declared order. */
struct step_run {
	struct step_spec spec;
	struct each each; /* of the step's own for_each */
	struct budget budget;
	struct order order;      /* of the newest round */
	struct round **rounds;   /* NULL: not begun, or over */
	size_t begun;            /* so many rounds have */
	size_t freed;            /* so many are over */
	size_t ended;            /* so many slots have */
	size_t told;             /* slots before this one have told all their events */
	size_t running;          /* places that are taken */
	struct slot *hungry;     /* the last that began has items that wait for room; NULL: none */
	struct loop_timer *turn; /* look again at what may start */
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

/* The slot of that number; its round is neither to come nor over. */
static struct slot *slot_at(const struct step_run *step, size_t index)
{
	return &step->rounds[index / count_of(step)]->slots[index % count_of(step)];
}

/* Slots of rounds that have begun. */
static size_t slots_begun(const struct step_run *step)
{
	return step->begun * count_of(step);
}

static void each_slot(struct step_run *step, void (*fn)(struct slot *slot))
{
	for (size_t i = step->told; i < slots_begun(step); i++)
		fn(slot_at(step, i));
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

	each_slot(step, slot_time_out);
	look_again(step);
}

static void on_moved(void *ctx)
{
	struct step_run *step = ctx;

	each_slot(step, slot_deadline_moved);
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

static void round_free(const struct step_run *step, struct round *round)
{
	for (size_t i = 0; i < count_of(step); i++)
		slot_release(&round->slots[i]);
	each_item_release(&round->item);
	free(round->slots);
	free(round);
}

static void free_rounds(struct step_run *step, size_t end)
{
	for (; step->freed < end; step->freed++) {
		round_free(step, step->rounds[step->freed]);
		step->rounds[step->freed] = NULL;
	}
}

void step_free(struct step_run *step)
{
	if (!step)
		return;
	free_rounds(step, step->begun);
	free(step->rounds);
	order_release(&step->order);
	loop_cancel(step->turn);
	budget_release(&step->budget);
	each_release(&step->each);
	free(step->spec.id);
	free(step->why);
	free(step);
}

/* ---- which may start ---- */

/* Nothing more may start in it: its time is up, or the run was stopped since it began. */
static bool is_stopping(void *ctx)
{
	const struct step_run *step = ctx;
	const struct tally *tally = tally_of(step);

	return budget_is_exceeded(&step->budget) ||
	       (tally_is_stopped(tally) && tally->stop != step->stop_at_start);
}

/* Of rounds that have not begun nothing is told. */
static void cancel_waiting(struct step_run *step)
{
	const char *why =
	    budget_is_exceeded(&step->budget) ? "the step's time was up" : "the run was stopped";
	size_t newest = step->begun ? slots_begun(step) - count_of(step) : 0;

	if (step->hungry)
		slot_go_on(step->hungry);
	for (size_t i = newest > step->told ? newest : step->told; i < slots_begun(step); i++)
		if (slot_at(step, i)->state == SLOT_WAITING)
			slot_skip(slot_at(step, i), OUTCOME_CANCELLED, why);
}

/* ---- what comes from its slots ---- */

static bool take_place(void *ctx)
{
	struct step_run *step = ctx;

	if (step->running == RUN_READS_MAX)
		return false;
	step->running++;
	return true;
}

static void leave_place(void *ctx)
{
	struct step_run *step = ctx;

	step->running--;
	look_again(step);
}

/* Slots that have ended are told of; the first that has not may speak freely from now on. */
static void tell_in_order(struct step_run *step)
{
	while (step->told < slots_begun(step)) {
		struct slot *slot = slot_at(step, step->told);

		slot_speak(slot);
		if (slot->state != SLOT_ENDED)
			return;
		step->told++;
	}
}

static void on_slot_ended(void *ctx, struct slot *slot)
{
	struct step_run *step = ctx;

	if (slot->outcome > step->outcome)
		step->outcome = slot->outcome;
	step->severity = level_worst(step->severity, slot->severity);
	step->ended++;
	if (slot->index / count_of(step) + 1 == step->begun)
		order_ended(&step->order, slot->index % count_of(step));
	if (step->hungry == slot)
		step->hungry = NULL;
	tell_in_order(step);
	look_again(step);
}

static const struct slot_above slot_above = {.is_stopping = is_stopping,
    .take_place = take_place,
    .leave_place = leave_place,
    .ended = on_slot_ended};

/* ---- the step's own for_each ---- */

static void begin_slot(struct step_run *step, struct round *round, size_t number)
{
	const struct plan_step *plan = step->spec.plan;

	round->slots[number] = (struct slot){
	    .above = &slot_above,
	    .ctx = step,
	    .place = {.world = step->spec.world,
	        .action = &plan->actions[number],
	        .step = step->spec.id,
	        .title = plan->title,
	        .step_rule = plan->step->on_failure,
	        .budget = &step->budget},
	    .step_scope = &round->scope,
	    .step_item = &round->item,
	    .index = slots_begun(step) + number,
	    .number = number + 1,
	    .later = plan->rounds_at_once,
	};
}

static void begin_round(struct step_run *step)
{
	struct round *round = mem_alloc(sizeof(*round));

	each_begin(&step->each, step->begun, step->spec.plan->step->as, &step->spec.world->scope,
	    &round->item, &round->scope);
	round->slots = mem_alloc(count_of(step) * sizeof(*round->slots));
	for (size_t i = 0; i < count_of(step); i++)
		begin_slot(step, round, i);
	step->rounds[step->begun++] = round;
	order_again(&step->order);
	tell_in_order(step);
}

static bool is_last_round(const struct step_run *step)
{
	return step->begun == each_count(&step->each);
}

/* Is it the turn of the next round? When they run at once: as soon as all of the last has begun. */
static bool next_round(struct step_run *step)
{
	bool free = step->spec.plan->rounds_at_once ? order_all_given(&step->order)
	                                            : step->ended == slots_begun(step);

	if (is_last_round(step) || !free)
		return false;
	begin_round(step);
	return true;
}

static bool next_slot(struct step_run *step, struct slot **slot)
{
	size_t index;

	while (!order_next(&step->order, &index))
		if (!next_round(step))
			return false;
	*slot = slot_at(step, slots_begun(step) - count_of(step) + index);
	return true;
}

/* There is one place at least for what begins. */
static bool may_start(struct step_run *step)
{
	return step->running < RUN_READS_MAX && !is_stopping(step);
}

/* All of it has begun: what comes after it may begin, too. */
static void look_if_still_hungry(struct step_run *step)
{
	if (step->hungry && !slot_wants_room(step->hungry))
		step->hungry = NULL;
}

static void start_what_may(struct step_run *step)
{
	struct slot *slot;

	if (step->hungry)
		slot_go_on(step->hungry);
	look_if_still_hungry(step);
	while (!step->hungry && may_start(step) && next_slot(step, &slot)) {
		if (slot->state != SLOT_WAITING)
			continue; /* its place was said to be free, and it was cancelled since */
		step->hungry = slot;
		slot_start(slot);
		look_if_still_hungry(step);
	}
}

static void step_turn(void *ctx)
{
	struct step_run *step = ctx;

	step->turn = NULL;
	if (is_stopping(step))
		cancel_waiting(step);
	else
		start_what_may(step);
	free_rounds(step, step->told / count_of(step));
	if (step->ended < slots_begun(step) || !(is_last_round(step) || is_stopping(step)))
		return;
	loop_cancel(step->turn); /* the slots that ended just now asked for it */
	step->turn = NULL;
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
	order_init(&step->order, spec->plan);
	begin_budget(step);
	emit_started(step);
	condition = check_condition(step, &err);
	if (condition < 0)
		condition_unknown(step, &err);
	if (condition <= 0) {
		skip(step, err.text);
		return step;
	}
	step->rounds = mem_alloc(each_count(&step->each) * sizeof(struct round *));
	begin_round(step);
	budget_start(&step->budget);
	look_again(step);
	return step;
}

void step_interrupt(struct step_run *step)
{
	each_slot(step, slot_cancel);
	look_again(step);
}
