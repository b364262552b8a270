/* Makes the table of what is on record. Invariant: of each action and item it has the newest that is known,
 * and nothing of another run of the same runbook. */
#include <stdlib.h>
#include <string.h>

#include "engine/plan/refs.h"
#include "fsops/mem.h"
#include "fsops/value.h"
#include "private.h"

json_int_t past_seq(const json_t *event)
{
	return json_integer_value(json_object_get(event, "seq"));
}

bool past_is_change(const struct record_action *action)
{
	const char *effect = value_get_text(action->started, "effect");
	const char *adapter = value_get_text(action->started, "adapter");

	if (!effect)
		effect = value_get_text(action->finished, "effect");
	return (effect && strcmp(effect, "read") != 0) ||
	       (adapter && strcmp(adapter, "runbook") == 0);
}

bool past_is_masked(const json_t *value)
{
	char *text = value ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
	bool masked = text && strstr(text, REDACT_MASK);

	free(text);
	return masked;
}

static bool takes_secret(const struct action *action)
{
	for (size_t i = 0; i < action->capture_count; i++)
		if (action->captures[i].secret || expr_is_secret(action->captures[i].value.expr))
			return true;
	return false;
}

bool past_is_lossy(
    const struct past *past, const struct plan_action *action, const struct record_action *entry)
{
	const json_t *result = json_object_get(entry->finished, "result");

	if (!refs_result_wanted(past->plan->refs, action->id) && !action->action->capture_count)
		return false;
	return takes_secret(action->action) || !result || past_is_masked(result) ||
	       past_is_masked(json_object_get(entry->finished, "captured"));
}

/* ---- one step ---- */

/* What was only asked about, or cancelled before it began, says nothing. */
static bool says_something(const struct record_action *action)
{
	return action->started || record_action_final(action);
}

/* As record_action_is() compares them. */
char *past_key(const json_t *event)
{
	static const char *const keys[] = {
	    "action", "item", "item_repeat", "step_item", "step_item_repeat"};
	json_t *parts = json_object();
	char *text;

	for (size_t i = 0; i < COUNT_OF(keys); i++)
		json_object_set(parts, keys[i], json_object_get(event, keys[i]));
	text = json_dumps(parts, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(parts);
	return text;
}

/* EVENT: one of ENTRY's. */
static void add(struct past_rows *rows, const struct record_action *entry, const json_t *event)
{
	char *key = past_key(event);
	const json_t *place = json_object_get(rows->places, key);

	if (place) {
		rows->items[json_integer_value(place)] = entry;
	} else {
		json_object_set_new(rows->places, key, json_integer((json_int_t)rows->count));
		MEM_PUSH_ROOM(rows->items, rows->count);
		rows->items[rows->count++] = entry;
	}
	free(key);
}

static void add_action(struct past_step *step, const struct record_action *entry)
{
	if (entry->finished)
		add(&step->ended, entry, entry->finished);
	if (!says_something(entry))
		return;
	add(&step->said, entry, entry->started ? entry->started : entry->finished);
	if (past_is_change(entry) && entry->seq > step->last_change)
		step->last_change = entry->seq;
}

static void add_round(struct past_step *step, const struct record_step *round)
{
	step->last = round;
	for (size_t i = 0; i < round->action_count; i++)
		add_action(step, &round->actions[i]);
	json_array_extend(step->lists, round->lists);
}

static bool is_lossy(
    const struct past *past, const struct past_step *step, const struct plan_action *action)
{
	for (size_t i = 0; i < step->ended.count; i++) {
		const struct record_action *entry = step->ended.items[i];

		if (strcmp(entry->id, action->id) == 0 && !past_is_change(entry) &&
		    record_action_final(entry) && past_is_lossy(past, action, entry))
			return true;
	}
	return false;
}

/* Did it end so that it is taken over whole? */
static bool can_be_taken(const struct past *past, const struct past_step *step)
{
	const char *stop = step->last ? value_get_text(step->last->finished, "stop") : NULL;

	if (!step->last || !step->last->finished || stop_is_resumable(stop_parse(stop)))
		return false;
	for (size_t i = 0; i < step->plan->action_count; i++)
		if (is_lossy(past, step, &step->plan->actions[i]))
			return false;
	return true;
}

/* ---- all of them ---- */

bool past_is_round(const struct past *past, const struct record_step *round, const char *step)
{
	return past_seq(round->started) > past->since && strcmp(round->id, step) == 0;
}

static void make_row(const struct past *past, struct past_step *step)
{
	const struct record *record = past->record;

	for (size_t i = 0; i < record->step_count; i++)
		if (past_is_round(past, &record->steps[i], step->id))
			add_round(step, &record->steps[i]);
	step->taken = can_be_taken(past, step);
}

char *past_step_id(const struct past *past, const struct plan_step *step)
{
	return mem_printf("%s%s", past ? past->prefix : "", step->id);
}

struct past *past_table(const struct record *record, const struct plan *plan, bool check,
    const char *prefix, json_int_t since)
{
	struct past *past = mem_alloc(sizeof(*past));

	*past = (struct past){.record = record,
	    .plan = plan,
	    .check = check,
	    .prefix = mem_text(prefix),
	    .since = since,
	    .steps = mem_alloc((plan->step_count + 1) * sizeof(*past->steps))};
	for (size_t i = 0; i < plan->step_count; i++) {
		struct past_step *step = &past->steps[i];

		step->plan = &plan->steps[i];
		step->id = past_step_id(past, step->plan);
		step->lists = json_array();
		step->said.places = json_object();
		step->ended.places = json_object();
		make_row(past, step);
	}
	return past;
}

static void rows_release(struct past_rows *rows)
{
	free(rows->items);
	json_decref(rows->places);
}

void past_free(struct past *past)
{
	for (size_t i = 0; past && i < past->plan->step_count; i++) {
		free(past->steps[i].id);
		rows_release(&past->steps[i].said);
		rows_release(&past->steps[i].ended);
		json_decref(past->steps[i].lists);
	}
	if (!past)
		return;
	free(past->steps);
	free(past->prefix);
	free(past);
}

const struct past_step *past_row(const struct past *past, const char *step)
{
	for (size_t i = 0; past && i < past->plan->step_count; i++)
		if (strcmp(past->steps[i].id, step) == 0)
			return &past->steps[i];
	return NULL;
}
