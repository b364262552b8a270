/*
 * One action being carried out once (for one item, when it has a for_each):
 * condition, approval, attempts with retry, until and hold_for, expectations,
 * captures.
 */
#ifndef FSOPS_ENGINE_TASK_H
#define FSOPS_ENGINE_TASK_H

#include "engine/run/step_run.h"

struct task;

/* Begins at once; slot_task_ended() follows, never from inside. */
struct task *task_start(struct slot *slot);
void task_free(struct task *task);

/* The step's time is up: what runs is ended. Waiting for a person is not cut off. */
void task_time_out(struct task *task);

/* The run is being stopped: what runs is ended, and a question is withdrawn. */
void task_cancel(struct task *task);

/* The step's deadline has moved: a person is asked, or has answered. */
void task_deadline_moved(struct task *task);

/* --- for engine/host/host.c --- */
struct service;
struct slot *task_slot(const struct task *task);
struct service **task_service(struct task *task); /* where the service under way is kept */

/* What a person is told that it is for, filled in and masked: a new text, or NULL. */
char *task_title(const struct task *task);

bool task_is_first_attempt(const struct task *task);

/* The runbook that it ran was stopped by a change that failed: the same here. */
void task_note_inner_stop(struct task *task);

/* --- after it has ended --- */
enum outcome task_outcome(const struct task *task);
enum level task_severity(const struct task *task); /* of its failure; LEVEL_OK: it did not fail */
const json_t *task_arguments(const struct task *task); /* filled in; borrowed, or NULL */
json_t *task_result(const struct task *task); /* borrowed; never NULL: has outcome, why, seconds */

#endif
