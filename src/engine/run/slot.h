/*
 * One action's place in its step: a lane for each of its items, and the order in which these are told and counted.
 *
 *	slot_init(&slot, …); slot_speak(&slot);   // the first may tell what happens as it happens
 *	slot_start(&slot); … slot_go_on(&slot); … `ended` once, maybe from inside these
 *	slot_release(&slot);
 *
 * Items of a read run at once where the plan says so (plan_action.items_at_once), as many as the step has places
 * for; all others one after another. Results come in the declared order in any case.
 */
#ifndef FSOPS_ENGINE_SLOT_H
#define FSOPS_ENGINE_SLOT_H

#include "each.h"
#include "place.h"

struct lane;
struct slot;

/* What a step is told and asked by the slots in it. */
struct slot_above {
	bool (*is_stopping)(void *ctx); /* nothing more may start */
	bool (*take_place)(void *ctx);  /* one more begins to run, if there is room for it */
	void (*leave_place)(void *ctx); /* it has ended */
	/* SLOT has ended; also from inside slot_start(), slot_go_on() and slot_skip(). */
	void (*ended)(void *ctx, struct slot *slot);
};

enum slot_state { SLOT_WAITING, SLOT_ACTIVE, SLOT_ENDED };

struct slot {
	const struct slot_above *above;
	void *ctx;
	struct place place;
	const struct scope *step_scope;
	const struct each_item *step_item; /* what its step goes through */
	size_t index;                      /* in its step, over all rounds of it */
	size_t number;                     /* of the action in its step */
	bool
	    later; /* rounds of its step run at once: what came of it counts when its turn has come */
	enum slot_state state;
	struct each each;
	struct lane **lanes; /* of each item; NULL: not begun, or over */
	size_t begun;
	size_t kept; /* what came of those before it counts */
	size_t told; /* those before it have told all */
	size_t running;
	json_t *results; /* one an item, when there is a for_each */
	bool skipped;    /* it could not begin */
	bool speaks;     /* those before it have told all they had to */
	enum outcome outcome;
	enum level severity; /* of the worst that did not go well */
};

/* ABOVE, CTX, STEP_SCOPE, STEP_ITEM, INDEX, NUMBER, LATER are set, and of PLACE what its step knows. */
void slot_release(struct slot *slot);

/* Begin a waiting slot; there must be room for one to run. */
void slot_start(struct slot *slot);

/* There may be room again for items of it. */
void slot_go_on(struct slot *slot);

/* It has items that could run now if there were room. */
bool slot_wants_room(const struct slot *slot);

/* End a slot that could not begin. */
void slot_skip(struct slot *slot, enum outcome outcome, const char *why);

/* Those before it have told all: what is held back is told, and from now on everything at once. */
void slot_speak(struct slot *slot);

/* As of task.h, for what runs in it, if anything does. */
void slot_time_out(struct slot *slot);
void slot_cancel(struct slot *slot);
void slot_deadline_moved(struct slot *slot);

#endif
