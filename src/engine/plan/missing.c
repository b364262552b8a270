/* What steps look at that the steps before them, left out by --from or --only, would have given. Pure: reads
 * the plan, changes nothing. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/plan.h"
#include "fsops/value.h"
#include "refs.h"

struct search {
	const struct plan *plan;
	const struct plan_step *step; /* that looks */
	const struct action *action;  /* of it; NULL: the step itself */
	json_t *lost;  /* "found" or "results.ID" → the step that would have given it */
	json_t *given; /* the same, of steps that run */
	json_t *texts;
};

/* ---- looking ---- */

static void look(struct search *search, const char *what)
{
	json_t *from = json_object_get(search->lost, what);
	char *text;

	if (!from)
		return;
	text = mem_printf(
	    "step '%s' looks at '%s', which will not be known: it comes from step '%s', which is "
	    "left out",
	    search->step->id, what, json_string_value(from));
	json_array_append_new(search->texts, value_text(text, strlen(text)));
	json_object_del(search->lost, what); /* told once */
	free(text);
}

/* The item of a for_each, or a field of the action's own result: it hides what steps before have given. */
static bool is_own(const struct search *search, const char *name)
{
	const struct step *step = search->step->step;
	const struct action *action = search->action;

	if (step->for_each.expr && strcmp(step->as, name) == 0)
		return true;
	if (action && action->for_each.expr && strcmp(action->as, name) == 0)
		return true;
	for (const struct adapter_field *field = action ? action->adapter->fields : NULL;
	     field && field->name; field++)
		if (strcmp(field->name, name) == 0)
			return true;
	return false;
}

static void look_at_path(void *ctx, const char *const *parts, size_t count)
{
	struct search *search = ctx;
	char *result;

	if (!count)
		return;
	if (!is_own(search, parts[0]))
		look(search, variable_of_path(parts, count));
	if (count < 2 || strcmp(parts[0], "results") != 0)
		return;
	result = mem_printf("results.%s", parts[1]);
	look(search, result);
	free(result);
}

/* "$NAME" or "${NAME" in TEXT, as a shell reads it. */
static bool script_names(const char *text, const char *name)
{
	size_t len = strlen(name);

	while ((text = strchr(text, '$'))) {
		text += text[1] == '{' ? 2 : 1;
		if (strncmp(text, name, len) == 0 && !isalnum((unsigned char)text[len]) &&
		    text[len] != '_')
			return true;
	}
	return false;
}

/* A script gets every variable; which ones it reads is in no expression. */
static void look_at_script(struct search *search)
{
	char *text = json_dumps(search->action->args, JSON_ENCODE_ANY);
	const char *name;
	json_t *from;
	void *next;

	json_object_foreach_safe(search->lost, next, name, from) {
		if (text && script_names(text, name))
			look(search, name);
	}
	free(text);
}

/* ---- giving ---- */

/* WHAT is there for those behind it, or it is lost. Steps for failures may run or not. */
static void take(struct search *search, const char *what)
{
	if (!search->step->selected && !json_object_get(search->given, what))
		json_object_set_new(search->lost, what, json_string(search->step->id));
	if (!search->step->selected || search->step->section == SECTION_ON_FAILURE)
		return;
	json_object_del(search->lost, what);
	json_object_set_new(search->given, what, json_true());
}

static void take_all(struct search *search)
{
	const struct action *action = search->action;
	char *result = mem_printf("results.%s", action->id);

	take(search, result);
	free(result);
	/* A variable has its default. */
	for (size_t i = 0; i < action->capture_count; i++)
		if (!json_object_get(search->plan->vars, action->captures[i].name))
			take(search, action->captures[i].name);
}

static void search_step(struct search *search)
{
	const struct plan_step *step = search->step;

	search->action = NULL;
	if (step->selected)
		step_each_path(step->step, look_at_path, search);
	for (size_t i = 0; i < step->action_count; i++) {
		search->action = step->actions[i].action;
		if (step->selected)
			action_each_path(search->action, look_at_path, search);
		if (step->selected && search->action->adapter->literal)
			look_at_script(search);
		take_all(search);
	}
}

static bool leaves_out(const struct plan *plan)
{
	for (size_t i = 0; i < plan->step_count; i++)
		if (!plan->steps[i].selected)
			return true;
	return false;
}

json_t *plan_missing(const struct plan *plan)
{
	struct search search = {
	    .plan = plan, .lost = json_object(), .given = json_object(), .texts = json_array()};

	bool wanted = leaves_out(plan);

	for (size_t i = 0; wanted && i < plan->step_count; i++) {
		search.step = &plan->steps[i];
		search_step(&search);
	}
	json_decref(search.lost);
	json_decref(search.given);
	return search.texts;
}
