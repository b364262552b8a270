/*
 * One step while it runs: which of its actions may start, its timers, and the
 * order in which its events are told.
 *
 * Reads that stand next to each other run at once, at most RUN_READS_MAX, and so
 * do the items that reads go through; a change, or an adapter that runs alone,
 * waits for everything before it and everything after waits for it (order.h). Whatever ends first, events come out in the
 * declared order: those of a later action are held back until the earlier ones
 * have ended.
 */
#ifndef FSOPS_ENGINE_STEP_RUN_H
#define FSOPS_ENGINE_STEP_RUN_H

#include "world.h"

struct step_run;

struct step_spec {
	struct world *world;
	const struct plan_step *plan;
	char *id;      /* in events; taken */
	size_t number; /* of it among those that run */
	size_t of;     /* how many those are */
	/* From the loop: it has ended, and is to be freed. */
	void (*ended)(void *ctx);
	void *ctx;
};

/* Starts at once; `ended` follows, never from inside. */
struct step_run *step_start(const struct step_spec *spec);
void step_free(struct step_run *step); /* NULL is allowed */

/* End everything in it now; `ended` follows when nothing is left. */
void step_interrupt(struct step_run *step);

#endif
