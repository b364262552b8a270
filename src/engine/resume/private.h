/* Looking into the record of a run that goes on; shared by past.c (what is done already), take.c
 * (taking it over) and left.c (what is left) only. */
#ifndef FSOPS_ENGINE_PAST_PRIVATE_H
#define FSOPS_ENGINE_PAST_PRIVATE_H

#include "past.h"

json_int_t past_seq(const json_t *event);

/* The step ID as it was begun the next time after BEFORE (NULL: the first time). */
const struct record_step *past_next_round(
    const struct run *run, const char *id, const struct record_step *before);

/* The step ID as it was begun last; NULL: it never was. */
const struct record_step *past_last_round(const struct run *run, const char *id);

/* The newest that is known of the action that KEY (slot_key()) names. */
const struct record_action *past_newest(const struct run *run, const char *step, const json_t *key);

/* It may have changed something, itself or in a runbook inside. */
bool past_is_change(const struct record_action *action);

/* Is a secret in it, which is not on record? */
bool past_is_masked(const json_t *value);

/* Something of ENTRY that later steps look at is not in the record. */
bool past_is_lossy(
    const struct run *run, const struct plan_action *plan, const struct record_action *entry);

/* Did STEP end in ROUND so that it is taken over whole? */
bool past_can_be_taken(
    const struct run *run, const struct plan_step *step, const struct record_step *round);

/* `past_since` for a runbook that ACTION of STEP runs. */
json_int_t past_last_end(const struct run *run, const char *step, const char *action);

/* A warning among the events of RUN. */
__attribute__((format(printf, 2, 3))) void past_note(const struct run *run, const char *fmt, ...);

#endif
