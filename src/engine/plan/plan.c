/* Makes plans. Invariant: making one touches nothing outside this process: no socket, no child, no
 * file. What it shows and what a run does come from the same prepared_make(). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/secrets/mask.h"
#include "engine/secrets/own.h"
#include "fsops/channel.h"
#include "fsops/mem.h"
#include "fsops/plan.h"
#include "fsops/text.h"
#include "fsops/value.h"
#include "at_once.h"
#include "prepared.h"
#include "engine/fill/people.h"
#include "refs.h"
#include "vars.h"

/* Runbooks that run runbooks: so deep at most, and never in a circle. */
#define PLAN_NESTING_MAX 8

/* Above it: the plans that this one is being made for, innermost first. */
struct making {
	const struct catalog *catalog;
	struct plan *plan;
	json_t *known; /* the names whose value cannot change before the action at hand runs */
	const struct making *outer;
	bool script; /* plan_options */
	struct err *err;
};

static int check_circle(const struct making *making, const struct runbook *runbook)
{
	size_t depth = 0;

	for (const struct making *at = making; at; at = at->outer, depth++)
		if (at->plan->runbook == runbook)
			return err_set(making->err, ERR_INPUT,
			    "runbook '%s' runs itself through '%s': take one of the two out",
			    runbook->name, making->plan->runbook->name);
	if (depth >= PLAN_NESTING_MAX)
		return err_set(
		    making->err, ERR_LIMIT, "runbooks run runbooks over %d deep", PLAN_NESTING_MAX);
	return 0;
}

static struct plan *make_plan(const struct making *outer, const struct catalog *catalog,
    const struct runbook *runbook, const struct plan_options *options, struct redact *redact,
    struct err *err);

/* The variables of a nested plan, as `--var` would give them: those that are known by now. */
static char **nested_vars(const json_t *vars, size_t *count)
{
	char **items = mem_alloc((json_object_size(vars) + 1) * sizeof(*items));
	const char *key;
	json_t *value;

	*count = 0;
	json_object_foreach((json_t *)vars, key, value) {
		char *text = value_to_text(value);

		items[(*count)++] = mem_printf("%s=%s", key, text);
		free(text);
	}
	return items;
}

static bool has_var(const struct var *vars, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (text_same(vars[i].name, name))
			return true;
	return false;
}

/* VARS, and the platform's variables that were given from outside: a platform is the same for all that
 * runs on it. A new object. */
static json_t *vars_for_nested(const struct plan *outer, const json_t *vars)
{
	const struct platform *platform = outer->catalog->platform;
	json_t *all = vars ? json_copy((json_t *)vars) : json_object();
	json_t *name;
	size_t i;

	json_array_foreach(json_object_get(outer->chosen, "given"), i, name) {
		const char *text = json_string_value(name);
		json_t *value = json_object_get(outer->vars, text);

		if (value && !json_object_get(all, text) &&
		    has_var(platform->vars, platform->var_count, text))
			json_object_set(all, text, value);
	}
	return all;
}

static bool is_in(const json_t *list, const char *name)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (text_same(json_string_value(json_array_get(list, i)), name))
			return true;
	return false;
}

/* Which of ALL, the variables for a nested plan, no person said. FROM: the action that gives them. */
static json_t *found_for_nested(
    const struct plan *outer, const struct action *from, const json_t *all)
{
	const struct expander expander = {.plan = outer};
	const json_t *written = json_object_get(from->args, "vars");
	json_t *found = json_array();
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)all, name, value) {
		const json_t *text = json_object_get(written, name);

		if (text ? !people_say_all(&expander, text)
		         : is_in(json_object_get(outer->chosen, "found"), name))
			json_array_append_new(found, json_string(name));
	}
	return found;
}

