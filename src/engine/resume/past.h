/*
 * What was done already of a run that goes on (`fsops resume`): the engine asks here before it begins
 * a step, a list or an action.
 *
 * A step that ended is taken over whole: results, captures, outcome; nothing of it is told again. In
 * the step that was interrupted, changes that ended are taken over, a change that was in flight is a
 * question for a person, and reads are done again unless a change of the step came after them: then
 * what they saw before it counts, as it would have.
 *
 * What is masked in the record cannot be taken over: a read is done again for it.
 */
#ifndef FSOPS_ENGINE_PAST_H
#define FSOPS_ENGINE_PAST_H

#include "engine/run/run_state.h"
#include "engine/run/step_run.h"
#include "fsops/record.h"

/* Metrics before the first step were measured: taken over. */
bool past_take_before(struct run *run);

/* STEP has ended: taken over. */
bool past_take_step(struct run *run, const struct plan_step *step);

/* An action of the step STEP_ID began, but the step has not ended. */
bool past_step_began(const struct run *run, const char *step_id);

/* SLOT's action began and has not ended: its condition held. */
bool past_action_began(const struct slot *slot);

/* The list that a for_each went through; WHOSE: `step`, and what else its items.listed event had. A
 * new reference; NULL: it is not known. */
json_t *past_items(const struct run *run, const json_t *whose);

enum past_kind {
	PAST_NONE,      /* to be done */
	PAST_DONE,      /* to be taken over */
	PAST_IN_FLIGHT, /* a change that began, and nobody knows how it ended */
};

/* What is known of SLOT's action and item; ENTRY is set unless PAST_NONE. */
enum past_kind past_of(const struct slot *slot, const struct record_action **entry);

/* ENTRY's captures, metrics, level and stop are RUN's from now on. */
void past_apply(struct run *run, const struct record_action *entry);

/* As results.ID holds it; a new reference. */
json_t *past_result(const struct record_action *entry);

/* What came of a change, as its action.made event MADE has it; a new reference. */
json_t *past_made(const json_t *made);

/* A person is asked about ENTRY, which was in flight. */
void past_note_asked(struct run *run, const struct record_action *entry);
/* Those about which nobody was, since an edited runbook does not come to them: the whole run's end is not
 * known to be well. */
void past_tell_unasked(struct run *run);

/* Before the run goes on: is nothing left to be done of ACTION? RUN needs plan, past, past_since, prefix. */
bool past_is_done(
    const struct run *run, const struct plan_step *step, const struct plan_action *action);
/* INNER becomes as much of a run of ACTION's own plan as that needs; free its prefix. */
void past_look_inside(struct run *inner, const struct run *run, const struct plan_step *step,
    const struct plan_action *action);

/* INNER is run by SLOT's action: has it a past of its own? */
void past_enter(struct run *inner, const struct slot *slot);

#endif
