/* Takes over what an interrupted run had done: results, captures, metrics, levels, counts. Invariant: what
 * is masked on record is never used, and nothing is told again. */
#include <stdlib.h>
#include <string.h>

#include "engine/plan/refs.h"
#include "engine/run/run_facts.h"
#include "fsops/mem.h"
#include "fsops/value.h"
#include "private.h"

/* ---- an action ---- */

/* Whoever needs what is masked fails for want of it, and says so. */
static void drop_masked(json_t *result)
{
	const char *name;
	json_t *value;
	void *next;

	json_object_foreach_safe(result, next, name, value) {
		if (past_is_masked(value))
			json_object_del(result, name);
	}
}

json_t *past_made(const json_t *made)
{
	json_t *recorded = json_object_get(made, "result");
	json_t *result = recorded ? json_copy(recorded) : json_object();

	drop_masked(result);
	return result;
}

json_t *past_result(const struct record_action *entry)
{
	const json_t *finished = entry->finished;
	const json_t *recorded = json_object_get(finished, "result");
	const char *why = value_get_text(finished, "why");
	json_t *result = recorded ? json_copy((json_t *)recorded) : json_object();

	drop_masked(result);
	json_object_set(result, "outcome", json_object_get(finished, "outcome"));
	json_object_set(result, "seconds", json_object_get(finished, "seconds"));
	json_object_set_new(result, "why", json_string(why ? why : ""));
	return result;
}

static void apply_captures(struct run *run, const json_t *captured)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)captured, name, value) {
		if (past_is_masked(value))
			continue;
		json_object_set(run->names, name, value);
		json_object_set(run->vars, name, value);
	}
}

static void apply_metrics(struct run *run, const json_t *metrics)
{
	for (size_t i = 0; i < json_array_size(metrics); i++) {
		json_t *metric = json_array_get(metrics, i);
		const char *name = value_get_text(metric, "name");

		if (name)
			json_object_set(run->metrics, name, metric);
	}
}

void past_apply(struct run *run, const struct record_action *entry)
{
	const char *severity = value_get_text(entry->finished, "severity");
	const char *why = value_get_text(entry->finished, "why");
	enum stop stop = stop_parse(value_get_text(entry->finished, "stop"));
	enum level level;

	apply_captures(run, json_object_get(entry->finished, "captured"));
	apply_metrics(run, entry->metrics);
	if (severity && level_parse(severity, &level) == 0)
		run_add_level(run, level);
	if (stop != STOP_NONE && !stop_is_resumable(stop))
		run_stop(run, stop, why ? why : "stopped before it was interrupted");
}

static bool is_finding(enum outcome outcome, const json_t *finished)
{
	const char *severity = value_get_text(finished, "severity");
	enum level level;

	return (outcome == OUTCOME_FAILED || outcome == OUTCOME_TIMED_OUT) && severity &&
	       level_parse(severity, &level) == 0 && level == LEVEL_INFO;
}

static void count(
    struct run *run, const struct record_step *step, const struct record_action *entry)
{
	enum outcome outcome = outcome_parse(value_get_text(entry->finished, "outcome"));

	run->counts[outcome]++;
	run->findings += is_finding(outcome, entry->finished);
	if (outcome != OUTCOME_LEFT)
		return;
	for (size_t i = 0; i < json_array_size(entry->approvals); i++) {
		json_t *items = json_object_get(json_array_get(entry->approvals, i), "checklist");

		for (size_t k = 0; k < json_array_size(items); k++)
			json_array_append_new(
			    run->left, json_pack("{s:s, s:O?, s:O}", "step", step->id, "title",
			                   json_object_get(step->started, "title"), "text",
			                   json_array_get(items, k)));
	}
}

/* Those of a plan's action in a step that has ended: one for each item, the newest. */
struct entries {
	const struct record_action **items;
	size_t count;
};

static void add_entry(struct entries *entries, const struct record_action *entry)
{
	for (size_t i = 0; i < entries->count; i++)
		if (record_action_is(entries->items[i], entry->finished)) {
			entries->items[i] = entry;
			return;
		}
	MEM_PUSH_ROOM(entries->items, entries->count);
	entries->items[entries->count++] = entry;
}

static struct entries entries_of(const struct run *run, const char *step, const char *action)
{
	struct entries entries = {0};

	for (const struct record_step *s = NULL; (s = past_next_round(run, step, s));)
		for (size_t i = 0; i < s->action_count; i++)
			if (s->actions[i].finished && strcmp(s->actions[i].id, action) == 0)
				add_entry(&entries, &s->actions[i]);
	return entries;
}

