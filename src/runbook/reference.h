/* References from one file to another: runbooks, metrics, channels by name. */
#ifndef FSOPS_RUNBOOK_REFERENCE_H
#define FSOPS_RUNBOOK_REFERENCE_H

#include "fsops/model.h"

/* NODE names a runbook, which need not be read for that; NULL is allowed. */
void reference_runbook(struct catalog *catalog, const struct node *node, struct problems *list);

/* What an action's arguments refer to. */
void reference_check(struct catalog *catalog, const struct action *action, struct problems *list);

#endif
