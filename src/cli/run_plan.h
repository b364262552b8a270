/*
 * Running a plan with everything around it: terminal, locks, journal.
 */
#ifndef FSOPS_CLI_RUN_PLAN_H
#define FSOPS_CLI_RUN_PLAN_H

#include "command.h"
#include "fsops/journal.h"
#include "fsops/plan.h"
#include "fsops/record.h"

/* A run that is gone on with: what is on record of it. */
struct earlier {
	const char *run; /* its id */
	const struct record *record;
	struct journal_reader *reader; /* read to its end */
	json_t *changed;               /* what is another in the plan than it was: texts */
};

/* EARLIER NULL: a new run. Returns the exit status; what goes wrong before the run has been said. */
int cli_run_plan(struct cli *cli, struct plan *plan, const struct earlier *earlier);

#endif
