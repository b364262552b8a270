/* Takes over what an interrupted run had come to: names, variables, metrics, levels, counts. */
#ifndef FSOPS_ENGINE_TAKE_H
#define FSOPS_ENGINE_TAKE_H

#include "engine/resume/past.h"
#include "world.h"

/* What GIFT has is the run's from now on; its result is the caller's to keep. Its captures are added to CAPTURED, which
 * counts when its turn has come; NULL: they count at once. */
void take_gift(struct world *world, const struct past_gift *gift, json_t *captured);

/* The whole of STEP, if it has ended: false when it has not. */
bool take_step(struct world *world, const char *step);

/* The metrics that were measured before the first step: false when they are to be measured. */
bool take_before(struct world *world);

#endif
