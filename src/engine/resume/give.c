/* What is taken over of an interrupted run: results, captures, metrics, levels, counts. Invariant: what
 * is masked on record is never given. */
#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/value.h"
#include "private.h"

/* ---- an action ---- */

/* Whoever needs what is masked fails for want of it, and says so. */
static void drop_masked(json_t *object)
{
	const char *name;
	json_t *value;
	void *next;

	json_object_foreach_safe(object, next, name, value) {
		if (past_is_masked(value))
			json_object_del(object, name);
	}
}

/* What EVENT has as KEY, without what is masked; a new object. */
static json_t *unmasked(const json_t *event, const char *key)
{
	json_t *recorded = json_object_get(event, key);
	json_t *object = recorded ? json_copy(recorded) : json_object();

	drop_masked(object);
	return object;
}

json_t *past_made(const json_t *made)
{
	return unmasked(made, "result");
}

static json_t *result_of(const json_t *finished, const char *why)
{
	json_t *result = unmasked(finished, "result");

	json_object_set(result, "outcome", json_object_get(finished, "outcome"));
	json_object_set(result, "seconds", json_object_get(finished, "seconds"));
	json_object_set_new(result, "why", json_string(why ? why : ""));
	return result;
}

void past_give(const struct record_action *entry, struct past_gift *gift)
{
	const json_t *finished = entry->finished;
	const char *severity = value_get_text(finished, "severity");
	const char *why = value_get_text(finished, "why");
	enum stop stop = stop_parse(value_get_text(finished, "stop"));

	*gift = (struct past_gift){
	    .result = result_of(finished, why),
	    .captured = unmasked(finished, "captured"),
	    .metrics = entry->metrics,
	    .outcome = outcome_parse(value_get_text(finished, "outcome")),
	    .why = why,
	    .stop = stop_is_resumable(stop) ? STOP_NONE : stop,
	};
	gift->failed = severity && level_parse(severity, &gift->level) == 0;
}

void past_gift_release(struct past_gift *gift)
{
	json_decref(gift->result);
	json_decref(gift->captured);
}

/* ---- what is counted ---- */

static bool is_finding(enum outcome outcome, const json_t *finished)
{
	const char *severity = value_get_text(finished, "severity");
	enum level level;

	return (outcome == OUTCOME_FAILED || outcome == OUTCOME_TIMED_OUT) && severity &&
	       level_parse(severity, &level) == 0 && level == LEVEL_INFO;
}

static void add_left(json_t *left, const struct record_step *step, const json_t *items)
{
	for (size_t i = 0; i < json_array_size(items); i++)
		json_array_append_new(left,
		    json_pack("{s:s, s:O?, s:O}", "step", step->id, "title",
		        json_object_get(step->started, "title"), "text", json_array_get(items, i)));
}

static void count(
    struct past_given *given, const struct record_step *step, const struct record_action *entry)
{
	enum outcome outcome = outcome_parse(value_get_text(entry->finished, "outcome"));

	given->counts[outcome]++;
	given->findings += is_finding(outcome, entry->finished);
	for (size_t i = 0; outcome == OUTCOME_LEFT && i < json_array_size(entry->approvals); i++)
		add_left(given->left, step,
		    json_object_get(json_array_get(entry->approvals, i), "checklist"));
}

/* Steps of runbooks that ran inside it count for the summary. */
static void count_inner(
    struct past_given *given, const struct past *past, const struct past_step *step)
{
	size_t len = strlen(step->id);

	for (size_t s = 0; s < past->record->step_count; s++) {
		const struct record_step *inner = &past->record->steps[s];

		if (strncmp(inner->id, step->id, len) != 0 || inner->id[len] != '/' ||
		    past_seq(inner->started) <= past->since)
			continue;
		for (size_t i = 0; i < inner->action_count; i++)
			if (record_action_final(&inner->actions[i]))
				count(given, inner, &inner->actions[i]);
	}
}

/* ---- a step ---- */

/* Skipped with its step; or the step ended before somebody wrote it into the runbook. */
static json_t *result_of_none(
    struct past_given *given, const struct past_step *step, const struct plan_action *action)
{
	static const char is_new[] = "its step had ended before it was in the runbook";
	const char *why = value_get_text(step->last->finished, "why");

	if (step->said.count) {
		json_array_append_new(
		    given->notes, json_sprintf("step '%s', action '%s' was not run: %s", step->id,
		                      action->id, is_new));
		return json_pack(
		    "{s:s, s:s}", "outcome", outcome_name(OUTCOME_SKIPPED), "why", is_new);
	}
	return json_pack("{s:O?, s:s}", "outcome", json_object_get(step->last->finished, "outcome"),
	    "why", why ? why : "");
}

static void add_gift(struct past_given *given, const struct record_action *entry)
{
	MEM_PUSH_ROOM(given->gifts, given->gift_count);
	past_give(entry, &given->gifts[given->gift_count++]);
}

static void give_action(
    struct past_given *given, const struct past_step *step, const struct plan_action *action)
{
	json_t *list = json_array();
	bool has_items;

	for (size_t i = 0; i < step->ended.count; i++) {
		const struct record_action *entry = step->ended.items[i];

		if (strcmp(entry->id, action->id) != 0)
			continue;
		add_gift(given, entry);
		count(given, step->last, entry);
		json_array_append(list, given->gifts[given->gift_count - 1].result);
	}
	has_items = action->action->for_each.expr && json_array_size(list);
	if (!json_array_size(list))
		json_array_append_new(list, result_of_none(given, step, action));
	json_object_set(given->results, action->id,
	    has_items ? list : json_array_get(list, json_array_size(list) - 1));
	json_decref(list);
}

static void give_end(struct past_given *given, const json_t *finished)
{
	enum outcome outcome = outcome_parse(value_get_text(finished, "outcome"));

	given->why = value_get_text(finished, "why");
	given->untold = outcome == OUTCOME_FAILED && given->why;
	given->bad = outcome == OUTCOME_TIMED_OUT || given->untold;
	given->stop = stop_parse(value_get_text(finished, "stop"));
}

struct past_given *past_step_given(const struct past *past, const char *step)
{
	const struct past_step *row = past_row(past, step);
	struct past_given *given;

	if (!row || !row->taken)
		return NULL;
	given = mem_alloc(sizeof(*given));
	given->results = json_object();
	given->notes = json_array();
	given->left = json_array();
	for (size_t i = 0; i < row->plan->action_count; i++)
		give_action(given, row, &row->plan->actions[i]);
	count_inner(given, past, row);
	give_end(given, row->last->finished);
	return given;
}

void past_given_free(struct past_given *given)
{
	for (size_t i = 0; given && i < given->gift_count; i++)
		past_gift_release(&given->gifts[i]);
	if (!given)
		return;
	json_decref(given->results);
	json_decref(given->notes);
	json_decref(given->left);
	free(given->gifts);
	free(given);
}
