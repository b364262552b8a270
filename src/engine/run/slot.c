/* One action's place in its step. Invariant: a slot goes from waiting to active to ended; what it tells while an
 * earlier slot has not ended is held back, with the time at which it happened. Only that it begins is told at once,
 * so that a person sees how much is waited for. */
#include "slot.h"

#include <string.h>

#include "engine/run/task/task.h"
#include "engine/terms/item.h"
#include "fsops/value.h"

static struct world *world_of(const struct slot *slot)
{
	return slot->place.world;
}

static const struct action *action_of(const struct slot *slot)
{
	return slot->place.action->action;
}

/* ---- events, in the declared order ---- */

static void add_step_item(const struct slot *slot, json_t *fields)
{
	const json_t *item = each_told(slot->step_each);

	if (item)
		item_add_step(fields, item, slot->step_each->repeat);
}

/* Which item of a for_each it is: of its own, or of its step's. */
static void add_items(const struct slot *slot, json_t *fields)
{
	const struct each *each = each_told(&slot->each) ? &slot->each : slot->step_each;

	if (each_told(each))
		item_add_own(fields, each_told(each), each->repeat);
	add_step_item(slot, fields);
}

/* A later attempt, or the next item, begins after what its slot holds back. */
static bool is_told_now(const struct slot *slot, bool begins)
{
	return slot->speaks || (begins && !slot->held);
}

