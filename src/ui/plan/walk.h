/* What the printers of a plan share: kinds of action, the lines of a step. */
#ifndef FSOPS_UI_PLAN_WALK_H
#define FSOPS_UI_PLAN_WALK_H

#include "fsops/plan.h"
#include "fsops/ui.h"

/* A line of its command without the "# by hand: " that makes it a comment; a new string. */
char *plan_manual_line(const char *line, size_t len);

/* "read", "change", "DESTROY", "person": what stands before a command. */
const char *plan_action_tag(const struct plan_action *action);

/* "Steps", "Recovery", "When a change failed", "Always". */
const char *plan_section_title(enum section section);

/* Is STEP the first of its section? */
bool plan_section_begins(const struct plan *plan, size_t step);

/* The budgets of all steps that run when all goes well (not on_failure). */
msec runbook_budget(const struct runbook *runbook, size_t *steps);

/* ACTION's `hold_for: ${…}` filled in when it is a variable that has a value, as written
 * otherwise; a new string, or NULL when there is none. */
char *plan_hold_text(const struct plan *plan, const struct action *action);

/* A condition on ACTION's result as it is judged: "exit status 0, and CONDITION" when its adapter's
 * own verdict counts besides and this is the FIRST condition. */
void plan_judged_text(
    const struct action *action, const char *condition, bool first, struct buf *out);

/* Every section with its steps and commands, each line after INDENT. */
void plan_print_steps(
    struct buf *out, const struct plan *plan, const struct look *look, const char *indent);

/* "In all: 9 reads, 2 changes …" */
void plan_print_totals(struct buf *out, const struct plan *plan);

#endif
