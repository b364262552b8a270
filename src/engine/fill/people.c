/* Tells what people say from what was found. Invariant: what cannot be told counts as found. */
#include "people.h"

#include <stdint.h>
#include <string.h>

#include "fsops/plan.h"
#include "fsops/template.h"

static bool has_var(const struct var *vars, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(vars[i].name, name) == 0)
			return true;
	return false;
}

static bool same(const char *a, const char *b)
{
	return a && strcmp(a, b) == 0;
}

/* Does the action give NAME a value of its own? */
static bool action_sets(const struct action *action, const char *name)
{
	for (size_t i = 0; i < action->capture_count; i++)
		if (same(action->captures[i].name, name))
			return true;
	return action->for_each.expr && same(action->as ? action->as : "item", name);
}

static bool step_sets(const struct step *step, const char *name)
{
	for (size_t i = 0; i < step->action_count; i++)
		if (action_sets(&step->actions[i], name))
			return true;
	return step->for_each.expr && same(step->as ? step->as : "item", name);
}

static bool runbook_sets(const struct runbook *runbook, const char *name)
{
	for (size_t s = 0; s < SECTION_COUNT; s++)
		for (size_t i = 0; i < runbook->sections[s].count; i++)
			if (step_sets(&runbook->sections[s].items[i], name))
				return true;
	return false;
}

/* Was it given by an alert's label, or by a runbook that had found it? */
static bool was_found(const struct plan *plan, const char *name)
{
	json_t *found;
	size_t i;

	json_array_foreach(json_object_get(plan->chosen, "found"), i, found)
		if (same(json_string_value(found), name))
			return true;
	return false;
}

static bool is_said(const struct plan *plan, const char *name)
{
	const struct platform *platform = plan->catalog->platform;
	const struct runbook *runbook = plan->runbook;

	if (runbook_sets(runbook, name) || was_found(plan, name))
		return false;
	return strcmp(name, "env") == 0 || has_var(runbook->vars, runbook->var_count, name) ||
	       has_var(platform->vars, platform->var_count, name);
}

/* What lies over the run's own names (an item, a result) hides a variable of that name. */
static bool is_hidden(const struct scope *scope, const char *name)
{
	for (; scope && scope->outer; scope = scope->outer)
		if (json_object_get(scope->names, name))
			return true;
	return false;
}

struct saying {
	const struct expander *expander;
	bool people;
};

static void note_path(void *ctx, const char *const *parts, size_t count)
{
	struct saying *saying = ctx;
	bool member = count > 1 && strcmp(parts[0], "vars") == 0;

	saying->people = saying->people && count && !is_hidden(saying->expander->scope, parts[0]) &&
	                 is_said(saying->expander->plan, parts[member]);
}

bool people_say(const struct expander *expander, const char *text, size_t len)
{
	struct saying saying = {expander, true};
	struct expr_error error;
	struct expr *expr;

	if (!expander->plan)
		return expander->said;
	expr = expr_compile(text, len, NULL, &error);
	if (!expr)
		return false;
	expr_each_path(expr, note_path, &saying);
	expr_free(expr);
	return saying.people;
}

static int look_at_hole(void *ctx, const char *text, size_t len)
{
	return people_say(ctx, text, len) ? 0 : 1;
}

bool people_say_all(const struct expander *expander, const json_t *value)
{
	const char *key;
	json_t *member;

	if (json_is_string(value))
		return template_each(json_string_value(value), NULL, look_at_hole,
		           (void *)(uintptr_t)expander) == 0;
	for (size_t i = 0; i < json_array_size(value); i++)
		if (!people_say_all(expander, json_array_get(value, i)))
			return false;
	json_object_foreach((json_t *)value, key, member)
		if (!people_say_all(expander, member))
			return false;
	return true;
}
