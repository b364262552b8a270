/* Looks things up in what is known of a run that goes on. Invariant: what is not known for sure to have ended
 * is never taken over. */
#include "past.h"

#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/value.h"
#include "private.h"
#include "saved.h"

struct past *past_new(const struct record *record, const struct plan *plan, bool check)
{
	return record ? past_table(record, plan, check, "", 0) : NULL;
}

static void note_end(const struct record_step *round, const char *action, json_int_t *last)
{
	for (size_t i = 0; i < round->action_count; i++) {
		const struct record_action *entry = &round->actions[i];

		if (record_action_final(entry) && strcmp(entry->id, action) == 0 &&
		    past_seq(entry->finished) > *last)
			*last = past_seq(entry->finished);
	}
}

/* The runbook that an earlier item of the same action ran ended before this one's began. */
static json_int_t last_end(const struct past *past, const char *step, const char *action)
{
	const struct record *record = past->record;
	json_int_t last = past->since;

	for (size_t i = 0; i < record->step_count; i++)
		if (past_is_round(past, &record->steps[i], step))
			note_end(&record->steps[i], action, &last);
	return last;
}

struct past *past_inside(const struct past *past, const char *step, const char *action,
    const struct plan *plan, const char *prefix)
{
	return past ? past_table(
	                  past->record, plan, past->check, prefix, last_end(past, step, action))
	            : NULL;
}

/* ---- metrics ---- */

static bool has_metric(const json_t *measured, const char *name)
{
	for (size_t i = 0; i < json_array_size(measured); i++) {
		const char *other = value_get_text(json_array_get(measured, i), "name");

		if (other && strcmp(other, name) == 0)
			return true;
	}
	return false;
}

const json_t *past_before(const struct past *past)
{
	const struct runbook *runbook = past ? past->plan->runbook : NULL;
	const char *name;
	json_t *none;

	if (!past)
		return NULL;
	for (size_t i = 0; i < runbook->metric_count; i++)
		if (!has_metric(past->record->before, runbook->metrics[i]->name))
			return NULL;
	json_object_foreach(json_object_get(past->plan->refs, "metrics"), name, none) {
		if (!has_metric(past->record->before, name))
			return NULL;
	}
	return past->record->before;
}

/* ---- steps ---- */

bool past_step_began(const struct past *past, const char *step)
{
	const struct past_step *row = past_row(past, step);

	return row && row->said.count;
}

/* Are they lists of the same for_each, for the same item around it? */
static bool is_same_list(const json_t *event, const json_t *whose)
{
	static const char *const keys[] = {"action", "step_item", "step_item_repeat"};

	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		const json_t *a = json_object_get(event, keys[i]);
		const json_t *b = json_object_get(whose, keys[i]);

		if (a != b && !(a && b && json_equal(a, b)))
			return false;
	}
	return true;
}

json_t *past_items(const struct past *past, const json_t *whose)
{
	const char *step = value_get_text(whose, "step");
	const struct past_step *row = step ? past_row(past, step) : NULL;
	json_t *found = NULL;

	for (size_t i = 0; row && i < json_array_size(row->lists); i++)
		if (is_same_list(json_array_get(row->lists, i), whose))
			found = json_object_get(json_array_get(row->lists, i), "items");
	return past_is_masked(found) ? NULL : json_incref(found);
}

/* ---- actions ---- */

const struct record_action *past_newest(const struct past_step *step, const json_t *key)
{
	char *text = step ? past_key(key) : NULL;
	const json_t *place = text ? json_object_get(step->said.places, text) : NULL;

	free(text);
	return place ? step->said.items[json_integer_value(place)] : NULL;
}

/* A person who said "done" need not say it again; one who was not there is asked. */
static bool was_answered(const struct plan_action *action, const struct record_action *entry)
{
	const char *outcome = value_get_text(entry->finished, "outcome");

	return plan_action_manual(action) && outcome && strcmp(outcome, "left") != 0;
}

/* A read that saved what it came to is not done again: its file would be in its own way. Is that gone, or
 * another than it was, it is not taken for whole. */
static bool kept_its_file(const struct record_action *entry)
{
	return saved_is_whole(json_object_get(entry->finished, "saved"));
}

static bool is_done(const struct past *past, const struct past_step *step,
    const struct plan_action *action, const struct record_action *entry)
{
	if (past_is_change(entry) || was_answered(action, entry))
		return true;
	return (step->last_change > past_seq(entry->finished) || kept_its_file(entry)) &&
	       !past_is_lossy(past, action, entry);
}

static enum past_kind kind_of(const struct past *past, const struct past_step *step,
    const struct plan_action *action, const struct record_action *entry)
{
	/* A check does not even begin what it says it begins. */
	if (record_action_in_flight(entry))
		return past->check ? PAST_NONE : PAST_IN_FLIGHT;
	return record_action_final(entry) && is_done(past, step, action, entry) ? PAST_DONE
	                                                                        : PAST_NONE;
}

static bool has_begun(const struct record_action *entry)
{
	const char *outcome = value_get_text(entry->finished, "outcome");

	return entry->started && !record_action_final(entry) &&
	       !(outcome && strcmp(outcome, "refused") == 0);
}

struct past_found past_find(
    const struct past *past, const char *step, const struct plan_action *action, const json_t *key)
{
	const struct past_step *row = past_row(past, step);
	const struct record_action *entry = past_newest(row, key);

	if (!entry)
		return (struct past_found){0};
	return (struct past_found){
	    .kind = kind_of(past, row, action, entry),
	    .began = has_begun(entry),
	    .inner = !record_action_final(entry),
	    .entry = entry,
	};
}