static struct plan *make_nested(const struct making *making, const struct action *from,
    const char *name, const json_t *vars, bool lenient)
{
	const struct runbook *runbook = catalog_find(making->catalog, name, making->err);
	struct plan_options options = {.lenient = lenient, .script = making->script};
	struct plan *plan;
	json_t *all, *found;
	char **items;

	if (!runbook || check_circle(making, runbook) < 0)
		return NULL;
	all = vars_for_nested(making->plan, vars);
	items = nested_vars(all, &options.var_count);
	options.found = found = found_for_nested(making->plan, from, all);
	json_decref(all);
	options.vars = (const char *const *)items;
	plan = make_plan(
	    making, making->catalog, runbook, &options, making->plan->redact, making->err);
	for (size_t i = 0; i < options.var_count; i++)
		free(items[i]);
	free(items);
	json_decref(found);
	return plan;
}

struct plan *plan_nested(const struct plan *outer, const struct action *from, const char *name,
    const json_t *vars, struct err *err)
{
	struct making making = {
	    .catalog = outer->catalog, .plan = (struct plan *)outer, .err = err};

	return make_nested(&making, from, name, vars, false);
}

/* What a nested plan may do counts for the action that runs it. */
static enum effect nested_effect(const struct plan *nested)
{
	return nested->destroys ? EFFECT_DESTROY : nested->changes ? EFFECT_CHANGE : EFFECT_READ;
}

/* A change is made once, whatever is waited for. */
static int check_repeated(const struct making *making, const struct plan_action *action)
{
	const struct action *from = action->action;

	if (nested_effect(action->nested) == EFFECT_READ ||
	    (!from->until.text && !from->hold_for && !from->hold_for_text))
		return 0;
	return err_set(making->err, ERR_INPUT,
	    "action '%s': '%s' would make the changes of runbook '%s' again at every look: wait "
	    "for them in a step that only looks",
	    from->id, from->until.text ? "until" : "hold_for", action->nested->runbook->name);
}

static int nest(struct making *making, struct plan_action *action, const json_t *args)
{
	const char *name = value_get_text(args, "name");

	action->nested = make_nested(
	    making, action->action, name ? name : "", json_object_get(args, "vars"), true);
	return action->nested ? check_repeated(making, action) : -1;
}

/* NAMES has variables twice: by their own names, and as members of `vars`. */
static void forget(json_t *names, const char *name)
{
	json_object_del(names, name);
	json_object_del(json_object_get(names, "vars"), name);
}

static void forget_captures(const struct making *making, const struct action *action)
{
	for (size_t i = 0; i < action->capture_count; i++)
		forget(making->known, action->captures[i].name);
}

/* The names that have the same value whenever the action runs: a capture may replace a variable's
 * default, and the item of a for_each hides one. A new reference. */
static json_t *names_known(
    const struct making *making, const struct step *step, const struct action *action)
{
	json_t *names;

	if (step->for_each.expr)
		for (size_t i = 0; i < step->action_count; i++)
			forget_captures(making, &step->actions[i]);
	if (action->for_each.expr)
		forget_captures(making, action);
	names = json_copy(making->known);
	if (step->for_each.expr)
		json_object_del(names, step->as);
	if (action->for_each.expr)
		json_object_del(names, action->as);
	return names;
}

/* What a metric's source or an action's look asks; a new string, masked. ITEM (NULL: not wanted) gets what
 * else is known of a look. */
static char *read_command(const struct plan *plan, const struct expander *expander,
    const struct action *read, struct plan_action *item)
{
	struct prepared prepared;
	struct err err;
	char *text;

	if (prepared_make(&prepared, expander, read, &err) < 0)
		return mem_text(err.text);
	if (item) {
		item->look_tunnel = json_incref(prepared.tunnel);
		item->look_plain = json_incref(prepared.plain);
	}
	text = redact_text(plan->redact, prepared.line, strlen(prepared.line));
	prepared_release(&prepared);
	return text;
}

static int add_action(struct making *making, const struct step *step, const struct action *from,
    struct plan_action *action)
{
	struct plan *plan = making->plan;
	json_t *names = names_known(making, step, from);
	struct scope scope = {.names = names, .redact = plan->redact};
	struct expander expander = {
	    .scope = &scope, .mode = EXPAND_KNOWN, .redact = plan->redact, .plan = plan};
	struct prepared prepared;
	int result = 0;

