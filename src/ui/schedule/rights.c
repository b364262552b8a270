/* What the account of a timed runbook must be allowed. Invariant: what is not covered is said. */
#include "rights.h"

#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/text.h"
#include "fsops/value.h"
#include "ui/plan/walk.h"
#include "ui/safe.h"

#define KUBECTL "kubectl"

struct gathering {
	struct rights *rights;
	bool reads_only;
	struct buf *untold;
};

static void tell(struct gathering *g, const char *id, const char *command, const char *why)
{
	if (strstr(g->untold->data ? g->untold->data : "", command))
		return;
	safe_adds(g->untold, id);
	buf_adds(g->untold, ": ");
	safe_add_cut(g->untold, command, strlen(command), 100, true);
	buf_adds(g->untold, " (");
	safe_adds(g->untold, why);
	buf_adds(g->untold, ")\n");
}

static void add_command(struct gathering *g, const char *id, const char *command)
{
	struct words words = {0};
	struct err err;

	if (words_split(command, &words, &err) < 0) {
		tell(g, id, command, err.text);
		return;
	}
	words.items = mem_grow(words.items, words.count + 1, sizeof(*words.items));
	words.items[words.count] = NULL;
	if (words.count < 2 || rights_add(g->rights, words.items + 1, &err) < 0)
		tell(g, id, command, words.count < 2 ? "it is empty" : err.text);
	words_release(&words);
}

static bool is_adapter(const struct action *action, const char *name)
{
	return strcmp(action->adapter->name, name) == 0;
}

static void add_metric(struct gathering *g, const struct plan *plan, const struct metric *metric)
{
	char *command;

	if (!is_adapter(&metric->source, KUBECTL))
		return;
	command = plan_metric_command(plan, metric);
	add_command(g, metric->name, command);
	free(command);
}

static void add_plan(struct gathering *g, const struct plan *plan);

static void add_action(
    struct gathering *g, const struct plan *plan, const struct plan_action *action)
{
	const struct platform *platform = plan->catalog->platform;

	if (action->nested) {
		add_plan(g, action->nested);
		return;
	}
	for (size_t i = 0; i < platform->metric_count; i++)
		if (plan_action_measures(action, &platform->metrics[i]))
			add_metric(g, plan, &platform->metrics[i]);
	if (g->reads_only && action->effect != EFFECT_READ)
		return;
	if (action->look && is_adapter(action->action->look, KUBECTL))
		add_command(g, action->id, action->look);
	if (is_adapter(action->action, KUBECTL))
		add_command(g, action->id, action->command);
	else if (is_adapter(action->action, "exec") || is_adapter(action->action, "shell"))
		tell(g, action->id, action->command, "a program of its own");
}

static void add_plan(struct gathering *g, const struct plan *plan)
{
	const struct runbook *runbook = plan->runbook;

	for (size_t i = 0; i < runbook->metric_count; i++)
		add_metric(g, plan, runbook->metrics[i]);
	for (size_t i = 0; i < runbook->named_metric_count; i++)
		add_metric(g, plan, runbook->named_metrics[i]);
	for (size_t i = 0; i < plan->step_count; i++)
		for (size_t k = 0; plan->steps[i].selected && k < plan->steps[i].action_count; k++)
			add_action(g, plan, &plan->steps[i].actions[k]);
}

/* An automatic one is not opened in the cluster: there the names resolve. */
static void add_tunnels(struct gathering *g, const struct plan *plan)
{
	json_t *tunnels = plan_tunnels(plan);
	size_t i;
	json_t *tunnel;

	json_array_foreach(tunnels, i, tunnel) {
		if (!json_is_true(json_object_get(tunnel, "automatic")))
			add_command(
			    g, value_get_text(tunnel, "target"), value_get_text(tunnel, "command"));
	}
	json_decref(tunnels);
}

void schedule_rights(struct rights *rights, const struct timed *timed, struct buf *untold)
{
	struct gathering g = {.rights = rights, .reads_only = timed->check, .untold = untold};

	add_plan(&g, timed->plan);
	add_tunnels(&g, timed->plan);
}
