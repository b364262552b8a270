/* The tunnels that a plan needs. Invariant: those of every selected action and of every metric that it
 * measures are there, each once. */
#include <string.h>

#include "fsops/mem.h"
#include "fsops/plan.h"
#include "prepared.h"

bool plan_action_measures(const struct plan_action *action, const struct metric *metric)
{
	const json_t *names = json_object_get(action->action->args, "names");
	size_t i;
	json_t *item;

	if (strcmp(action->action->adapter->name, "metrics") != 0)
		return false;
	if (json_array_size(names) == 0)
		return true;
	json_array_foreach(names, i, item) {
		if (json_is_string(item) && strcmp(json_string_value(item), metric->name) == 0)
			return true;
	}
	return false;
}

/* Two targets may share a tunnel, and each has a name of its own for its address. */
static bool listed(const json_t *list, const json_t *tunnel)
{
	size_t i;
	json_t *item;

	json_array_foreach(list, i, item) {
		if (json_equal(item, tunnel))
			return true;
	}
	return false;
}

static void add(const struct plan *plan, json_t *list, const json_t *spec)
{
	static const char *const keys[] = {
	    "target", "to", "command", "automatic", "name", "host", "port"};
	json_t *shown, *masked;

	if (!spec)
		return;
	shown = json_object();
	for (size_t i = 0; i < COUNT_OF(keys); i++)
		if (json_object_get(spec, keys[i]))
			json_object_set(shown, keys[i], json_object_get(spec, keys[i]));
	masked = redact_value(plan->redact, shown);
	if (!listed(list, masked))
		json_array_append(list, masked);
	json_decref(masked);
	json_decref(shown);
}

static void add_metric(const struct plan *plan, json_t *list, const struct metric *metric)
{
	struct scope scope = {.names = plan->names, .redact = plan->redact};
	struct expander expander = {
	    .scope = &scope, .mode = EXPAND_KNOWN, .redact = plan->redact, .plan = plan};
	struct prepared prepared;
	struct err err;

	if (prepared_make(&prepared, &expander, &metric->source, &err) < 0)
		return; /* plan_metric_command() says why */
	add(plan, list, prepared.tunnel);
	prepared_release(&prepared);
}

static void add_plan(const struct plan *plan, json_t *list);

static void add_action(const struct plan *plan, json_t *list, const struct plan_action *action)
{
	const struct platform *platform = plan->catalog->platform;

	add(plan, list, action->tunnel);
	add(plan, list, action->look_tunnel);
	for (size_t i = 0; i < platform->metric_count; i++)
		if (plan_action_measures(action, &platform->metrics[i]))
			add_metric(plan, list, &platform->metrics[i]);
	if (action->nested)
		add_plan(action->nested, list);
}

static void add_plan(const struct plan *plan, json_t *list)
{
	for (size_t i = 0; i < plan->runbook->metric_count; i++)
		add_metric(plan, list, plan->runbook->metrics[i]);
	for (size_t i = 0; i < plan->runbook->named_metric_count; i++)
		add_metric(plan, list, plan->runbook->named_metrics[i]);
	for (size_t s = 0; s < plan->step_count; s++)
		for (size_t i = 0; plan->steps[s].selected && i < plan->steps[s].action_count; i++)
			add_action(plan, list, &plan->steps[s].actions[i]);
}

json_t *plan_tunnels(const struct plan *plan)
{
	json_t *list = json_array();

	add_plan(plan, list);
	return list;
}
