/*
 * Escalation while a run goes on: says at its start and whenever a level is reached who is to be called,
 * how, and when the next level comes, as events `escalated`.
 *
 * Only incidents climb: a run of a runbook that somebody must respond to (`respond_within`, or named by a
 * level), at least a warning, without a schedule; and not one that only looks.
 */
#ifndef FSOPS_ENGINE_CLIMB_H
#define FSOPS_ENGINE_CLIMB_H

#include "world.h"

struct climb;

/* Tells the first event at once. NULL: this run does not climb. A run that was interrupted goes on from
 * its own beginning: the time until it was resumed counts. */
struct climb *climb_start(const struct world *world);
void climb_free(struct climb *climb); /* NULL is allowed */

#endif
