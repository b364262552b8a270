/*
 * One action's place in its step: its items, its task, its events in the declared order.
 *
 *	slot_init(&slot, …); slot_speak(&slot);   // the first may tell what happens as it happens
 *	slot_start(&slot); … `ended` once, unless it has ended in slot_start()
 *	slot_release(&slot);
 */
#ifndef FSOPS_ENGINE_SLOT_H
#define FSOPS_ENGINE_SLOT_H

#include "each.h"
#include "place.h"

struct task;
struct slot;

/* What a step is told and asked by the slots in it. */
struct slot_above {
	bool (*is_stopping)(void *ctx); /* nothing more may start */
	/* SLOT has ended; also from inside slot_start() and slot_skip(). */
	void (*ended)(void *ctx, const struct slot *slot);
};

enum slot_state { SLOT_WAITING, SLOT_ACTIVE, SLOT_ENDED };

struct slot {
	const struct slot_above *above;
	void *ctx;
	struct place place;
	const struct scope *step_scope;
	const struct each *step_each; /* what its step goes through */
	size_t number;                /* of the action in its step */
	enum slot_state state;
	struct task *task;
	struct each each;
	struct scope scope; /* over the step's */
	json_t *results;    /* one an item, when there is a for_each */
	bool speaks;        /* those before it have told all they had to */
	json_t *held;       /* events of this slot that must wait for those of the ones before it */
	enum outcome outcome;
	enum level severity; /* of the worst that did not go well */
};

/* ABOVE, CTX, STEP_SCOPE, STEP_EACH, NUMBER are set, and of PLACE what its step knows. */
void slot_init(struct slot *slot);
void slot_release(struct slot *slot);

/* Begin a waiting slot. */
void slot_start(struct slot *slot);

/* End a slot that could not begin. */
void slot_skip(struct slot *slot, enum outcome outcome, const char *why);

/* Those before it have told all: what is held back is told, and from now on everything at once. */
void slot_speak(struct slot *slot);

/* As of task.h, for what runs in it, if anything does. */
void slot_time_out(struct slot *slot);
void slot_cancel(struct slot *slot);
void slot_deadline_moved(struct slot *slot);

#endif
