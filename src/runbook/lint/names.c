/*
 * Names, for lint: which variables and captures a runbook uses, and which of them hold secrets.
 *
 * Invariant: what is made of a secret is taken for one; the tables' keys are the model's own
 * texts.
 */
#include <ctype.h>
#include <string.h>

#include "fsops/template.h"
#include "lint.h"

/* ---- the expressions in texts ---- */

struct walk {
	struct lint *lint;
	const struct node *node;
	lint_hole_fn *fn;
};

static int on_hole(void *ctx, const char *text, size_t len)
{
	struct walk *walk = ctx;
	struct expr_error error;
	struct expr *expr = expr_compile(text, len, NULL, &error);

	if (expr)
		walk->fn(
		    walk->lint, expr, node_pos_at(walk->node, (size_t)(text - walk->node->text)));
	expr_free(expr);
	return 0;
}

void lint_each_hole(struct lint *lint, const struct node *node, lint_hole_fn *fn)
{
	struct walk walk = {lint, node, fn};

	if (!node)
		return;
	if (node->kind == NODE_SCALAR && template_any(node->text))
		template_each(node->text, NULL, on_hole, &walk);
	for (size_t i = 0; i < node->count; i++)
		lint_each_hole(lint, node->items[i], fn);
}

/* ---- every action of the runbook ---- */

static void each_action(struct lint *lint, void (*fn)(struct lint *, const struct action *))
{
	for (int section = 0; section < SECTION_COUNT; section++) {
		const struct step_list *list = &lint->runbook->sections[section];

		for (size_t i = 0; i < list->count; i++)
			for (size_t j = 0; j < list->items[i].action_count; j++)
				fn(lint, &list->items[i].actions[j]);
	}
}

static void define(struct lint *lint, const struct action *action)
{
	for (size_t i = 0; i < action->capture_count; i++)
		names_put(&lint->defined, action->captures[i].name, action->captures[i].name);
}

/* ---- secrets ---- */

static bool is_platform_secret(const struct platform *platform, const char *name)
{
	for (size_t i = 0; i < platform->secret_count; i++)
		if (strcmp(platform->secrets[i], name) == 0)
			return true;
	return false;
}

struct search {
	const struct lint *lint;
	bool found;
};

static void find_secret(void *ctx, const char *const *parts, size_t count)
{
	struct search *search = ctx;

	if (names_get(&search->lint->secrets, variable_of_path(parts, count)) ||
	    (count > 1 && strcmp(parts[0], "env") == 0 &&
	        is_platform_secret(search->lint->catalog->platform, parts[1])))
		search->found = true;
}

bool lint_is_secret(const struct lint *lint, const struct expr *expr)
{
	struct search search = {lint, expr && expr_is_secret(expr)};

	if (expr)
		expr_each_path(expr, find_secret, &search);
	return search.found;
}

static void find_secret_hole(struct lint *lint, const struct expr *expr, struct pos pos)
{
	(void)pos;
	lint->found |= lint_is_secret(lint, expr);
}

static void collect_vars(struct lint *lint, const struct var *vars, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		names_put(&lint->defined, vars[i].name, vars[i].name);
		lint->found = vars[i].secret;
		lint_each_hole(lint, vars[i].node, find_secret_hole);
		if (lint->found)
			names_put(&lint->secrets, vars[i].name, vars[i].name);
	}
}

static void collect_capture_secrets(struct lint *lint, const struct action *action)
{
	for (size_t i = 0; i < action->capture_count; i++) {
		const struct capture *capture = &action->captures[i];

		if (capture->secret || lint_is_secret(lint, capture->value.expr))
			names_put(&lint->secrets, capture->name, capture->name);
	}
}

/* ---- uses ---- */

static void note_use(struct lint *lint, const char *name)
{
	const char *own = names_get(&lint->defined, name);

	if (own)
		names_put(&lint->used, own, own);
}

static void note_path(void *ctx, const char *const *parts, size_t count)
{
	struct lint *lint = ctx;
	const char *name = variable_of_path(parts, count);

	note_use(lint, name);
	for (size_t i = 0; strcmp(name, "vars") == 0 && i < lint->defined.cap; i++)
		if (lint->defined.slots[i].name)
			note_use(lint, lint->defined.slots[i].name);
}

static void note_hole(struct lint *lint, const struct expr *expr, struct pos pos)
{
	(void)pos;
	expr_each_path(expr, note_path, lint);
}

static void note_condition(struct lint *lint, const struct condition *condition)
{
	if (condition->expr)
		expr_each_path(condition->expr, note_path, lint);
}

/* "$name" and "${name…": the script's environment. */
static bool script_names(const char *script, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = strchr(script, '$'); at; at = strchr(at + 1, '$')) {
		const char *begin = at + 1 + (at[1] == '{');

		begin += *begin == '#'; /* ${#name} */
		if (strncmp(begin, name, len) == 0 && !isalnum((unsigned char)begin[len]) &&
		    begin[len] != '_')
			return true;
	}
	return false;
}

static void note_script(struct lint *lint, const char *script)
{
	for (size_t i = 0; i < lint->defined.cap; i++) {
		const char *name = lint->defined.slots[i].name;

		if (name && script_names(script, name))
			note_use(lint, name);
	}
}

static void note_literal(struct lint *lint, const struct action *action)
{
	if (action->adapter && action->adapter->literal && action->args_node &&
	    action->args_node->text)
		note_script(lint, action->args_node->text);
}

static void note_action(struct lint *lint, const struct action *action)
{
	note_condition(lint, &action->when);
	note_condition(lint, &action->until);
	note_condition(lint, &action->for_each);
	for (size_t i = 0; i < action->expect_count; i++)
		note_condition(lint, &action->expects[i].holds);
	for (size_t i = 0; i < action->capture_count; i++)
		note_condition(lint, &action->captures[i].value);
	note_literal(lint, action);
	if (action->look)
		note_literal(lint, action->look);
}

static void note_steps(struct lint *lint)
{
	for (int section = 0; section < SECTION_COUNT; section++) {
		const struct step_list *list = &lint->runbook->sections[section];

		for (size_t i = 0; i < list->count; i++) {
			note_condition(lint, &list->items[i].when);
			note_condition(lint, &list->items[i].for_each);
		}
	}
}

void lint_collect_names(struct lint *lint)
{
	const struct platform *platform = lint->catalog->platform;

	collect_vars(lint, platform->vars, platform->var_count);
	collect_vars(lint, lint->runbook->vars, lint->runbook->var_count);
	each_action(lint, define);
	each_action(lint, collect_capture_secrets);
	lint_each_hole(lint, lint->runbook->node, note_hole);
	note_steps(lint);
	each_action(lint, note_action);
}
