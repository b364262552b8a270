/* Whether a run may start when there is nobody to ask. Invariant: what is refused is named. */
#include <stdlib.h>
#include <string.h>

#include "approval.h"
#include "engine/resume/past.h"
#include "fsops/buf.h"
#include "fsops/mem.h"
#include "fsops/run.h"
#include "fsops/value.h"

/* So many changes are named when a run is refused. */
#define NAMED_MAX 10

/* Changes that need approval. */
struct needing {
	const struct run_options *options;
	struct buf names;
	size_t count;
	bool destroys;
};

static void name_changes(struct needing *needing, const struct plan *plan, const struct past *past);

/* "STEP (EFFECT): COMMAND" in one line: a value in the command cannot begin another. EFFECT may be NULL. */
static void add_name(struct buf *names, const char *step, const char *effect, const char *command)
{
	size_t len = strcspn(command, "\n");

	buf_addf(names, "\n  %s", step);
	if (effect)
		buf_addf(names, " (%s)", effect);
	buf_addf(names, ": %.*s%s", (int)len, command, command[len] ? " …" : "");
}

/* Which of the items of a for_each it was that ran the runbook inside is not looked into. */
static struct past *look_inside(
    const struct past *past, const struct plan_step *step, const struct plan_action *action)
{
	char *id = past_step_id(past, step);
	char *prefix = mem_printf("%s/", id);
	struct past *inside = NULL;

	if (!step->step->for_each.expr && !action->action->for_each.expr)
		inside = past_inside(past, id, action->id, action->nested, prefix);
	free(prefix);
	free(id);
	return inside;
}

static void name_change(struct needing *needing, const struct past *past,
    const struct plan_step *step, const struct plan_action *action)
{
	if (past && past_is_done(past, step, action))
		return;
	if (action->nested) {
		struct past *inside = look_inside(past, step, action);

		name_changes(needing, action->nested, inside);
		past_free(inside);
		return;
	}
	if (!approval_needed(needing->options, action->effect))
		return;
	needing->destroys |= action->effect == EFFECT_DESTROY;
	if (++needing->count <= NAMED_MAX)
		add_name(&needing->names, step->id, effect_name(action->effect), action->command);
}

static void name_changes(struct needing *needing, const struct plan *plan, const struct past *past)
{
	for (size_t s = 0; s < plan->step_count; s++)
		for (size_t i = 0; plan->steps[s].selected && i < plan->steps[s].action_count; i++)
			name_change(needing, past, &plan->steps[s], &plan->steps[s].actions[i]);
}

/* -y says yes to what is to be done, not to what may be done already. */
static int check_interrupted(const struct record *past, struct err *err)
{
	json_t *list = record_interrupted(past);
	size_t count = json_array_size(list);
	struct buf names;

	buf_init(&names, BUF_TEXT_MAX);
	for (size_t i = 0; i < count && i < NAMED_MAX; i++) {
		const json_t *change = json_array_get(list, i);

		add_name(&names, value_get_text(change, "step"), NULL,
		    value_get_text(change, "command"));
	}
	if (count > NAMED_MAX)
		buf_addf(&names, "\n  and %zu more", count - NAMED_MAX);
	if (count)
		err_set(err, ERR_REFUSED,
		    "%zu change%s had begun when the run was interrupted, and nobody knows how %s "
		    "ended: look, then resume on a terminal and say whether to run it again:%s",
		    count, count == 1 ? "" : "s", count == 1 ? "it" : "they", names.data);
	buf_release(&names);
	json_decref(list);
	return count ? -1 : 0;
}

int run_allowed(const struct plan *plan, const struct run_options *options, struct err *err)
{
	struct needing needing = {.options = options};
	struct past *past;
	size_t count;

	if (options->check || options->interactive)
		return 0;
	if (options->past && check_interrupted(options->past, err) < 0)
		return -1;
	buf_init(&needing.names, BUF_TEXT_MAX);
	past = past_new(options->past, plan, options->check);
	name_changes(&needing, plan, past);
	past_free(past);
	count = needing.count;
	if (count > NAMED_MAX)
		buf_addf(&needing.names, "\n  and %zu more", count - NAMED_MAX);
	if (count)
		err_set(err, ERR_REFUSED,
		    "%zu change%s need%s approval and there is nobody to ask: run it on a "
		    "terminal, approve with %s, or look only with --check:%s",
		    count, count == 1 ? "" : "s", count == 1 ? "s" : "",
		    !needing.destroys ? "-y"
		    : options->yes    ? "--yes-destroy"
		                      : "-y and --yes-destroy",
		    needing.names.data);
	buf_release(&needing.names);
	return count ? -1 : 0;
}
