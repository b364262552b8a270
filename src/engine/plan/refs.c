/* References between expressions and results. Pure: reads the model, changes nothing. */
#include "refs.h"

#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/template.h"

struct walk {
	expr_path_fn *fn;
	void *ctx;
};

static void walk_condition(const struct condition *condition, const struct walk *walk)
{
	if (condition->expr)
		expr_each_path(condition->expr, walk->fn, walk->ctx);
}

static int walk_hole(void *ctx, const char *text, size_t len)
{
	const struct walk *walk = ctx;
	struct expr_error error;
	struct expr *expr = expr_compile(text, len, NULL, &error);

	if (expr)
		expr_each_path(expr, walk->fn, walk->ctx);
	expr_free(expr);
	return 0;
}

static void walk_text(const char *text, const struct walk *walk)
{
	if (text && template_any(text))
		template_each(text, NULL, walk_hole, (void *)walk);
}

static void walk_json(const json_t *value, const struct walk *walk)
{
	const char *key;
	json_t *member;

	walk_text(json_string_value(value), walk);
	for (size_t i = 0; i < json_array_size(value); i++)
		walk_json(json_array_get(value, i), walk);
	json_object_foreach((json_t *)value, key, member)
		walk_json(member, walk);
}

static void walk_expectation(const struct expectation *expectation, const struct walk *walk)
{
	walk_condition(&expectation->holds, walk);
	walk_text(expectation->message, walk);
}

/* The expressions that see the action's own result. */
static void walk_own(const struct action *action, const struct walk *walk)
{
	for (size_t i = 0; i < action->expect_count; i++)
		walk_expectation(&action->expects[i], walk);
	for (size_t i = 0; i < action->capture_count; i++)
		walk_condition(&action->captures[i].value, walk);
	if (!action->look)
		walk_condition(&action->until, walk);
	else if (!action->look->adapter->literal)
		walk_json(action->look->args, walk);
}

void action_each_path(const struct action *action, expr_path_fn *fn, void *ctx)
{
	struct walk walk = {.fn = fn, .ctx = ctx};

	walk_own(action, &walk);
	walk_condition(&action->when, &walk);
	walk_condition(&action->for_each, &walk);
	if (!action->adapter->literal)
		walk_json(action->args, &walk);
	if (action->look) /* not in walk_own(): its fields are the look's */
		walk_condition(&action->until, &walk);
	walk_text(action->title, &walk);
	walk_text(action->save, &walk);
	walk_text(action->stdin_text, &walk);
	walk_text(action->hold_for_text, &walk);
}

static json_t *member(json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	if (!value) {
		value = json_object();
		json_object_set_new(object, key, value);
	}
	return value;
}

static void note_path(void *ctx, const char *const *parts, size_t count)
{
	json_t *refs = ctx;

	if (count >= 2 && strcmp(parts[0], "results") == 0)
		json_object_set_new(member(member(refs, "results"), parts[1]),
		    count > 2 ? parts[2] : "*", json_true());
	if (count >= 2 && strcmp(parts[0], "metrics") == 0)
		json_object_set_new(member(refs, "metrics"), parts[1], json_true());
}

void step_each_path(const struct step *step, expr_path_fn *fn, void *ctx)
{
	struct walk walk = {.fn = fn, .ctx = ctx};

	walk_condition(&step->when, &walk);
	walk_condition(&step->for_each, &walk);
}

static void note_step(const struct step *step, json_t *refs)
{
	step_each_path(step, note_path, refs);
	for (size_t i = 0; i < step->action_count; i++)
		action_each_path(&step->actions[i], note_path, refs);
}

json_t *refs_of_runbook(const struct runbook *runbook)
{
	json_t *refs = json_object();

	for (size_t s = 0; s < SECTION_COUNT; s++)
		for (size_t i = 0; i < runbook->sections[s].count; i++)
			note_step(&runbook->sections[s].items[i], refs);
	return refs;
}

static void note_root(void *ctx, const char *const *parts, size_t count)
{
	if (count)
		json_object_set_new(ctx, parts[0], json_true());
}

json_t *refs_fields(const json_t *refs, const struct action *action)
{
	json_t *fields = json_object();
	json_t *others = json_object_get(json_object_get(refs, "results"), action->id);
	struct walk walk = {.fn = note_root, .ctx = fields};

	if (others)
		json_object_update(fields, others);
	/* `has(results.ID)` looks at no field; only a list of results hides which ones are meant. */
	if (!action->for_each.expr)
		json_object_del(fields, "*");
	walk_own(action, &walk);
	return fields;
}

bool refs_result_wanted(const json_t *refs, const char *id)
{
	return json_object_get(json_object_get(refs, "results"), id);
}

bool refs_wants(const json_t *wants, const char *field)
{
	return json_object_get(wants, field) || json_object_get(wants, "*");
}

/* ---- which action waits for which ---- */

static void note_needs(void *ctx, const char *const *parts, size_t count)
{
	json_t *looks = ctx;

	if (count)
		json_object_set_new(
		    member(looks, "names"), variable_of_path(parts, count), json_true());
	if (count && strcmp(parts[0], "results") == 0)
		json_object_set_new(
		    member(looks, "results"), count > 1 ? parts[1] : "*", json_true());
}

/* LOOKS is what note_needs() has made of all paths of ACTION. */
static bool depends(const struct action *action, const json_t *looks, const struct action *earlier)
{
	const json_t *names = json_object_get(looks, "names");
	const json_t *results = json_object_get(looks, "results");

	/* A script and `vars` have all variables, and nobody knows which of them are read. */
	if ((action->adapter->literal || json_object_get(names, "vars")) && earlier->capture_count)
		return true;
	if (json_object_get(results, "*") || json_object_get(results, earlier->id))
		return true;
	if (json_object_get(names, "metrics") && strcmp(earlier->adapter->name, "metrics") == 0)
		return true;
	for (size_t i = 0; i < earlier->capture_count; i++)
		if (json_object_get(names, earlier->captures[i].name))
			return true;
	return false;
}

struct action_needs *refs_needs(const struct step *step)
{
	struct action_needs *needs = mem_alloc(step->action_count * sizeof(*needs));

	for (size_t i = 0; i < step->action_count; i++) {
		const struct action *action = &step->actions[i];
		json_t *looks = json_object();

		action_each_path(action, note_needs, looks);
		for (size_t k = 0; k < i; k++) {
			if (!depends(action, looks, &step->actions[k]))
				continue;
			MEM_PUSH_ROOM(needs[i].items, needs[i].count);
			needs[i].items[needs[i].count++] = k;
		}
		json_decref(looks);
	}
	return needs;
}

void refs_needs_free(struct action_needs *needs, size_t count)
{
	for (size_t i = 0; needs && i < count; i++)
		free(needs[i].items);
	free(needs);
}
