/*
 * One action being carried out once (for one item, when it has a for_each):
 * condition, approval, attempts with retry, until and hold_for, expectations,
 * captures.
 */
#ifndef FSOPS_ENGINE_TASK_H
#define FSOPS_ENGINE_TASK_H

#include "engine/run/place.h"

struct task;

/* What came of it; borrowed until `ended` returns. */
struct task_end {
	enum outcome outcome;
	enum level severity;     /* of its failure; LEVEL_OK: it did not fail */
	const json_t *arguments; /* filled in; or NULL */
	json_t *result;          /* never NULL: has outcome, why, seconds */
};

struct task_above {
	/* From the loop: it has ended, and is to be freed. */
	void (*ended)(void *ctx, const struct task_end *end);
};

/* Begins at once in PLACE, which is borrowed; `ended` follows, never from inside. */
struct task *task_start(const struct place *place, const struct task_above *above, void *ctx);
void task_free(struct task *task); /* NULL is allowed */

/* The step's time is up: what runs is ended. Waiting for a person is not cut off. */
void task_time_out(struct task *task);

/* The run is being stopped: what runs is ended, and a question is withdrawn. */
void task_cancel(struct task *task);

/* The step's deadline has moved: a person is asked, or has answered. */
void task_deadline_moved(struct task *task);

/* --- for engine/host/host.c --- */
struct service;
const struct place *task_place(const struct task *task);
struct service **task_service(struct task *task); /* where the service under way is kept */

/* What a person is told that it is for, filled in and masked: a new text, or NULL. */
char *task_title(const struct task *task);

bool task_is_first_attempt(const struct task *task);

/* The runbook that it ran was stopped by a change that failed: the same here. */
void task_note_inner_stop(struct task *task);

#endif
