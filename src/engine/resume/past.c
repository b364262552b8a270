/* Looks into the record of a run that goes on. Invariants: nothing is told or run from here; what is
 * not known for sure to have ended is never taken over. */
#include "past.h"

#include <string.h>

#include "engine/plan/refs.h"
#include "engine/run/run_facts.h"
#include "engine/run/save.h"
#include "fsops/mem.h"
#include "fsops/value.h"
#include "private.h"

/* ---- looking ---- */

json_int_t past_seq(const json_t *event)
{
	return json_integer_value(json_object_get(event, "seq"));
}

/* The step ID as it was begun the next time after BEFORE (NULL: the first time). */
const struct record_step *past_next_round(
    const struct run *run, const char *id, const struct record_step *before)
{
	const struct record *past = run->past;
	const struct record_step *end = past ? past->steps + past->step_count : NULL;

	for (const struct record_step *s = before ? before + 1
	                                   : past ? past->steps
	                                          : end;
	     s < end; s++)
		if (past_seq(s->started) > run->past_since && strcmp(s->id, id) == 0)
			return s;
	return NULL;
}

const struct record_step *past_last_round(const struct run *run, const char *id)
{
	const struct record_step *last = NULL;

	for (const struct record_step *s = NULL; (s = past_next_round(run, id, s));)
		last = s;
	return last;
}

/* What was only asked about, or cancelled before it began, says nothing. */
static bool says_something(const struct record_action *action)
{
	return action->started || record_action_final(action);
}

/* The newest that is known of the action that KEY names. */
const struct record_action *past_newest(const struct run *run, const char *step, const json_t *key)
{
	const struct record_action *found = NULL;

	for (const struct record_step *s = NULL; (s = past_next_round(run, step, s));)
		for (size_t i = 0; i < s->action_count; i++)
			if (says_something(&s->actions[i]) && record_action_is(&s->actions[i], key))
				found = &s->actions[i];
	return found;
}

static const struct record_action *newest_of(const struct slot *slot)
{
	json_t *key = slot_key(slot);
	const struct record_action *found =
	    past_newest(slot_run(slot), step_id(slot_step(slot)), key);

	json_decref(key);
	return found;
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

/* ---- what can be taken over ---- */

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

/* Something that later steps look at is not in the record. */
bool past_is_lossy(
    const struct run *run, const struct plan_action *plan, const struct record_action *entry)
{
	const json_t *result = json_object_get(entry->finished, "result");

	if (!refs_result_wanted(run->plan->refs, plan->id) && !plan->action->capture_count)
		return false;
	return takes_secret(plan->action) || !result || past_is_masked(result) ||
	       past_is_masked(json_object_get(entry->finished, "captured"));
}

static bool change_came_after(
    const struct run *run, const char *step, const struct record_action *read)
{
	for (const struct record_step *s = NULL; (s = past_next_round(run, step, s));)
		for (size_t i = 0; i < s->action_count; i++)
			if (past_is_change(&s->actions[i]) && says_something(&s->actions[i]) &&
			    s->actions[i].seq > past_seq(read->finished))
				return true;
	return false;
}

/* A person who said "done" need not say it again; one who was not there is asked. */
static bool was_answered(const struct plan_action *plan, const struct record_action *entry)
{
	const char *outcome = value_get_text(entry->finished, "outcome");

	return plan_action_manual(plan) && outcome && strcmp(outcome, "left") != 0;
}

/* A read that saved what it came to is not done again: its file would be in its own way. Is that gone, or
 * another than it was, it is not taken for whole. */
static bool kept_its_file(const struct record_action *entry)
{
	return save_is_whole(json_object_get(entry->finished, "saved"));
}

enum past_kind past_of(const struct slot *slot, const struct record_action **entry)
{
	const struct run *run = slot_run(slot);
	const struct plan_action *plan = slot_action(slot);
	const char *step = step_id(slot_step(slot));

	*entry = run->past ? newest_of(slot) : NULL;
	if (!*entry)
		return PAST_NONE;
	if (record_action_in_flight(
	        *entry)) /* a check does not even begin what it says it begins */
		return run->options->check ? PAST_NONE : PAST_IN_FLIGHT;
	if (!record_action_final(*entry))
		return PAST_NONE;
	if (past_is_change(*entry) || was_answered(plan, *entry))
		return PAST_DONE;
	return (change_came_after(run, step, *entry) || kept_its_file(*entry)) &&
	               !past_is_lossy(run, plan, *entry)
	           ? PAST_DONE
	           : PAST_NONE;
}

bool past_step_began(const struct run *run, const char *id)
{
	for (const struct record_step *s = NULL; (s = past_next_round(run, id, s));)
		for (size_t i = 0; i < s->action_count; i++)
			if (says_something(&s->actions[i]))
				return true;
	return false;
}

bool past_action_began(const struct slot *slot)
{
	const struct record_action *entry = slot_run(slot)->past ? newest_of(slot) : NULL;
	const char *outcome = entry ? value_get_text(entry->finished, "outcome") : NULL;

	return entry && entry->started && !record_action_final(entry) &&
	       !(outcome && strcmp(outcome, "refused") == 0);
}

json_t *past_items(const struct run *run, const json_t *whose)
{
	static const char *const keys[] = {"action", "step_item", "step_item_repeat"};
	const char *step = value_get_text(whose, "step");
	json_t *found = NULL;

	for (const struct record_step *s = NULL; step && (s = past_next_round(run, step, s));)
		for (size_t i = 0; i < json_array_size(s->lists); i++) {
			json_t *event = json_array_get(s->lists, i);
			bool same = true;

			for (size_t k = 0; k < COUNT_OF(keys); k++) {
				const json_t *a = json_object_get(event, keys[k]);
				const json_t *b = json_object_get(whose, keys[k]);

				same = same && (a == b || (a && b && json_equal(a, b)));
			}
			if (same)
				found = json_object_get(event, "items");
		}
	return past_is_masked(found) ? NULL : json_incref(found);
}

/* ---- a runbook inside ---- */

/* The runbook that an earlier item of the same action ran ended before this one's began. */
json_int_t past_last_end(const struct run *run, const char *step, const char *action)
{
	json_int_t last = run->past_since;

	for (const struct record_step *s = NULL; (s = past_next_round(run, step, s));)
		for (size_t i = 0; i < s->action_count; i++)
			if (record_action_final(&s->actions[i]) &&
			    strcmp(s->actions[i].id, action) == 0 &&
			    past_seq(s->actions[i].finished) > last)
				last = past_seq(s->actions[i].finished);
	return last;
}

void past_enter(struct run *inner, const struct slot *slot)
{
	const struct run *run = slot_run(slot);
	const char *step = step_id(slot_step(slot));
	const struct record_action *entry;

	if (!run->past)
		return;
	entry = newest_of(slot);
	if (!entry || record_action_final(entry))
		return;
	inner->past = run->past;
	inner->past_since = past_last_end(run, step, slot_action(slot)->id);
}