static void emit(void *ctx, const char *type, json_t *fields)
{
	struct slot *slot = ctx;
	struct events *events = world_of(slot)->tools.events;
	bool begins = strcmp(type, "action.started") == 0;
	json_t *event;

	json_object_set_new(fields, "step", json_string(slot->place.step));
	json_object_set_new(fields, "action", json_string(slot->place.action->id));
	if (begins)
		json_object_set_new(fields, "number", json_integer((json_int_t)slot->number));
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

void slot_speak(struct slot *slot)
{
	json_t *held = slot->held;

	slot->speaks = true;
	slot->held = NULL;
	for (size_t i = 0; i < json_array_size(held); i++)
		event_release(world_of(slot)->tools.events, json_incref(json_array_get(held, i)));
	json_decref(held);
}

/* ---- its end ---- */

/* A manual action that was left is told of at the end of the run, item by item. */
static void note_left(const struct slot *slot, const json_t *arguments)
{
	const json_t *items = json_object_get(arguments, "checklist");

	for (size_t i = 0; i < json_array_size(items); i++)
		tally_note_left(&world_of(slot)->tally, slot->place.step, slot->place.title,
		    json_array_get(items, i));
}

static void count(struct slot *slot, enum outcome outcome, enum level severity)
{
	tally_count(&world_of(slot)->tally, outcome, severity == LEVEL_INFO);
	slot->severity = level_worst(slot->severity, severity);
	if (outcome > slot->outcome)
		slot->outcome = outcome;
}

static void end_slot(struct slot *slot)
{
	slot->state = SLOT_ENDED;
	slot->above->ended(slot->ctx, slot);
}

static void keep_result(struct slot *slot, json_t *result)
{
	struct world *world = world_of(slot);
	const char *id = slot->place.action->id;
	json_t *kept = ceiling_result(
	    &world->ceiling, id, result, slot->each.items && json_array_size(slot->results) > 0);

	if (!slot->each.items) {
		json_object_set_new(world->results, id, kept);
		return;
	}
	json_array_append_new(slot->results, kept);
	json_object_set(world->results, id, slot->results);
}

static bool stops_when_untold(const struct slot *slot)
{
	enum on_failure rule = action_of(slot)->on_failure;

	if (rule == ON_FAILURE_DEFAULT)
		rule = slot->place.step_rule;
	return rule == ON_FAILURE_DEFAULT ? slot->place.action->effect != EFFECT_READ
	                                  : rule == ON_FAILURE_STOP;
}

/* What it goes through cannot be told: as with a condition, the run must not go on as if the change had
 * not been needed. */
static void not_told(struct slot *slot, json_t *fields, const char *why)
{
	struct tally *tally = &world_of(slot)->tally;

	slot->severity = LEVEL_CRITICAL;
	tally_add_level(tally, LEVEL_CRITICAL);
	if (stops_when_untold(slot))
		tally_stop(tally, STOP_FAILED, why);
	json_object_set_new(fields, "severity", json_string(level_name(LEVEL_CRITICAL)));
	if (tally->stop != STOP_NONE)
		json_object_set_new(fields, "stop", json_string(stop_name(tally->stop)));
}

/* An action that could not even begin: no items to go through, or none that can be told. */
void slot_skip(struct slot *slot, enum outcome outcome, const char *why)
{
	json_t *fields =
	    json_pack("{s:s, s:f, s:s, s:s, s:i}", "outcome", outcome_name(outcome), "seconds", 0.0,
	        "why", why, "effect", effect_name(slot->place.action->effect), "attempts", 0);

	if (outcome == OUTCOME_FAILED)
		not_told(slot, fields, why);
	emit(slot, "action.finished", fields);
	json_object_set_new(world_of(slot)->results, slot->place.action->id,
	    json_pack("{s:s, s:s}", "outcome", outcome_name(outcome), "why", why));
	count(slot, outcome, LEVEL_OK);
	end_slot(slot);
}

/* ---- its items ---- */

/* What was known of the item before: looked up once, when its turn has come. */
static struct past_found look_up(const struct slot *slot)
{
	const struct place *place = &slot->place;
	json_t *key = json_pack("{s:s}", "action", place->action->id);
	struct past_found found;

	add_items(slot, key);
	found = past_find(place->world->past, place->step, place->action, key);
	json_decref(key);
	return found;
}

static void on_task_ended(void *ctx, const struct task_end *end);

static const struct task_above task_above = {.ended = on_task_ended};

static void start_item(struct slot *slot)
{
	each_begin(&slot->each, action_of(slot)->as, slot->step_scope, &slot->scope);
	slot->state = SLOT_ACTIVE;
	slot->place.past = look_up(slot);
	slot->task = task_start(&slot->place, &task_above, slot);
}

static void on_task_ended(void *ctx, const struct task_end *end)
{
	struct slot *slot = ctx;

	keep_result(slot, end->result);
	count(slot, end->outcome, end->severity);
	if (end->outcome == OUTCOME_LEFT)
		note_left(slot, end->arguments);
	task_free(slot->task);
	slot->task = NULL;
	if (each_next(&slot->each) && !slot->above->is_stopping(slot->ctx))
		start_item(slot);
	else
		end_slot(slot);
}

/* What its for_each goes through, before the first of it begins. */
static int list_items(struct slot *slot, struct err *err)
{
	json_t *whose =
	    json_pack("{s:s, s:s}", "step", slot->place.step, "action", slot->place.action->id);

	add_step_item(slot, whose);
	return each_list(
	    &slot->each, world_of(slot), slot->step_scope, &action_of(slot)->for_each, whose, err);
}

void slot_start(struct slot *slot)
{
	struct err err;

	if (!action_of(slot)->for_each.expr) {
		start_item(slot);
		return;
	}
	if (list_items(slot, &err) < 0) {
		bool later = world_of(slot)->options->check && err.kind == ERR_UNKNOWN;

		slot_skip(slot, later ? OUTCOME_SKIPPED : OUTCOME_FAILED, err.text);
		return;
	}
	slot->results = json_array();
	json_object_set(world_of(slot)->results, slot->place.action->id, slot->results);
	if (!json_is_array(slot->each.items))
		slot_skip(slot, OUTCOME_FAILED, "for_each is not a list");
	else if (json_array_size(slot->each.items) == 0)
		slot_skip(slot, OUTCOME_SKIPPED, "for_each: the list is empty");
	else
		start_item(slot);
}

/* ---- making, freeing, and what comes from above ---- */

void slot_init(struct slot *slot)
{
	slot->place.scope = &slot->scope;
	slot->place.emit = emit;
	slot->place.ctx = slot;
}

void slot_release(struct slot *slot)
{
	task_free(slot->task);
	each_release(&slot->each);
	json_decref(slot->results);
	json_decref(slot->held);
}

void slot_time_out(struct slot *slot)
{
	if (slot->state == SLOT_ACTIVE)
		task_time_out(slot->task);
}

void slot_cancel(struct slot *slot)
{
	if (slot->state == SLOT_ACTIVE)
		task_cancel(slot->task);
}

/* A task that asks before its first attempt is not in its slot yet; it has no deadline. */
void slot_deadline_moved(struct slot *slot)
{
	if (slot->task)
		task_deadline_moved(slot->task);
}
