/*
 * References from one file to another: `runbook: NAME`, `metrics: [NAME]`, `notify: {to: …}`.
 *
 * They are read from the nodes, not from the adapters' arguments, which are the adapters' own.
 * A name with `${…}` in it is known only when it runs.
 */
#include "reference.h"

#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/template.h"
#include "fsops/text.h"
#include "runbook/catalog/catalog.h"

static bool is_plain_name(const struct node *node)
{
	return node && node->kind == NODE_SCALAR && !node_is_null(node) &&
	       !template_any(node->text);
}

static void no_such_runbook(
    const struct catalog *catalog, const struct node *node, struct problems *list)
{
	struct decode d = {.list = list};
	const char **names = mem_alloc((catalog->runbook_count + 1) * sizeof(*names));

	for (size_t i = 0; i < catalog->runbook_count; i++)
		names[i] = catalog->runbooks[i]->name;
	no_such(&d, node, "runbook", names, catalog->runbook_count);
	free(names);
}

static const struct runbook *find(
    struct catalog *catalog, const struct node *node, struct problems *list)
{
	const struct runbook *runbook;

	if (!is_plain_name(node))
		return NULL;
	runbook = catalog_get(catalog, node->text);
	if (!runbook)
		no_such_runbook(catalog, node, list);
	return runbook;
}

void reference_runbook(struct catalog *catalog, const struct node *node, struct problems *list)
{
	if (is_plain_name(node) && !catalog_has(catalog, node->text))
		find(catalog, node, list);
}

static const struct var *find_var(const struct var *vars, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(vars[i].name, name) == 0)
			return &vars[i];
	return NULL;
}

static void no_such_var(
    const struct runbook *runbook, const struct node *key, struct problems *list)
{
	const char **names = mem_alloc((runbook->var_count + 1) * sizeof(*names));
	const char *near;

	for (size_t i = 0; i < runbook->var_count; i++)
		names[i] = runbook->vars[i].name;
	near = text_nearest(key->text, names, runbook->var_count);
	NODE_PROBLEM(list, key, "the runbook '%s' has no variable '%s'%s%s%s", runbook->name,
	    key->text, near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
	free(names);
}

/* VARS (NULL: none) are given to the runbook: all that it requires, none that it has not. */
static void check_vars(const struct catalog *catalog, const struct runbook *runbook,
    const struct node *node, const struct node *vars, struct problems *list)
{
	const struct platform *platform = catalog->platform;

	for (size_t i = 0; vars && vars->kind == NODE_MAP && i < vars->count; i++) {
		const char *name = vars->keys[i]->text;

		if (!find_var(runbook->vars, runbook->var_count, name) &&
		    !find_var(platform->vars, platform->var_count, name))
			no_such_var(runbook, vars->keys[i], list);
	}
	for (size_t i = 0; i < runbook->var_count; i++)
		if (runbook->vars[i].required && !(vars && node_get(vars, runbook->vars[i].name)))
			NODE_PROBLEM(list, node,
			    "the runbook '%s' needs the variable '%s': give it with 'vars'",
			    runbook->name, runbook->vars[i].name);
}

static void check_runbook(struct catalog *catalog, const struct node *value, struct problems *list)
{
	bool map = value->kind == NODE_MAP;
	const struct node *name = map ? node_get(value, "name") : value;
	const struct runbook *runbook = find(catalog, name, list);

	if (runbook && !runbook->broken)
		check_vars(catalog, runbook, value, map ? node_get(value, "vars") : NULL, list);
}

static void check_metrics(struct catalog *catalog, const struct node *value, struct problems *list)
{
	struct decode d = {.list = list, .catalog = catalog};
	size_t count = value->kind == NODE_LIST ? value->count : 1;

	for (size_t i = 0; i < count; i++) {
		const struct node *name = value->kind == NODE_LIST ? value->items[i] : value;

		if (is_plain_name(name) && (value != name || strcmp(name->text, "all") != 0))
			find_metric(&d, name);
	}
}

static void check_channel(
    const struct catalog *catalog, const struct node *name, struct problems *list)
{
	const struct platform *platform = catalog->platform;
	struct decode d = {.list = list};
	const char **names;

	if (!is_plain_name(name) || platform_channel(platform, name->text))
		return;
	names = mem_alloc((platform->channel_count + 1) * sizeof(*names));
	for (size_t i = 0; i < platform->channel_count; i++)
		names[i] = platform->channels[i].name;
	no_such(&d, name, "channel", names, platform->channel_count);
	free(names);
}

static void check_notify(struct catalog *catalog, const struct node *value, struct problems *list)
{
	const struct node *to = node_get(value, "to");

	if (!to || catalog->platform->broken)
		return;
	if (to->kind == NODE_SCALAR)
		check_channel(catalog, to, list);
	for (size_t i = 0; i < to->count; i++)
		check_channel(catalog, to->items[i], list);
}

static const struct {
	const char *adapter;
	void (*check)(struct catalog *catalog, const struct node *value, struct problems *list);
} checks[] = {
    {"runbook", check_runbook},
    {"metrics", check_metrics},
    {"notify", check_notify},
};

void reference_check(struct catalog *catalog, const struct action *action, struct problems *list)
{
	for (size_t i = 0; action->adapter && i < COUNT_OF(checks); i++)
		if (strcmp(checks[i].adapter, action->adapter->name) == 0)
			checks[i].check(catalog, action->args_node, list);
}