	action->action = from;
	action->id = from->id;
	if (prepared_make(&prepared, &expander, from, making->err) < 0) {
		json_decref(names);
		return err_prefix(making->err, "action '%s'", from->id);
	}
	forget_captures(making, from);
	action->effect = prepared.effect;
	action->command = redact_text(plan->redact, prepared.line, strlen(prepared.line));
	action->tunnel = json_incref(prepared.tunnel);
	action->plain = json_incref(prepared.plain);
	if (from->look)
		action->look = read_command(plan, &expander, from->look, action);
	json_decref(names);
	if (strcmp(from->adapter->name, "runbook") == 0)
		result = nest(making, action, prepared.args);
	if (action->nested && action->effect < nested_effect(action->nested))
		action->effect = nested_effect(action->nested);
	prepared_release(&prepared);
	return result;
}

static int add_step(struct making *making, const struct step *from, enum section section)
{
	struct plan *plan = making->plan;
	struct plan_step *step;

	MEM_PUSH_ROOM(plan->steps, plan->step_count);
	step = &plan->steps[plan->step_count++];
	*step = (struct plan_step){
	    .step = from,
	    .section = section,
	    .id = from->id,
	    .title = from->title,
	    .budget = from->budget ? from->budget : STEP_BUDGET_DEFAULT,
	    .selected = true,
	    .actions = mem_alloc(from->action_count * sizeof(*step->actions)),
	};
	for (size_t i = 0; i < from->action_count; i++) {
		step->action_count++;
		if (add_action(making, from, &from->actions[i], &step->actions[i]) < 0)
			return -1;
	}
	at_once_find(step);
	return 0;
}

static int add_steps(struct making *making, const struct runbook *runbook)
{
	for (size_t s = 0; s < SECTION_COUNT; s++)
		for (size_t i = 0; i < runbook->sections[s].count; i++)
			if (add_step(making, &runbook->sections[s].items[i], (enum section)s) < 0)
				return -1;
	return 0;
}

static bool names_step(const char *name, const struct plan_step *step, size_t number)
{
	char digits[24];

	snprintf(digits, sizeof(digits), "%zu", number);
	return strcmp(name, step->id) == 0 || strcasecmp(name, step->title) == 0 ||
	       strcmp(name, digits) == 0;
}

static struct plan_step *find_step(const struct plan *plan, const char *name, struct err *err)
{
	const char **ids = mem_alloc((plan->step_count + 1) * sizeof(*ids));
	struct plan_step *found = NULL;
	const char *near;

	for (size_t i = 0; i < plan->step_count; i++) {
		ids[i] = plan->steps[i].id;
		if (!found && names_step(name, &plan->steps[i], i + 1))
			found = &plan->steps[i];
	}
	near = text_nearest(name, ids, plan->step_count);
	if (!found)
		err_set(err, ERR_USAGE, "runbook '%s' has no step '%s'%s%s%s", plan->runbook->name,
		    name, near ? ": did you mean '" : "; `fsops show` lists them", near ? near : "",
		    near ? "'?" : "");
	free(ids);
	return found;
}

static int select_from(struct plan *plan, const char *name, struct err *err)
{
	struct plan_step *first = find_step(plan, name, err);

	if (!first)
		return -1;
	for (struct plan_step *step = plan->steps; step < first; step++)
		step->selected = false;
	return 0;
}

static int select_only(struct plan *plan, const struct plan_options *options, struct err *err)
{
	for (size_t i = 0; i < plan->step_count; i++)
		plan->steps[i].selected = false;
	for (size_t i = 0; i < options->only_count; i++) {
		struct plan_step *step = find_step(plan, options->only[i], err);

		if (!step)
			return -1;
		step->selected = true;
	}
	return 0;
}

static int select_steps(struct plan *plan, const struct plan_options *options, struct err *err)
{
	if (options->only_count && options->from)
		return err_set(err, ERR_USAGE,
		    "--from and --only do not go together: name the steps "
		    "with --only, or where to start with --from");
	if (options->only_count)
		return select_only(plan, options, err);
	return options->from ? select_from(plan, options->from, err) : 0;
}

