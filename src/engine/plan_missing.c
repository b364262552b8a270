/* What steps look at that the steps before them, left out by --from or --only, would have given. Pure: reads
 * the plan, changes nothing. */
#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/plan.h"
#include "fsops/value.h"
#include "refs.h"

struct search {
	const struct plan_step *step; /* that looks */
	json_t *lost; /* "found" or "results.ID" → the step that would have given it */
	json_t *texts;
};

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

static void look_at_path(void *ctx, const char *const *parts, size_t count)
{
	char *result;

	if (!count)
		return;
	look(ctx, parts[0]);
	if (count < 2 || strcmp(parts[0], "results") != 0)
		return;
	result = mem_printf("results.%s", parts[1]);
	look(ctx, result);
	free(result);
}

/* What STEP gives to those after it: it is there, or it is lost. */
static void take(json_t *lost, const char *what, const struct plan_step *step)
{
	if (step->selected)
		json_object_del(lost, what);
	else
		json_object_set_new(lost, what, json_string(step->id));
}

static void take_all(json_t *lost, const json_t *vars, const struct plan_step *step)
{
	for (size_t i = 0; i < step->action_count; i++) {
		const struct action *action = step->actions[i].action;
		char *result = mem_printf("results.%s", action->id);

		take(lost, result, step);
		free(result);
		/* A variable has its default. */
		for (size_t k = 0; k < action->capture_count; k++)
			if (!json_object_get(vars, action->captures[k].name))
				take(lost, action->captures[k].name, step);
	}
}

json_t *plan_missing(const struct plan *plan)
{
	struct search search = {.lost = json_object(), .texts = json_array()};

	for (size_t i = 0; i < plan->step_count; i++) {
		search.step = &plan->steps[i];
		if (search.step->selected)
			step_each_path(search.step->step, look_at_path, &search);
		take_all(search.lost, plan->vars, search.step);
	}
	json_decref(search.lost);
	return search.texts;
}
