/* What is known of an action in a record: which one it is, whether it ended. Invariant: what is not known
 * for sure to have ended has not ended. */
#include <string.h>

#include "fsops/mem.h"
#include "fsops/record.h"
#include "fsops/value.h"

static bool same(const json_t *a, const json_t *b)
{
	return (!a && !b) || (a && b && json_equal(a, b));
}

bool record_action_is(const struct record_action *action, const json_t *fields)
{
	static const char *const keys[] = {"item", "item_repeat", "step_item", "step_item_repeat"};
	const json_t *of = action->started ? action->started : action->finished;
	const char *id = value_get_text(fields, "action");

	if (!id || strcmp(action->id, id) != 0)
		return false;
	/* An action that was only asked about has no event of its own yet. */
	for (size_t i = 0; of && i < COUNT_OF(keys); i++)
		if (!same(json_object_get(of, keys[i]), json_object_get(fields, keys[i])))
			return false;
	return true;
}

/* It may change something. A runbook that is run by another changes nothing itself: its own actions do.
 * One that does not say what it does may. */
static bool is_change(const struct record_action *action)
{
	const json_t *of = action->started ? action->started : action->finished;
	const char *effect = value_get_text(of, "effect");
	const char *adapter = value_get_text(of, "adapter");

	return !(effect && strcmp(effect, "read") == 0) &&
	       !(adapter && strcmp(adapter, "runbook") == 0);
}

bool record_action_in_flight(const struct record_action *action)
{
	const char *outcome = value_get_text(action->finished, "outcome");
	const char *stop = value_get_text(action->finished, "stop");
	bool cut_off = stop && strcmp(stop, "signal") == 0;

	if (!action->started || !is_change(action))
		return false;
	if (!action->finished)
		return true;
	return outcome && (strcmp(outcome, "cancelled") == 0 ||
	                      (cut_off && (strcmp(outcome, "failed") == 0 ||
	                                      strcmp(outcome, "timed_out") == 0)));
}

/* A runbook inside that was stopped on the way, to be gone on with: its lock or its record was lost. */
static bool is_half_a_runbook(const struct record_action *action)
{
	static const char *const stops[] = {"locked", "unrecorded", "signal"};
	const char *adapter = value_get_text(action->started, "adapter");
	const char *outcome = value_get_text(action->finished, "outcome");
	const char *stop = value_get_text(action->finished, "stop");

	for (size_t i = 0; stop && i < COUNT_OF(stops); i++)
		if (strcmp(stops[i], stop) == 0)
			return adapter && strcmp(adapter, "runbook") == 0 && outcome &&
			       (strcmp(outcome, "failed") == 0 ||
			           strcmp(outcome, "timed_out") == 0);
	return false;
}

bool record_action_final(const struct record_action *action)
{
	const char *outcome = value_get_text(action->finished, "outcome");

	return outcome && strcmp(outcome, "cancelled") != 0 && strcmp(outcome, "refused") != 0 &&
	       !record_action_in_flight(action) && !is_half_a_runbook(action);
}

/* ---- the changes of a run: done, interrupted ---- */

/* One that is in flight has no outcome. */
static json_t *change(const struct record_step *step, const struct record_action *action)
{
	static const char *const keys[] = {"command", "item", "time"};
	const json_t *of = action->started ? action->started : action->finished;
	json_t *object = json_pack("{s:s, s:s}", "step", step->id, "action", action->id);

	for (size_t i = 0; i < COUNT_OF(keys); i++)
		json_object_set(object, keys[i], json_object_get(of, keys[i]));
	if (record_action_final(action))
		json_object_set(object, "outcome", json_object_get(action->finished, "outcome"));
	return object;
}

typedef bool choose_fn(const struct record *record, const struct record_step *step,
    const struct record_action *action);