/* Skipped with its step; or the step ended before somebody wrote it into the runbook. */
static json_t *result_of_none(
    const struct run *run, const struct plan_action *plan, const struct record_step *round)
{
	static const char is_new[] = "its step had ended before it was in the runbook";
	const char *why = value_get_text(round->finished, "why");

	if (past_step_began(run, round->id)) {
		past_note(
		    run, "step '%s', action '%s' was not run: %s", round->id, plan->id, is_new);
		return json_pack(
		    "{s:s, s:s}", "outcome", outcome_name(OUTCOME_SKIPPED), "why", is_new);
	}
	return json_pack("{s:O?, s:s}", "outcome", json_object_get(round->finished, "outcome"),
	    "why", why ? why : "");
}

static void take_action(
    struct run *run, const struct plan_action *plan, const struct record_step *round)
{
	struct entries entries = entries_of(run, round->id, plan->id);
	json_t *list = json_array();

	for (size_t i = 0; i < entries.count; i++) {
		past_apply(run, entries.items[i]);
		count(run, round, entries.items[i]);
		json_array_append_new(list, past_result(entries.items[i]));
	}
	if (!entries.count)
		json_array_append_new(list, result_of_none(run, plan, round));
	if (plan->action->for_each.expr && entries.count)
		json_object_set(run->results, plan->id, list);
	else
		json_object_set(
		    run->results, plan->id, json_array_get(list, json_array_size(list) - 1));
	json_decref(list);
	free(entries.items);
}

/* Steps of runbooks that ran inside it count for the summary. */
static void count_inner(struct run *run, const char *step)
{
	size_t len = strlen(step);

	for (size_t s = 0; s < run->past->step_count; s++) {
		const struct record_step *inner = &run->past->steps[s];

		if (strncmp(inner->id, step, len) != 0 || inner->id[len] != '/' ||
		    past_seq(inner->started) <= run->past_since)
			continue;
		for (size_t i = 0; i < inner->action_count; i++)
			if (record_action_final(&inner->actions[i]))
				count(run, inner, &inner->actions[i]);
	}
}

bool past_can_be_taken(
    const struct run *run, const struct plan_step *step, const struct record_step *round)
{
	const char *stop = round ? value_get_text(round->finished, "stop") : NULL;

	if (!round || !round->finished || stop_is_resumable(stop_parse(stop)))
		return false;
	for (size_t i = 0; i < step->action_count; i++) {
		struct entries entries = entries_of(run, round->id, step->actions[i].id);
		bool lossy = false;

		for (size_t k = 0; k < entries.count; k++)
			lossy =
			    lossy || (!past_is_change(entries.items[k]) &&
			                 record_action_final(entries.items[k]) &&
			                 past_is_lossy(run, &step->actions[i], entries.items[k]));
		free(entries.items);
		if (lossy)
			return false;
	}
	return true;
}

static void take_end(struct run *run, const struct record_step *round)
{
	enum outcome outcome = outcome_parse(value_get_text(round->finished, "outcome"));
	enum stop stop = stop_parse(value_get_text(round->finished, "stop"));
	const char *why = value_get_text(round->finished, "why");

	run->untold += outcome == OUTCOME_FAILED && why;
	if (outcome == OUTCOME_TIMED_OUT || (outcome == OUTCOME_FAILED && why))
		run_add_level(run, LEVEL_CRITICAL);
	if (stop != STOP_NONE)
		run_stop(run, stop, why ? why : "stopped before it was interrupted");
}

bool past_take_step(struct run *run, const struct plan_step *step)
{
	char *id = mem_printf("%s%s", run->prefix, step->id);
	const struct record_step *round = past_last_round(run, id);
	bool taken = past_can_be_taken(run, step, round);

	for (size_t i = 0; taken && i < step->action_count; i++)
		take_action(run, &step->actions[i], round);
	if (taken) {
		count_inner(run, id);
		take_end(run, round);
	}
	free(id);
	return taken;
}

/* ---- the beginning ---- */

static json_t *measured_before(const struct record *past, const char *name)
{
	for (size_t i = 0; i < json_array_size(past->before); i++) {
		json_t *metric = json_array_get(past->before, i);
		const char *other = value_get_text(metric, "name");

		if (other && strcmp(other, name) == 0)
			return metric;
	}
	return NULL;
}

bool past_take_before(struct run *run)
{
	const struct runbook *runbook = run->plan->runbook;
	const char *name;
	json_t *none;

	if (!run->past || run->outer)
		return false;
	for (size_t i = 0; i < runbook->metric_count; i++)
		if (!measured_before(run->past, runbook->metrics[i]->name))
			return false;
	json_object_foreach(json_object_get(run->plan->refs, "metrics"), name, none) {
		if (!measured_before(run->past, name))
			return false;
	}
	for (size_t i = json_array_size(run->past->before); i-- > 0;) {
		json_t *metric = json_array_get(run->past->before, i);

		json_object_set(run->metrics, value_get_text(metric, "name"), metric);
	}
	return true;
}
