/* The plan as data: for `--dry-run=json`, and in the first event of a run. Invariants: fields are only
 * ever added; totals are over what would run: selected steps, nested plans included. */
#include "fsops/plan.h"

#include <stdlib.h>
#include <string.h>

bool plan_action_manual(const struct plan_action *action)
{
	return strcmp(action->action->adapter->name, "manual") == 0;
}

static void count_action(const struct plan_action *action, struct plan_totals *totals)
{
	struct plan_totals nested = {0};

	if (action->nested) {
		plan_count(action->nested, &nested);
		totals->reads += nested.reads;
		totals->changes += nested.changes;
		totals->destroys += nested.destroys;
		totals->manual += nested.manual;
	} else if (plan_action_manual(action)) {
		totals->manual++;
	} else if (action->effect == EFFECT_READ) {
		totals->reads++;
	} else if (action->effect == EFFECT_DESTROY) {
		totals->destroys++;
	} else {
		totals->changes++;
	}
}

void plan_count(const struct plan *plan, struct plan_totals *totals)
{
	for (size_t i = 0; i < plan->step_count; i++) {
		const struct plan_step *step = &plan->steps[i];

		if (!step->selected)
			continue;
		if (step->section != SECTION_ON_FAILURE)
			totals->budget += step->budget;
		for (size_t k = 0; k < step->action_count; k++)
			count_action(&step->actions[k], totals);
	}
}

/* Set KEY unless there is nothing to say. */
static void set_text(json_t *object, const char *key, const char *text)
{
	if (text)
		json_object_set_new(object, key, json_string(text));
}

static void set_span(json_t *object, const char *key, msec span)
{
	if (span)
		json_object_set_new(object, key, json_real((double)span / 1000));
}

static void set_for_each(json_t *object, const struct condition *for_each, bool at_once)
{
	if (!for_each->text)
		return;
	set_text(object, "for_each", for_each->text);
	json_object_set_new(object, "at_once", json_boolean(at_once));
}

static json_t *expects_of(const struct action *action)
{
	json_t *list = json_array();

	for (size_t i = 0; i < action->expect_count; i++)
		json_array_append_new(list, json_string(action->expects[i].holds.text));
	return list;
}

static json_t *captures_of(const struct action *action)
{
	json_t *map = json_object();

	for (size_t i = 0; i < action->capture_count; i++)
		set_text(map, action->captures[i].name, action->captures[i].value.text);
	return map;
}

static void add_details(json_t *object, const struct plan_action *item)
{
	const struct action *action = item->action;

	if (action->expect_count)
		json_object_set_new(object, "expect", expects_of(action));
	if (action->judged_by_expect)
		json_object_set_new(object, "judged_by_expect", json_true());
	if (action->capture_count)
		json_object_set_new(object, "capture", captures_of(action));
	set_for_each(object, &action->for_each, item->items_at_once);
	set_text(object, "until", action->until.text);
	set_text(object, "look", item->look);
	set_span(object, "timeout_seconds", action->timeout);
	set_text(object, "save", action->save);
	if (action->retry_times)
		json_object_set_new(object, "retry_times", json_integer(action->retry_times));
}

static json_t *action_object(const struct plan_action *item)
{
	const struct action *action = item->action;
	json_t *object = json_object();

	set_text(object, "id", item->id);
	set_text(object, "title", action->title);
	set_text(object, "adapter", action->adapter->name);
	set_text(object, "target", action->target ? action->target->name : NULL);
	set_text(object, "effect", effect_name(item->effect));
	if (action->effect_stated && action->derived == EFFECT_UNSTATED)
		json_object_set_new(object, "effect_stated", json_true());
	set_text(object, "command", item->command);
	json_object_set_new(
	    object, "when", action->when.text ? json_string(action->when.text) : json_null());
	add_details(object, item);
	if (item->nested)
		json_object_set_new(object, "plan", plan_json(item->nested));
	return object;
}

static json_t *step_object(const struct plan_step *step, size_t number)
{
	json_t *object = json_object();
	json_t *actions = json_array();

	for (size_t i = 0; i < step->action_count; i++)
		json_array_append_new(actions, action_object(&step->actions[i]));
	set_text(object, "id", step->id);
	set_text(object, "title", step->title);
	json_object_set_new(object, "number", json_integer((json_int_t)number));
	set_text(object, "section", section_name(step->section));
	json_object_set_new(object, "selected", json_boolean(step->selected));
	json_object_set_new(object, "budget_seconds", json_real((double)step->budget / 1000));
	json_object_set_new(object, "when",
	    step->step->when.text ? json_string(step->step->when.text) : json_null());
	set_for_each(object, &step->step->for_each, step->rounds_at_once);
	if (step->step->sequential)
		json_object_set_new(object, "sequential", json_true());
	json_object_set_new(object, "actions", actions);
	return object;
}

static json_t *totals_object(const struct plan *plan)
{
	struct plan_totals totals = {0};

	plan_count(plan, &totals);
	return json_pack("{s:I,s:I,s:I,s:I,s:f}", "reads", (json_int_t)totals.reads, "changes",
	    (json_int_t)totals.changes, "destroys", (json_int_t)totals.destroys, "manual",
	    (json_int_t)totals.manual, "budget_seconds", (double)totals.budget / 1000);
}

/* What is measured before the first step and after the last. */
static json_t *metrics_list(const struct plan *plan)
{
	json_t *list = json_array();

	for (size_t i = 0; i < plan->runbook->metric_count && !plan->nested; i++) {
		const struct metric *metric = plan->runbook->metrics[i];
		char *command = plan_metric_command(plan, metric);

		json_array_append_new(
		    list, json_pack("{s:s, s:s}", "name", metric->name, "command", command));
		free(command);
	}
	return list;
}

json_t *plan_json(const struct plan *plan)
{
	json_t *object = json_object();
	json_t *steps = json_array();

	for (size_t i = 0; i < plan->step_count; i++)
		json_array_append_new(steps, step_object(&plan->steps[i], i + 1));
	set_text(object, "runbook", plan->runbook->name);
	set_text(object, "title", plan->runbook->title);
	set_text(object, "severity", level_name(plan->runbook->severity));
	json_object_set_new(object, "vars", redact_value(plan->redact, plan->vars));
	json_object_set_new(object, "metrics", metrics_list(plan));
	if (!plan->nested) {
		set_text(object, "platform", plan->catalog->platform->name);
		set_text(object, "color", platform_color(plan->catalog->platform));
		set_text(object, "runbooks", plan->catalog->platform->runbooks);
		json_object_set_new(object, "tunnels", plan_tunnels(plan));
	}
	json_object_set_new(object, "steps", steps);
	json_object_set_new(object, "totals", totals_object(plan));
	return object;
}
