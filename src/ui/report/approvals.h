/* What people were asked in a run, with the answers. */
#ifndef FSOPS_UI_REPORT_APPROVALS_H
#define FSOPS_UI_REPORT_APPROVALS_H

#include <stddef.h>

#include "fsops/record.h"

struct approval {
	const struct record_action *action; /* that it was about */
	const json_t *asked;                /* NULL: approved beforehand, nobody was asked */
	const json_t *given;                /* NULL: no answer came */
};

/* In the order of the steps and actions. */
struct approvals {
	struct approval *items;
	size_t count;
};

void approvals_init(struct approvals *approvals, const struct record *record);
void approvals_release(struct approvals *approvals);

#endif
