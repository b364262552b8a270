/* The tunnels that a plan needs. Invariant: those of every selected action and of every metric that it
 * measures are there, each once. */
#include <stdlib.h>
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

struct search {
	const struct plan *plan;
	json_t *list;
	const struct metric **metrics; /* of the plan, whose tunnels are in the list: owned */
	size_t metric_count;
};

static void add(struct search *search, const json_t *spec)
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
	masked = redact_value(search->plan->redact, shown);
	if (!listed(search->list, masked))
		json_array_append(search->list, masked);
	json_decref(masked);
	json_decref(shown);
}

/* Whether METRIC is new to the search. A step and a verdict measure the same ones as a rule. */
static bool note(struct search *search, const struct metric *metric)
{
	for (size_t i = 0; i < search->metric_count; i++)
		if (search->metrics[i] == metric)
			return false;
	MEM_PUSH_ROOM(search->metrics, search->metric_count);
	search->metrics[search->metric_count++] = metric;
	return true;
}

static void add_metric(struct search *search, const struct metric *metric)
{
	const struct plan *plan = search->plan;
	struct scope scope = {.names = plan->names, .redact = plan->redact};
	struct expander expander = {
	    .scope = &scope, .mode = EXPAND_KNOWN, .redact = plan->redact, .plan = plan};
	struct prepared prepared;
	struct err err;

	if (!note(search, metric) || prepared_make(&prepared, &expander, &metric->source, &err) < 0)
		return; /* plan_metric_command() says why */
	add(search, prepared.tunnel);
	prepared_release(&prepared);
}

static void add_plan(const struct plan *plan, json_t *list);

static void add_action(struct search *search, const struct plan_action *action)
{
	const struct platform *platform = search->plan->catalog->platform;

	add(search, action->tunnel);
	add(search, action->look_tunnel);
	for (size_t i = 0; i < platform->metric_count; i++)
		if (plan_action_measures(action, &platform->metrics[i]))
			add_metric(search, &platform->metrics[i]);
	if (action->nested)
		add_plan(action->nested, search->list);
}

static void add_plan(const struct plan *plan, json_t *list)
{
	struct search search = {.plan = plan, .list = list};

	for (size_t i = 0; i < plan->runbook->metric_count; i++)
		add_metric(&search, plan->runbook->metrics[i]);
	for (size_t i = 0; i < plan->runbook->named_metric_count; i++)
		add_metric(&search, plan->runbook->named_metrics[i]);
	for (size_t s = 0; s < plan->step_count; s++)
		for (size_t i = 0; plan->steps[s].selected && i < plan->steps[s].action_count; i++)
			add_action(&search, &plan->steps[s].actions[i]);
	free(search.metrics);
}

json_t *plan_tunnels(const struct plan *plan)
{
	json_t *list = json_array();

	add_plan(plan, list);
	return list;
}
