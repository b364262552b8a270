/* An action's place in a run: what those below its slot have to know of where they are. */
#ifndef FSOPS_ENGINE_PLACE_H
#define FSOPS_ENGINE_PLACE_H

#include "budget.h"
#include "world.h"

struct place {
	struct world *world;
	const struct plan_action *action;
	const char *step;          /* the id of its step */
	const char *title;         /* of its step */
	enum on_failure step_rule; /* its step's own on_failure */
	const struct scope *scope; /* what its expressions may name */
	struct budget *budget;     /* its step's */
	struct past_found past;    /* what was known of it before the run */
	json_t *
	    captured; /* object: what it captures is kept here until its turn has come; NULL: it counts at
	                     once */
	/* Emit an event of this action; `step`, `action` and `item` are added. FIELDS are taken. */
	void (*emit)(void *ctx, const char *type, json_t *fields);
	void *ctx;
};

#endif
