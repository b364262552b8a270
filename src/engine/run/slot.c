/* One action's place in its step. Invariants: a slot goes from waiting to active to ended; what came of its items
 * counts, and is told, in their declared order. */
#include "slot.h"

#include <stdlib.h>

#include "engine/run/task/task.h"
#include "engine/terms/item.h"
#include "fsops/mem.h"
#include "fsops/value.h"
#include "lane.h"

static struct world *world_of(const struct slot *slot)
{
	return slot->place.world;
}

static const struct action *action_of(const struct slot *slot)
{
	return slot->place.action->action;
}

static bool at_once(const struct slot *slot)
{
	return slot->place.action->items_at_once;
}

/* ---- what came of its items, in the declared order ---- */

static void keep_result(struct slot *slot, const struct lane *lane)
{
	struct world *world = world_of(slot);
	const char *id = slot->place.action->id;
	json_t *kept = ceiling_result(&world->ceiling, id, lane->result,
	    slot->each.items && json_array_size(slot->results) > 0);

	if (!slot->each.items || slot->skipped) {
		json_object_set_new(world->results, id, kept);
		return;
	}
	json_array_append_new(slot->results, kept);
	json_object_set(world->results, id, slot->results);
}

/* All that has ended before the first that has not. Is there none to wait for, it counts at once. */
static void keep_in_order(struct slot *slot)
{
	size_t end = slot->later ? slot->told : slot->begun;

	for (; slot->kept < end && slot->lanes[slot->kept]->ended; slot->kept++) {
		struct lane *lane = slot->lanes[slot->kept];

		keep_result(slot, lane);
		lane_keep_captures(lane);
	}
}

static void drop(struct slot *slot, size_t from)
{
	for (size_t i = from; i < slot->told && i < slot->kept; i++) {
		lane_free(slot->lanes[i]);
		slot->lanes[i] = NULL;
	}
}

/* The first that has not ended may speak freely. */
static void tell_in_order(struct slot *slot)
{
	size_t from = slot->told < slot->kept ? slot->told : slot->kept;

	while (slot->speaks && slot->told < slot->begun) {
		struct lane *lane = slot->lanes[slot->told];

		lane_speak(lane);
		if (!lane->ended)
			break;
		slot->told++;
	}
	keep_in_order(slot);
	drop(slot, from);
}

void slot_speak(struct slot *slot)
{
	slot->speaks = true;
	tell_in_order(slot);
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

/* ---- its items ---- */

static void on_lane_ended(void *ctx, struct lane *lane, const struct task_end *end);

static const struct lane_above lane_above = {.ended = on_lane_ended};

/* Without a for_each of its own, or before that is known, it is the only one. */
static struct lane *add_lane(struct slot *slot)
{
	struct lane *lane = lane_new(&slot->place, &lane_above, slot);

	lane->step_item = slot->step_item;
	lane->number = slot->number;
	lane->tells_begin = at_once(slot) || slot->told == slot->begun;
	lane->scope.outer = slot->step_scope;
	if (at_once(slot) || slot->later)
		lane->place.captured = json_object();
	slot->lanes[slot->begun++] = lane;
	return lane;
}

static void begin_item(struct slot *slot)
{
	size_t at = slot->begun;
	struct lane *lane = add_lane(slot);

	each_begin(
	    &slot->each, at, action_of(slot)->as, slot->step_scope, &lane->item, &lane->scope);
	slot->running++;
	tell_in_order(slot);
	lane_start(lane);
}

static bool has_more(const struct slot *slot)
{
	return slot->state == SLOT_ACTIVE && slot->begun < each_count(&slot->each) &&
	       !slot->above->is_stopping(slot->ctx);
}

bool slot_wants_room(const struct slot *slot)
{
	return has_more(slot) && at_once(slot);
}

void slot_go_on(struct slot *slot)
{
	if (slot->state != SLOT_ACTIVE)
		return;
	while (has_more(slot) && (at_once(slot) || !slot->running) &&
	       slot->above->take_place(slot->ctx))
		begin_item(slot);
	if (!slot->running && !has_more(slot))
		end_slot(slot);
}

static void on_lane_ended(void *ctx, struct lane *lane, const struct task_end *end)
{
	struct slot *slot = ctx;

	(void)lane;
	slot->running--;
	count(slot, end->outcome, end->severity);
	if (end->outcome == OUTCOME_LEFT)
		note_left(slot, end->arguments);
	tell_in_order(slot);
	slot->above->leave_place(slot->ctx);
	slot_go_on(slot);
}

/* An action that could not even begin: no items to go through, or none that can be told. */
void slot_skip(struct slot *slot, enum outcome outcome, const char *why)
{
	json_t *fields =
	    json_pack("{s:s, s:f, s:s, s:s, s:i}", "outcome", outcome_name(outcome), "seconds", 0.0,
	        "why", why, "effect", effect_name(slot->place.action->effect), "attempts", 0);
	struct lane *lane;

	if (!slot->lanes)
		slot->lanes = mem_alloc(sizeof(struct lane *));
	lane = add_lane(slot);
	tell_in_order(slot);
	if (outcome == OUTCOME_FAILED)
		not_told(slot, fields, why);
	lane_emit(lane, "action.finished", fields);
	lane->ended = slot->skipped = true;
	lane->result = json_pack("{s:s, s:s}", "outcome", outcome_name(outcome), "why", why);
	tell_in_order(slot);
	count(slot, outcome, LEVEL_OK);
	end_slot(slot);
}

/* What its for_each goes through, before the first of it begins. */
static int list_items(struct slot *slot, struct err *err)
{
	json_t *whose =
	    json_pack("{s:s, s:s}", "step", slot->place.step, "action", slot->place.action->id);

	if (slot->step_item->told)
		item_add_step(whose, slot->step_item->told, slot->step_item->repeat);
	return each_list(
	    &slot->each, world_of(slot), slot->step_scope, &action_of(slot)->for_each, whose, err);
}

static void begin(struct slot *slot)
{
	slot->lanes = mem_alloc((each_count(&slot->each) + 1) * sizeof(struct lane *));
	slot->state = SLOT_ACTIVE;
	slot_go_on(slot);
}

void slot_start(struct slot *slot)
{
	struct err err;

	if (!action_of(slot)->for_each.expr) {
		begin(slot);
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
		begin(slot);
}

/* ---- freeing, and what comes from above ---- */

void slot_release(struct slot *slot)
{
	for (size_t i = 0; i < slot->begun; i++)
		lane_free(slot->lanes[i]);
	free(slot->lanes);
	each_release(&slot->each);
	json_decref(slot->results);
}

static void each_lane(struct slot *slot, void (*fn)(struct lane *lane))
{
	size_t from = slot->told < slot->kept ? slot->told : slot->kept;

	for (size_t i = from; i < slot->begun; i++)
		if (slot->lanes[i])
			fn(slot->lanes[i]);
}

void slot_time_out(struct slot *slot)
{
	each_lane(slot, lane_time_out);
}

void slot_cancel(struct slot *slot)
{
	each_lane(slot, lane_cancel);
}

void slot_deadline_moved(struct slot *slot)
{
	each_lane(slot, lane_deadline_moved);
}
