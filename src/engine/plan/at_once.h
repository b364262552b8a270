/* What of a step runs at once: neighbouring reads, and the items that reads go through. */
#ifndef FSOPS_ENGINE_AT_ONCE_H
#define FSOPS_ENGINE_AT_ONCE_H

#include "fsops/plan.h"

/* Does ACTION of STEP wait for everything before it, and everything after it for it? */
bool at_once_alone(const struct plan_step *step, const struct plan_action *action);

/* Set `items_at_once` and `rounds_at_once` in STEP, whose actions are known. */
void at_once_find(struct plan_step *step);

#endif