/* The changes of the run that CHOOSE takes; none of a check, which changes nothing. */
static json_t *changes(const struct record *record, choose_fn *choose)
{
	const char *mode = value_get_text(record->started, "mode");
	json_t *list = json_array();

	if (mode && strcmp(mode, "check") == 0)
		return list;
	for (size_t s = 0; s < record->step_count; s++)
		for (size_t i = 0; i < record->steps[s].action_count; i++) {
			const struct record_step *step = &record->steps[s];

			if (choose(record, step, &step->actions[i]))
				json_array_append_new(list, change(step, &step->actions[i]));
		}
	return list;
}

/* Without having begun it has passed only when a person took what was interrupted as done. */
static bool is_done(
    const struct record *record, const struct record_step *step, const struct record_action *action)
{
	const char *outcome = value_get_text(action->finished, "outcome");

	(void)record;
	(void)step;
	return is_change(action) && record_action_final(action) &&
	       !json_is_true(json_object_get(action->finished, "undone")) &&
	       (action->started || strcmp(outcome, "passed") == 0);
}

json_t *record_done(const struct record *record)
{
	return changes(record, is_done);
}

/* Has something been heard of the same action in that step or, later, in its next one? */
static bool is_settled(
    const struct record *record, const struct record_step *step, const struct record_action *action)
{
	for (const struct record_step *s = step; s < record->steps + record->step_count; s++)
		for (size_t i = 0; strcmp(s->id, step->id) == 0 && i < s->action_count; i++) {
			const struct record_action *other = &s->actions[i];

			if (other->seq > action->seq &&
			    (other->started || record_action_final(other)) &&
			    record_action_is(other, action->started))
				return true;
		}
	return false;
}

bool record_action_unknown(
    const struct record *record, const struct record_step *step, const struct record_action *action)
{
	return record_action_in_flight(action) && !action->made &&
	       !is_settled(record, step, action);
}

json_t *record_interrupted(const struct record *record)
{
	return changes(record, record_action_unknown);
}

/* ---- what was not well ---- */

static bool is_bad(const json_t *finished)
{
	const char *outcome = value_get_text(finished, "outcome");
	const char *severity = value_get_text(finished, "severity");

	return outcome && !(severity && strcmp(severity, "info") == 0) &&
	       (strcmp(outcome, "failed") == 0 || strcmp(outcome, "timed_out") == 0);
}

/* Reads of a step that has not ended are done again, and are told again. */
static bool is_kept(
    const struct record *record, const struct record_step *step, const struct record_action *action)
{
	const char *adapter = value_get_text(action->started, "adapter");

	return record_action_final(action) && is_bad(action->finished) &&
	       !(adapter && strcmp(adapter, "runbook") == 0) &&
	       (step->finished || is_change(action)) &&
	       !(action->started && is_settled(record, step, action));
}

/* The only action of a step is called as the step is. */
static json_t *bad_of(const struct record_step *step, const struct record_action *action)
{
	static const char *const keys[] = {"title", "action", "item"};
	const json_t *of = action->started ? action->started : action->finished;
	json_t *bad = json_pack("{s:O?}", "why", json_object_get(action->finished, "why"));

	if (strcmp(action->id, step->id) == 0)
		json_object_set(bad, "title", json_object_get(step->started, "title"));
	for (size_t i = 0; i < COUNT_OF(keys); i++)
		json_object_set(bad, keys[i], json_object_get(of, keys[i]));
	return bad;
}

/* One whose condition could not be told has a reason of its own. */
static json_t *untold(const struct record_step *step)
{
	json_t *why = json_object_get(step->finished, "why");

	if (!why || !is_bad(step->finished))
		return NULL;
	return json_pack(
	    "{s:O?, s:O}", "title", json_object_get(step->started, "title"), "why", why);
}

json_t *record_bad(const struct record *record)
{
	json_t *list = json_array();

	for (size_t s = 0; s < record->step_count; s++) {
		const struct record_step *step = &record->steps[s];
		json_t *of_step = untold(step);

		for (size_t i = 0; i < step->action_count; i++)
			if (is_kept(record, step, &step->actions[i]))
				json_array_append_new(list, bad_of(step, &step->actions[i]));
		if (of_step)
			json_array_append_new(list, of_step);
	}
	return list;
}
