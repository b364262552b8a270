/* Says what runs at once. Invariant: what may look at what the item before it gave waits for that one. */
#include "at_once.h"

#include "refs.h"

bool at_once_alone(const struct plan_step *step, const struct plan_action *action)
{
	return action->effect != EFFECT_READ || action->action->adapter->alone ||
	       step->step->sequential;
}

void at_once_find(struct plan_step *step)
{
	bool reads = true;

	for (size_t i = 0; i < step->action_count; i++) {
		struct plan_action *action = &step->actions[i];
		bool alone = at_once_alone(step, action);

		reads = reads && !alone;
		action->items_at_once =
		    !alone && action->action->for_each.expr && !refs_look_back(action->action, 1);
	}
	step->rounds_at_once = reads && step->step->for_each.expr &&
	                       !refs_look_back(step->step->actions, step->action_count);
}
