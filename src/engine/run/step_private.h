/*
 * A step's own state, shared by step_run.c (which slots may start, timers) and slot.c (one action's
 * place in it, and the order of its events) only.
 */
#ifndef FSOPS_ENGINE_STEP_PRIVATE_H
#define FSOPS_ENGINE_STEP_PRIVATE_H

#include "engine/resume/past.h"
#include "step_run.h"

enum slot_state { SLOT_WAITING, SLOT_ACTIVE, SLOT_ENDED };

struct slot {
	struct step_run *step;
	const struct plan_action *plan;
	enum slot_state state;
	struct task *task;
	json_t *items;      /* of a for_each; NULL without one */
	json_t *told_items; /* the same as events tell them: masked */
	size_t item;        /* the one that runs */
	size_t repeat;      /* how many that are told the same came before it */
	json_t *item_names;
	struct scope scope; /* over the step's */
	json_t *results;    /* one an item, when there is a for_each */
	json_t *held;       /* events of this slot that must wait for those of the ones before it */
	struct past_found past; /* what is known of the item that runs */
	enum outcome outcome;
};

struct step_run {
	struct run *run;
	const struct plan_step *plan;
	char *id;
	json_t *items;      /* of the step's own for_each; NULL without one */
	json_t *told_items; /* the same as events tell them: masked */
	size_t item;
	size_t repeat; /* how many that are told the same came before it */
	json_t *item_names;
	struct scope scope;
	struct slot *slots;
	struct action_needs *needs; /* of each slot; engine/plan/refs.h */
	size_t told;                /* slots before this one have told all their events */
	msec began;
	msec deadline; /* 0 while a person is asked */
	msec left;     /* of the budget, while a person is asked */
	struct loop_timer *warn;
	struct loop_timer *over;
	struct loop_timer
	    *late; /* the budget has passed on the clock; a person may be waited for */
	struct loop_timer *turn; /* look again at what may start */
	bool exceeded;
	bool exceeded_told;
	json_t *exceeded_at;
	json_t *ended; /* command lines that were ended because the time was up */
	enum outcome outcome;
	enum level severity;     /* of the worst that did not go well in it */
	enum stop stop_at_start; /* `always` steps run although the run was stopped before */
	char *why;               /* it was skipped, or could not be begun */
};

/* Look again, in the loop's next round, at what may start and whether the step has ended. */
void step_look_again(struct step_run *step);

/* Nothing more may start in it: its time is up, or the run was stopped since it began. */
bool step_is_stopping(const struct step_run *step);

/* Begin a waiting slot. */
void slot_start(struct slot *slot);

/* End a slot that could not begin. */
void slot_skip(struct slot *slot, enum outcome outcome, const char *why);

#endif
