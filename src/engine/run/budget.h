/*
 * The time that a step has: warns before it is up, tells that it is, and stands still while a person is asked,
 * here and in the steps around it.
 *
 *	budget_init(&budget, …); budget_start(&budget);   // the clock runs
 *	budget_pause(&budget); … budget_resume(&budget);  // a person is asked
 *	budget_end(&budget);                              // the step has ended
 */
#ifndef FSOPS_ENGINE_BUDGET_H
#define FSOPS_ENGINE_BUDGET_H

#include <jansson.h>

#include "fsops/event.h"
#include "fsops/loop.h"

/* What whoever owns a budget is told, from the loop or from inside a call. */
struct budget_above {
	void (*over)(void *ctx);  /* the time is up */
	void (*moved)(void *ctx); /* budget_deadline() is another */
};

struct budget {
	struct loop *loop;
	struct events *events;
	struct budget *outer; /* of the step around it; NULL: none */
	const char *step;     /* its id; borrowed */
	msec span;
	const struct budget_above *above;
	void *ctx;
	msec began;
	msec deadline; /* 0 while a person is asked */
	msec left;     /* while a person is asked */
	struct loop_timer *warn;
	struct loop_timer *over;
	struct loop_timer *late; /* it has passed on the clock; a person may be waited for */
	bool exceeded;
	bool told; /* that it was exceeded */
	json_t *exceeded_at;
	json_t *ended; /* command lines that were ended because the time was up */
};

/* LOOP, EVENTS, OUTER, STEP, SPAN, ABOVE and CTX are set: it has begun, and its clock does not run yet. */
void budget_init(struct budget *budget);
void budget_start(struct budget *budget);
/* The step has ended: tell it if the time was up. */
void budget_end(struct budget *budget);
void budget_release(struct budget *budget);

bool budget_is_exceeded(const struct budget *budget);

/* `step`, `seconds` and `budget_seconds` of an event; a new object. */
json_t *budget_fields(const struct budget *budget);

/* When the time is up, on the monotonic clock; 0: it stands still for a person. */
msec budget_deadline(const struct budget *budget);

/* A person is being asked: the clock goes on, but nothing is cut off, in the steps around it neither. */
void budget_pause(struct budget *budget);
void budget_resume(struct budget *budget);

/* A person wants to try again after the time was up: the whole budget once more. */
void budget_renew(struct budget *budget);

/* A command line that had to be ended because the time was up. */
void budget_note_ended(struct budget *budget, const char *command);

#endif
