/* One action's place in its step: its items, its task, its events in the declared order.
 * Invariant: a slot goes from waiting to active to ended; what it tells while an earlier slot has
 * not ended is held back, with the time at which it happened. Only that it begins is told at once,
 * so that a person sees how much is waited for. */
#include <stdlib.h>
#include <string.h>

#include "engine/plan/ceiling.h"
#include "engine/resume/past.h"
#include "engine/run/task/task.h"
#include "engine/terms/item.h"
#include "fsops/mem.h"
#include "step_private.h"

/* ---- what a task may ask ---- */

struct run *slot_run(const struct slot *slot)
{
	return slot->step->run;
}

const struct step_run *slot_step(const struct slot *slot)
{
	return slot->step;
}

const struct plan_action *slot_action(const struct slot *slot)
{
	return slot->plan;
}

const struct scope *slot_scope(const struct slot *slot)
{
	return &slot->scope;
}

const char *slot_title(const struct slot *slot)
{
	return slot->step->plan->title;
}

enum on_failure slot_step_rule(const struct slot *slot)
{
	return slot->step->plan->step->on_failure;
}

const struct past_found *slot_past(const struct slot *slot)
{
	return &slot->past;
}

msec slot_deadline(const struct slot *slot)
{
	return slot->step->deadline;
}

void slot_note_ended(struct slot *slot, const char *command)
{
	json_array_append_new(slot->step->ended, json_string(command));
}

/* ---- events, in the declared order ---- */

static size_t index_of(const struct slot *slot)
{
	return (size_t)(slot - slot->step->slots);
}

static json_t *step_item(const struct slot *slot)
{
	return json_array_get(slot->step->told_items, slot->step->item);
}

static void add_step_item(const struct slot *slot, json_t *fields)
{
	json_t *item = step_item(slot);

	if (item)
		item_add_step(fields, item, slot->step->repeat);
}

/* Which item of a for_each it is: of its own, or of its step's. A resumed run knows it by that, so that it
 * is the same from the first on: what is masked is masked here already, and counted as it is told. */
static void add_items(const struct slot *slot, json_t *fields)
{
	json_t *own = json_array_get(slot->told_items, slot->item);
	json_t *outer = step_item(slot);

	if (own || outer)
		item_add_own(fields, own ? own : outer, own ? slot->repeat : slot->step->repeat);
	add_step_item(slot, fields);
}

/* What was known of it before: looked up once, when its turn has come. */
static struct past_found look_up(const struct slot *slot)
{
	json_t *key = json_pack("{s:s}", "action", slot->plan->id);
	struct past_found found;

	add_items(slot, key);
	found = past_find(slot->step->run->past, slot->step->id, slot->plan, key);
	json_decref(key);
	return found;
}

/* A later attempt, or the next item, begins after what its slot holds back. */
static bool is_told_now(const struct slot *slot, bool begins)
{
	return index_of(slot) <= slot->step->told || (begins && !slot->held);
}

void slot_emit(struct slot *slot, const char *type, json_t *fields)
{
	struct events *events = slot->step->run->events;
	bool begins = strcmp(type, "action.started") == 0;
	json_t *event;

	json_object_set_new(fields, "step", json_string(slot->step->id));
	json_object_set_new(fields, "action", json_string(slot->plan->id));
	if (begins)
		json_object_set_new(fields, "number", json_integer((json_int_t)index_of(slot) + 1));
	add_items(slot, fields);
	event = event_hold(events, type, fields);
	if (is_told_now(slot, begins)) {
		event_release(events, event);
		return;
	}
	if (!slot->held)
		slot->held = json_array();
	json_array_append_new(slot->held, event);
}

static void tell_held(struct slot *slot)
{
	json_t *held = slot->held;

	slot->held = NULL;
	for (size_t i = 0; i < json_array_size(held); i++)
		event_release(slot->step->run->events, json_incref(json_array_get(held, i)));
	json_decref(held);
}

/* Slots that have ended are told of; the first that has not may speak freely from now on. */
static void tell_in_order(struct step_run *step)
{
	while (step->told < step->plan->action_count) {
		struct slot *slot = &step->slots[step->told];

		tell_held(slot);
		if (slot->state != SLOT_ENDED)
			return;
		step->told++;
	}
}

/* ---- slots ---- */

/* A manual action that was left is told of at the end of the run, item by item. */
static void note_left(const struct slot *slot)
{
	const struct step_run *step = slot->step;
	const json_t *items = json_object_get(task_arguments(slot->task), "checklist");

	for (size_t i = 0; i < json_array_size(items); i++)
		json_array_append_new(
		    step->run->left, json_pack("{s:s, s:s, s:O}", "step", step->id, "title",
		                         step->plan->title, "text", json_array_get(items, i)));
}

static void count_outcome(struct slot *slot, enum outcome outcome)
{
	slot->step->run->counts[outcome]++;
	if (slot->task) {
		enum level severity = task_severity(slot->task);

		slot->step->run->findings += severity == LEVEL_INFO;
		slot->step->severity = level_worst(slot->step->severity, severity);
	}
	if (outcome > slot->outcome)
		slot->outcome = outcome;
	if (outcome == OUTCOME_LEFT && slot->task)
		note_left(slot);
}

