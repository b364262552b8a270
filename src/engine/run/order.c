/* Says which action may start. Invariant: each is given at most once, and none before all that it waits for have
 * ended. */
#include "order.h"

#include <stdlib.h>

#include "engine/plan/at_once.h"
#include "engine/plan/refs.h"
#include "fsops/mem.h"

static void add_follower(struct order_action *action, size_t index)
{
	MEM_PUSH_ROOM(action->followers, action->follower_count);
	action->followers[action->follower_count++] = index;
}

static void add_needs(struct order *order, size_t index, const struct action_needs *needs)
{
	order->actions[index].needs = needs->count;
	for (size_t i = 0; i < needs->count; i++)
		add_follower(&order->actions[needs->items[i]], index);
}

void order_init(struct order *order, const struct plan_step *step)
{
	struct action_needs *needs = refs_needs(step->step);

	*order = (struct order){.count = step->action_count};
	order->actions = mem_alloc((order->count + 1) * sizeof(*order->actions));
	order->ready = mem_alloc((order->count + 1) * sizeof(*order->ready));
	for (size_t i = 0; i < order->count; i++) {
		order->actions[i].barrier = at_once_alone(step, &step->actions[i]);
		add_needs(order, i, &needs[i]);
	}
	refs_needs_free(needs, order->count);
	order_again(order);
}

void order_again(struct order *order)
{
	order->next = order->ended = 0;
	order->ready_from = order->ready_to = 0;
	for (size_t i = 0; i < order->count; i++) {
		order->actions[i].left = order->actions[i].needs;
		order->actions[i].passed = false;
	}
}

void order_release(struct order *order)
{
	for (size_t i = 0; i < order->count; i++)
		free(order->actions[i].followers);
	free(order->actions);
	free(order->ready);
}

/* Those that have ended are all among those before `next`. */
static bool may_go_on(const struct order *order)
{
	bool behind = order->next && order->actions[order->next - 1].barrier;

	return order->ended == order->next || !(behind || order->actions[order->next].barrier);
}

bool order_next(struct order *order, size_t *index)
{
	if (order->ready_from < order->ready_to) {
		*index = order->ready[order->ready_from++];
		return true;
	}
	while (order->next < order->count && may_go_on(order)) {
		*index = order->next++;
		if (!order->actions[*index].left)
			return true;
		order->actions[*index].passed = true;
	}
	return false;
}

bool order_all_given(const struct order *order)
{
	return order->next == order->count;
}

void order_ended(struct order *order, size_t index)
{
	const struct order_action *action = &order->actions[index];

	order->ended++;
	for (size_t i = 0; i < action->follower_count; i++) {
		struct order_action *follower = &order->actions[action->followers[i]];

		if (!--follower->left && follower->passed)
			order->ready[order->ready_to++] = action->followers[i];
	}
}
