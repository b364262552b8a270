/*
 * One run while it runs: which step is next, and what is measured before and after them.
 *
 *	struct run *run = run_create(plan, options, &tools);   // or run_create_inside()
 *	run_on_end(run, on_ended, ctx);
 *	run_begin(run);                                        // `ended` once, from the loop
 *	run_free(run);
 */
#ifndef FSOPS_ENGINE_RUN_STATE_H
#define FSOPS_ENGINE_RUN_STATE_H

#include "place.h"
#include "world.h"

struct step_run;
struct measure;

struct run {
	struct world world;
	size_t next;   /* index of the step to look at next */
	size_t number; /* of the step that runs, counted among the selected ones */
	struct loop_timer *beginning;
	bool unrecorded;   /* not even its beginning is on record: nobody can go on with it */
	bool finishing;    /* the `after` measurement has begun */
	bool looking_back; /* it has ended: how its metrics went is asked for */
	struct step_run *step;
	struct measure *measure;
	int signal;
	bool over;         /* run.finished is due: a signal stops nothing any more */
	bool hurry;        /* a second signal came: nothing is waited for */
	size_t stopped_at; /* by a signal: the first step that had not begun */
	msec started;
	void (*ended)(void *ctx, struct run *run); /* everything has ended; nothing runs */
	void *ctx;
};

/* A whole run of PLAN. Starts nothing yet. */
struct run *run_create(
    struct plan *plan, const struct run_options *options, const struct tools *tools);

/* A run of PLAN inside, for the action at PLACE. AGAIN: the action runs it anew, whatever was known of it. */
struct run *run_create_inside(struct plan *plan, const struct place *place, bool again);

/* ENDED is told when everything has ended and nothing runs any more. */
void run_on_end(struct run *run, void (*ended)(void *ctx, struct run *run), void *ctx);

/* From now on; `ended` is never called from inside. */
void run_begin(struct run *run);
void run_free(struct run *run); /* NULL is allowed */

/* End what runs now and start nothing more; `ended` still comes. */
void run_interrupt(struct run *run, int signal);

/* Steps that were to run always, and did not: as of run.finished. For the end of a run that a signal stopped. */
void run_note_not_run(struct run *run);

#endif
