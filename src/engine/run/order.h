/*
 * Which action of a step may start when: reads that stand next to each other at once, in the declared order; a
 * change, or an adapter that runs alone, waits for everything before it, and everything after waits for it; what
 * looks at another's result or capture waits for that one. Everything in it together takes time that is linear in
 * the actions and in what they look at.
 *
 *	order_init(&order, step);
 *	while (order_next(&order, &index)) …          // start it
 *	order_ended(&order, index);                   // then look again
 *	order_again(&order);                          // for the next item of the step's for_each
 *	order_release(&order);
 */
#ifndef FSOPS_ENGINE_ORDER_H
#define FSOPS_ENGINE_ORDER_H

#include "fsops/plan.h"

struct order_action {
	bool barrier;
	bool passed;       /* it was looked at and must wait for another */
	size_t needs;      /* how many it looks at */
	size_t left;       /* of these, how many have not ended */
	size_t *followers; /* those that look at it */
	size_t follower_count;
};

struct order {
	struct order_action *actions;
	size_t count;
	size_t next;   /* those before it were started or passed */
	size_t ended;  /* how many have */
	size_t *ready; /* passed ones that wait for nothing any more, first come first served */
	size_t ready_from;
	size_t ready_to;
};

void order_init(struct order *order, const struct plan_step *step);
void order_again(struct order *order);
void order_release(struct order *order);

/* The INDEX of an action that may start now, each once. False: none may, yet. */
bool order_next(struct order *order, size_t *index);

/* Has each been given or passed over? */
bool order_all_given(const struct order *order);

/* The action at INDEX has ended, or will never start. */
void order_ended(struct order *order, size_t index);

#endif