static json_t *chosen_json(const struct plan_options *options)
{
	json_t *given = json_array();
	json_t *chosen = json_pack("{s:o}", "given", given);
	json_t *only = json_array();

	for (size_t i = 0; i < options->var_count; i++)
		json_array_append_new(
		    given, value_text(options->vars[i], strcspn(options->vars[i], "=")));
	for (size_t i = 0; i < options->only_count; i++)
		json_array_append_new(only, value_text(options->only[i], strlen(options->only[i])));
	if (options->from)
		json_object_set_new(
		    chosen, "from", value_text(options->from, strlen(options->from)));
	if (options->only_count)
		json_object_set(chosen, "only", only);
	if (json_array_size(options->found))
		json_object_set_new(chosen, "found", json_copy((json_t *)options->found));
	json_decref(only);
	return chosen;
}

static void count_effects(struct plan *plan)
{
	for (size_t s = 0; s < plan->step_count; s++) {
		const struct plan_step *step = &plan->steps[s];

		for (size_t i = 0; step->selected && i < step->action_count; i++) {
			const struct plan *nested = step->actions[i].nested;
			enum effect effect = step->actions[i].effect;

			plan->changes += nested ? nested->changes : effect == EFFECT_CHANGE;
			plan->destroys += nested ? nested->destroys : effect == EFFECT_DESTROY;
		}
	}
}

static struct plan *make_plan(const struct making *outer, const struct catalog *catalog,
    const struct runbook *runbook, const struct plan_options *options, struct redact *redact,
    struct err *err)
{
	struct plan *plan = mem_alloc(sizeof(*plan));
	struct making making = {.catalog = catalog, .plan = plan, .outer = outer, .err = err};
	json_t *vars; /* as NAMES has them, too */

	plan->catalog = catalog;
	plan->runbook = runbook;
	plan->nested = outer != NULL;
	plan->redact = outer ? redact : redact_for_platform(catalog->platform, err);
	plan->names = scope_constants(catalog->platform);
	plan->refs = refs_of_runbook(runbook);
	plan->chosen = chosen_json(options);
	if (plan->redact)
		plan->vars = vars_resolve(
		    catalog->platform, runbook, options, plan->names, plan->redact, err);
	if (plan->vars && !outer) {
		channels_mask(
		    &(struct channel_names){catalog->platform, plan->names, plan->redact});
		mask_targets(plan->redact, catalog->platform, plan->names);
	}
	making.script = options->script;
	vars = json_copy(plan->vars);
	if (plan->vars && making.script)
		mask_forget(plan->redact, plan->names, vars);
	making.known = json_copy(plan->names);
	json_object_set_new(making.known, "vars", vars);
	if (!plan->vars || add_steps(&making, runbook) < 0 ||
	    select_steps(plan, options, err) < 0) {
		redact_err(plan->redact, err); /* what an expression complains about may be one */
		plan_free(plan);
		plan = NULL;
	} else {
		count_effects(plan);
	}
	json_decref(making.known);
	return plan;
}

struct plan *plan_new(const struct catalog *catalog, const struct runbook *runbook,
    const struct plan_options *options, struct err *err)
{
	return make_plan(NULL, catalog, runbook, options, NULL, err);
}

static void step_release(struct plan_step *step)
{
	for (size_t i = 0; i < step->action_count; i++) {
		free(step->actions[i].command);
		free(step->actions[i].look);
		json_decref(step->actions[i].look_tunnel);
		json_decref(step->actions[i].tunnel);
		json_decref(step->actions[i].plain);
		json_decref(step->actions[i].look_plain);
		plan_free(step->actions[i].nested);
	}
	free(step->actions);
}

void plan_free(struct plan *plan)
{
	if (!plan)
		return;
	for (size_t i = 0; i < plan->step_count; i++)
		step_release(&plan->steps[i]);
	free(plan->steps);
	json_decref(plan->vars);
	json_decref(plan->names);
	json_decref(plan->refs);
	json_decref(plan->chosen);
	if (!plan->nested)
		redact_free(plan->redact);
	free(plan);
}

char *plan_metric_command(const struct plan *plan, const struct metric *metric)
{
	struct scope scope = {.names = plan->names, .redact = plan->redact};
	struct expander expander = {
	    .scope = &scope, .mode = EXPAND_KNOWN, .redact = plan->redact, .plan = plan};

	return read_command(plan, &expander, &metric->source, NULL);
}
