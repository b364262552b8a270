/* One item's way through its slot. Invariant: what it tells while one before it has not ended is held back, with
 * the time at which it happened. Only that it begins is told at once, so that a person sees how much is waited for. */
#include "lane.h"

#include <stdlib.h>
#include <string.h>

#include "engine/run/task/task.h"
#include "engine/terms/item.h"
#include "fsops/mem.h"

static struct world *world_of(const struct lane *lane)
{
	return lane->place.world;
}

/* ---- events, in the declared order ---- */

static void add_step_item(const struct lane *lane, json_t *fields)
{
	if (lane->step_item->told)
		item_add_step(fields, lane->step_item->told, lane->step_item->repeat);
}

/* Which item of a for_each it is: of its own, or of its step's. */
static void add_items(const struct lane *lane, json_t *fields)
{
	const struct each_item *item = lane->item.told ? &lane->item : lane->step_item;

	if (item->told)
		item_add_own(fields, item->told, item->repeat);
	add_step_item(lane, fields);
}

/* A later attempt begins after what is held back. */
static bool is_told_now(const struct lane *lane, bool begins)
{
	return lane->speaks || (begins && lane->tells_begin && !lane->held);
}

void lane_emit(struct lane *lane, const char *type, json_t *fields)
{
	struct events *events = world_of(lane)->tools.events;
	bool begins = strcmp(type, "action.started") == 0;
	json_t *event;

	json_object_set_new(fields, "step", json_string(lane->place.step));
	json_object_set_new(fields, "action", json_string(lane->place.action->id));
	if (begins)
		json_object_set_new(fields, "number", json_integer((json_int_t)lane->number));
	add_items(lane, fields);
	event = event_hold(events, type, fields);
	if (is_told_now(lane, begins)) {
		event_release(events, event);
		return;
	}
	if (!lane->held)
		lane->held = json_array();
	json_array_append_new(lane->held, event);
}

static void emit(void *ctx, const char *type, json_t *fields)
{
	lane_emit(ctx, type, fields);
}

void lane_speak(struct lane *lane)
{
	json_t *held = lane->held;

	lane->speaks = true;
	lane->held = NULL;
	for (size_t i = 0; i < json_array_size(held); i++)
		event_release(world_of(lane)->tools.events, json_incref(json_array_get(held, i)));
	json_decref(held);
}

/* ---- its task ---- */

/* What was known of the item before: looked up once, when its turn has come. */
static struct past_found look_up(const struct lane *lane)
{
	const struct place *place = &lane->place;
	json_t *key = json_pack("{s:s}", "action", place->action->id);
	struct past_found found;

	add_items(lane, key);
	found = past_find(place->world->past, place->step, place->action, key);
	json_decref(key);
	return found;
}

static void on_task_ended(void *ctx, const struct task_end *end)
{
	struct lane *lane = ctx;
	struct task_end whole = *end;
	json_t *arguments = json_incref((json_t *)end->arguments);

	lane->ended = true;
	lane->result = json_incref(end->result);
	task_free(lane->task);
	lane->task = NULL;
	whole.arguments = arguments;
	lane->above->ended(lane->ctx, lane, &whole);
	json_decref(arguments);
}

static const struct task_above task_above = {.ended = on_task_ended};

void lane_start(struct lane *lane)
{
	lane->place.past = look_up(lane);
	lane->task = task_start(&lane->place, &task_above, lane);
}

void lane_keep_captures(struct lane *lane)
{
	const char *name;
	json_t *value;

	json_object_foreach(lane->place.captured, name, value)
		world_set_var(world_of(lane), name, value);
}

/* ---- making, freeing, and what comes from above ---- */

struct lane *lane_new(const struct place *place, const struct lane_above *above, void *ctx)
{
	struct lane *lane = mem_alloc(sizeof(*lane));

	lane->above = above;
	lane->ctx = ctx;
	lane->place = *place;
	lane->place.scope = &lane->scope;
	lane->place.emit = emit;
	lane->place.ctx = lane;
	return lane;
}

void lane_free(struct lane *lane)
{
	if (!lane)
		return;
	task_free(lane->task);
	each_item_release(&lane->item);
	json_decref(lane->place.captured);
	json_decref(lane->held);
	json_decref(lane->result);
	free(lane);
}

void lane_time_out(struct lane *lane)
{
	if (lane->task)
		task_time_out(lane->task);
}

void lane_cancel(struct lane *lane)
{
	if (lane->task)
		task_cancel(lane->task);
}

/* A task that asks before its first attempt is not in its lane yet; it has no deadline. */
void lane_deadline_moved(struct lane *lane)
{
	if (lane->task)
		task_deadline_moved(lane->task);
}
