/* What the account of a timed runbook must be allowed. */
#ifndef FSOPS_UI_SCHEDULE_RIGHTS_H
#define FSOPS_UI_SCHEDULE_RIGHTS_H

#include "fsops/rights.h"
#include "fsops/timetable.h"

/*
 * Add what the kubectl commands need that TIMED runs, those of metrics and of runbooks within it too;
 * only the reads' when it only looks. UNTOLD gets a line for each command that does not tell what it
 * needs, or goes elsewhere.
 */
void schedule_rights(struct rights *rights, const struct timed *timed, struct buf *untold);

#endif
