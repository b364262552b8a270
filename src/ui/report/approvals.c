/* Pairs questions with answers. Invariant: an answer belongs to the question before it about the same
 * action, and each is in one pair. */
#include "approvals.h"

#include <stdlib.h>

#include "facts.h"
#include "fsops/mem.h"

static void add(struct approvals *approvals, const struct record_action *action,
    const json_t *asked, const json_t *given)
{
	MEM_PUSH_ROOM(approvals->items, approvals->count);
	approvals->items[approvals->count++] =
	    (struct approval){.action = action, .asked = asked, .given = given};
}

static void add_action(struct approvals *approvals, const struct record_action *action)
{
	const json_t *asked = NULL;
	json_t *event;
	size_t i;

	json_array_foreach(action->approvals, i, event) {
		bool answer = report_is(event, "approval.given");

		if (asked || answer)
			add(approvals, action, asked, answer ? event : NULL);
		asked = answer ? NULL : event;
	}
	if (asked)
		add(approvals, action, asked, NULL);
}

void approvals_init(struct approvals *approvals, const struct record *record)
{
	*approvals = (struct approvals){0};
	for (size_t s = 0; s < record->step_count; s++)
		for (size_t i = 0; i < record->steps[s].action_count; i++)
			add_action(approvals, &record->steps[s].actions[i]);
}

void approvals_release(struct approvals *approvals)
{
	free(approvals->items);
}