static void end_slot(struct slot *slot)
{
	struct step_run *step = slot->step;

	slot->state = SLOT_ENDED;
	if (slot->outcome > step->outcome)
		step->outcome = slot->outcome;
	tell_in_order(step);
	step_look_again(step);
}

static void start_item(struct slot *slot)
{
	slot->scope = (struct scope){.outer = &slot->step->scope};
	if (slot->items) {
		json_decref(slot->item_names);
		slot->item_names = json_object();
		json_object_set(slot->item_names, slot->plan->action->as,
		    json_array_get(slot->items, slot->item));
		slot->scope.names = slot->item_names;
		slot->scope.items = true;
		slot->repeat = item_repeats(slot->told_items, slot->item);
	}
	slot->state = SLOT_ACTIVE;
	slot->past = look_up(slot);
	slot->task = task_start(slot);
}

static void keep_result(struct slot *slot)
{
	json_t *results = slot->step->run->results;
	const char *id = slot->plan->id;
	json_t *kept = ceiling_result(slot->step->run, id, task_result(slot->task),
	    slot->items && json_array_size(slot->results) > 0);

	if (!slot->items) {
		json_object_set_new(results, id, kept);
		return;
	}
	json_array_append_new(slot->results, kept);
	json_object_set(results, id, slot->results);
}

void slot_task_ended(struct slot *slot)
{
	struct step_run *step = slot->step;

	keep_result(slot);
	count_outcome(slot, task_outcome(slot->task));
	task_free(slot->task);
	slot->task = NULL;
	if (slot->items && ++slot->item < json_array_size(slot->items) && !step_is_stopping(step))
		start_item(slot);
	else
		end_slot(slot);
}

static bool stops_when_untold(const struct slot *slot)
{
	enum on_failure rule = slot->plan->action->on_failure;

	if (rule == ON_FAILURE_DEFAULT)
		rule = slot_step_rule(slot);
	return rule == ON_FAILURE_DEFAULT ? slot->plan->effect != EFFECT_READ
	                                  : rule == ON_FAILURE_STOP;
}

/* What it goes through cannot be told: as with a condition, the run must not go on as if the change had
 * not been needed. */
static void not_told(struct slot *slot, json_t *fields, const char *why)
{
	struct run *run = slot->step->run;

	slot->step->severity = LEVEL_CRITICAL;
	run_add_level(run, LEVEL_CRITICAL);
	if (stops_when_untold(slot))
		run_stop(run, STOP_FAILED, why);
	json_object_set_new(fields, "severity", json_string(level_name(LEVEL_CRITICAL)));
	if (run->stop != STOP_NONE)
		json_object_set_new(fields, "stop", json_string(stop_name(run->stop)));
}

/* An action that could not even begin: no items to go through, or none that can be told. */
void slot_skip(struct slot *slot, enum outcome outcome, const char *why)
{
	json_t *fields = json_pack("{s:s, s:f, s:s, s:s, s:i}", "outcome", outcome_name(outcome),
	    "seconds", 0.0, "why", why, "effect", effect_name(slot->plan->effect), "attempts", 0);

	if (outcome == OUTCOME_FAILED)
		not_told(slot, fields, why);
	slot_emit(slot, "action.finished", fields);
	json_object_set_new(slot->step->run->results, slot->plan->id,
	    json_pack("{s:s, s:s}", "outcome", outcome_name(outcome), "why", why));
	count_outcome(slot, outcome);
	end_slot(slot);
}

/* What its for_each goes through, before the first of it begins. */
static int list_items(struct slot *slot, struct err *err)
{
	const struct condition *for_each = &slot->plan->action->for_each;
	struct step_run *step = slot->step;
	json_t *fields = json_pack("{s:s, s:s}", "step", step->id, "action", slot->plan->id);
	json_t *items;

	add_step_item(slot, fields);
	items = past_items(step->run->past, fields);
	if (!items && scope_eval(&step->scope, for_each, &items, err) < 0) {
		json_decref(fields);
		return -1;
	}
	if (ceiling_items(items, for_each->text, err) < 0) {
		json_decref(items);
		json_decref(fields);
		return -1;
	}
	json_object_set(fields, "items", items);
	event_emit(step->run->events, "items.listed", fields);
	slot->items = items;
	slot->told_items = redact_value(step->run->plan->redact, items);
	return 0;
}

void slot_start(struct slot *slot)
{
	struct err err;

	if (!slot->plan->action->for_each.expr) {
		start_item(slot);
		return;
	}
	if (list_items(slot, &err) < 0) {
		bool later = slot->step->run->options->check && err.kind == ERR_UNKNOWN;

		slot_skip(slot, later ? OUTCOME_SKIPPED : OUTCOME_FAILED, err.text);
		return;
	}
	slot->results = json_array();
	json_object_set(slot->step->run->results, slot->plan->id, slot->results);
	if (!json_is_array(slot->items))
		slot_skip(slot, OUTCOME_FAILED, "for_each is not a list");
	else if (json_array_size(slot->items) == 0)
		slot_skip(slot, OUTCOME_SKIPPED, "for_each: the list is empty");
	else
		start_item(slot);
}
