/* What the printers of a plan share. Invariant: nothing here decides what is run. */
#include "walk.h"

#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/template.h"
#include "fsops/value.h"

char *plan_manual_line(const char *line, size_t len)
{
	static const char *const marks[] = {"# by hand: ", "#   "};

	for (size_t i = 0; i < COUNT_OF(marks); i++)
		if (len > strlen(marks[i]) && strncmp(line, marks[i], strlen(marks[i])) == 0)
			return mem_textn(line + strlen(marks[i]), len - strlen(marks[i]));
	return mem_textn(line, len);
}

const char *plan_action_tag(const struct plan_action *action)
{
	if (plan_action_manual(action))
		return "person";
	if (action->nested)
		return "runbook";
	if (action->effect == EFFECT_READ)
		return "read";
	return action->effect == EFFECT_DESTROY ? "DESTROY" : "change";
}

const char *plan_section_title(enum section section)
{
	static const char *const titles[] = {
	    [SECTION_STEPS] = "Steps",
	    [SECTION_RECOVERY] = "Recovery",
	    [SECTION_ON_FAILURE] = "When a change, or what must not fail, has failed",
	    [SECTION_ALWAYS] = "Always, at the end",
	};

	return titles[section];
}

bool plan_section_begins(const struct plan *plan, size_t step)
{
	return step == 0 || plan->steps[step].section != plan->steps[step - 1].section;
}

msec runbook_budget(const struct runbook *runbook, size_t *steps)
{
	msec budget = 0;

	*steps = 0;
	for (size_t s = 0; s < SECTION_COUNT; s++) {
		const struct step_list *list = &runbook->sections[s];

		if (s == SECTION_ON_FAILURE)
			continue;
		*steps += list->count;
		for (size_t i = 0; i < list->count; i++)
			budget +=
			    list->items[i].budget ? list->items[i].budget : STEP_BUDGET_DEFAULT;
	}
	return budget;
}

char *plan_hold_text(const struct plan *plan, const struct action *action)
{
	const char *expr;
	char *name, *text;
	size_t len;
	json_t *value;

	if (!action->hold_for_text || !template_is_single(action->hold_for_text, &expr, &len))
		return mem_text(action->hold_for_text);
	name = mem_textn(expr, len);
	value = json_object_get(plan->vars, name);
	text = value ? value_to_text(value) : mem_text(action->hold_for_text);
	free(name);
	return text;
}

void plan_judged_text(
    const struct action *action, const char *condition, bool first, struct buf *out)
{
	if (first && !action->judged_by_expect)
		buf_addf(out, "%s, and ", action->adapter->succeeds);
	buf_adds(out, condition);
}
