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

/* ---- who gives what, within a step ---- */

/* The actions of a step before the one that is asked about, by what they give. */
struct givers {
	json_t *by_result;  /* id: its place */
	json_t *by_capture; /* name: a list of places */
	json_t *capturing;  /* places of those with captures */
	json_t *measuring;  /* places of those whose adapter is `metrics` */
	size_t count;
};

static struct givers givers_new(void)
{
	return (struct givers){json_object(), json_object(), json_array(), json_array(), 0};
}

static void givers_release(struct givers *givers)
{
	json_decref(givers->by_result);
	json_decref(givers->by_capture);
	json_decref(givers->capturing);
	json_decref(givers->measuring);
}

static void givers_add(struct givers *givers, const struct action *action)
{
	json_t *place = json_integer((json_int_t)givers->count++);

	if (action->id)
		json_object_set(givers->by_result, action->id, place);
	for (size_t i = 0; i < action->capture_count; i++) {
		const char *name = action->captures[i].name;
		json_t *list = json_object_get(givers->by_capture, name);

		if (!list) {
			list = json_array();
			json_object_set_new(givers->by_capture, name, list);
		}
		json_array_append(list, place);
	}
	if (action->capture_count)
		json_array_append(givers->capturing, place);
	if (strcmp(action->adapter->name, "metrics") == 0)
		json_array_append(givers->measuring, place);
	json_decref(place);
}

static void need(struct action_needs *needs, size_t place)
{
	MEM_PUSH_ROOM(needs->items, needs->count);
	needs->items[needs->count++] = place;
}

static void need_all(struct action_needs *needs, const json_t *places)
{
	json_t *place;
	size_t i;

	json_array_foreach(places, i, place)
		need(needs, (size_t)json_integer_value(place));
}

static int by_place(const void *left, const void *right)
{
	size_t a = *(const size_t *)left, b = *(const size_t *)right;

	return (a > b) - (a < b);
}

static void sort_and_join(struct action_needs *needs)
{
	size_t kept = 0;

	if (needs->count)
		qsort(needs->items, needs->count, sizeof(*needs->items), by_place);
	for (size_t i = 0; i < needs->count; i++)
		if (!kept || needs->items[i] != needs->items[kept - 1])
			needs->items[kept++] = needs->items[i];
	needs->count = kept;
}

/* LOOKS is what note_needs() has made of all paths of ACTION. */
static void find_needs(const struct action *action, json_t *looks, const struct givers *givers,
    struct action_needs *needs)
{
	json_t *names = json_object_get(looks, "names");
	json_t *results = json_object_get(looks, "results");
	const char *key;
	json_t *value;

	/* A script and `vars` have all variables, and nobody knows which of them are read. */
	if (action->adapter->literal || json_object_get(names, "vars"))
		need_all(needs, givers->capturing);
	if (json_object_get(names, "metrics"))
		need_all(needs, givers->measuring);
	json_object_foreach(names, key, value)
		need_all(needs, json_object_get(givers->by_capture, key));
	json_object_foreach(results, key, value) {
		const json_t *place = json_object_get(givers->by_result, key);

		if (place)
			need(needs, (size_t)json_integer_value(place));
	}
	for (size_t i = 0; json_object_get(results, "*") && i < givers->count; i++)
		need(needs, i);
	sort_and_join(needs);
}

static void needs_of(
    const struct action *action, const struct givers *givers, struct action_needs *needs)
{
	json_t *looks = json_object();

	action_each_path(action, note_needs, looks);
	find_needs(action, looks, givers, needs);
	json_decref(looks);
}

struct action_needs *refs_needs(const struct step *step)
{
	struct action_needs *needs = mem_alloc(step->action_count * sizeof(*needs));
	struct givers givers = givers_new();

	for (size_t i = 0; i < step->action_count; i++) {
		needs_of(&step->actions[i], &givers, &needs[i]);
		givers_add(&givers, &step->actions[i]);
	}
	givers_release(&givers);
	return needs;
}

bool refs_look_back(const struct action *actions, size_t count)
{
	struct givers givers = givers_new();
	struct action_needs needs = {0};

	for (size_t i = 0; i < count; i++)
		givers_add(&givers, &actions[i]);
	for (size_t i = 0; i < count && !needs.count; i++)
		needs_of(&actions[i], &givers, &needs);
	givers_release(&givers);
	free(needs.items);
	return needs.count;
}

void refs_needs_free(struct action_needs *needs, size_t count)
{
	for (size_t i = 0; needs && i < count; i++)
		free(needs[i].items);
	free(needs);
}
