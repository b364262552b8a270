/*
 * One step while it runs: which of its actions may start, its timers, and the
 * order in which its events are told.
 *
 * Reads that stand next to each other run at once, at most RUN_READS_MAX; a
 * change, or an adapter that runs alone, waits for everything before it and
 * everything after waits for it. Whatever ends first, events come out in the
 * declared order: those of a later action are held back until the earlier ones
 * have ended.
 */
#ifndef FSOPS_ENGINE_STEP_RUN_H
#define FSOPS_ENGINE_STEP_RUN_H

#include "run_state.h"

struct slot;
struct past_found;

/* Starts at once; run_step_ended() follows, never from inside. */
struct step_run *step_start(struct run *run, const struct plan_step *plan);
void step_free(struct step_run *step);

/* End everything in it now; run_step_ended() follows when nothing is left. */
void step_interrupt(struct step_run *step);

const char *step_id(const struct step_run *step);

/* --- for task/task.c --- */

struct run *slot_run(const struct slot *slot);
const struct step_run *slot_step(const struct slot *slot);
const struct plan_action *slot_action(const struct slot *slot);
const struct scope *slot_scope(const struct slot *slot);
const char *slot_title(const struct slot *slot); /* of its step */

/* Emit an event of this action; `step`, `action` and `item` are added. */
void slot_emit(struct slot *slot, const char *type, json_t *fields);

/* What was known of its action and item before the run. */
const struct past_found *slot_past(const struct slot *slot);

/* When the step's time is up, on the monotonic clock; 0: it stands still for a person. */
msec slot_deadline(const struct slot *slot);

/* A person is being asked: the step's clock goes on, but nothing is cut off. */
void slot_pause_budget(struct slot *slot);
void slot_resume_budget(struct slot *slot);

/* A person wants to try again after the time was up: the step gets its whole budget once more. */
void slot_renew_budget(struct slot *slot);

/* The step's own on_failure. */
enum on_failure slot_step_rule(const struct slot *slot);

/* The slot's task has ended, told from the loop. */
void slot_task_ended(struct slot *slot);

/* A command line that had to be ended because the time was up. */
void slot_note_ended(struct slot *slot, const char *command);

#endif
