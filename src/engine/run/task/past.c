/* An action that an interrupted run came to already: taken over, or asked about. Invariant: a change
 * of which nobody knows how it ended is run only after a person has said so. */
#include <string.h>

#include "engine/run/approval.h"
#include "engine/run/take.h"
#include "fsops/mem.h"
#include "fsops/value.h"
#include "private.h"

static void take_over(struct task *task, const struct record_action *entry)
{
	struct past_gift gift;

	past_give(entry, &gift);
	task_set_phase(task, FINISHED);
	task->outcome = gift.outcome;
	task->why = mem_text(gift.why);
	task->taken_over = gift.failed;
	if (gift.failed)
		task->at_least = gift.level;
	task->result = json_incref(gift.result);
	take_gift(task_world(task), &gift, task->place->captured);
	past_gift_release(&gift);
	task_deliver(task);
}

static void on_answer(void *ctx, enum answer answer)
{
	struct task *task = ctx;

	task->asking = NULL;
	switch (answer) {
	case ANSWER_RETRY:
		task_set_phase(task, PREPARING);
		task_prepare(task);
		break;
	case ANSWER_YES:
		task_finish(task, OUTCOME_PASSED, "it was interrupted; a person took it as done");
		break;
	case ANSWER_NOBODY:
		task_finish(task, OUTCOME_REFUSED,
		    "it was interrupted, and there is nobody to say whether it is done");
		break;
	default:
		tally_stop(task_tally(task), STOP_ABORT, "the person said abort");
		task_finish(task, OUTCOME_CANCELLED, "the person said abort");
	}
}

/* What it would have captured is not known either: that is for the person to weigh. */
static char *what_is_known(const struct task *task, const struct record_action *entry)
{
	const struct action *action = task_action(task);
	const char *time = value_get_text(entry->started, "time");
	struct buf text;

	buf_init(&text, BUF_TEXT_MAX);
	buf_addf(&text,
	    entry->made ? "it began at %s and was made; whether that came to something nobody has "
	                  "seen: look first"
	                : "it began at %s, and nobody knows how it ended; it may still be running: "
	                  "look first",
	    time ? time : "?");
	for (size_t i = 0; i < action->capture_count; i++)
		buf_addf(&text, "%s'%s'",
		    i ? ", " : "\nif it is taken as done, there will be no value of ",
		    action->captures[i].name);
	return buf_detach(&text);
}

static void ask(struct task *task, const struct record_action *entry)
{
	const char *command = value_get_text(entry->started, "command");
	char *text = what_is_known(task, entry);

	task->prepared.effect = task->place->action->effect;
	task_set_phase(task, ASKING);
	tally_note_asked(task_tally(task), entry->seq);
	task->asking = approval_ask_interrupted(task->place, command, text, on_answer, task);
	free(text);
}

bool task_take_up(struct task *task)
{
	const struct past_found *past = &task->place->past;
	const struct record_action *entry = past->entry;

	switch (past->kind) {
	case PAST_DONE:
		take_over(task, entry);
		return true;
	case PAST_IN_FLIGHT:
		task->interrupted = entry;
		if (!task_look_on(task, entry->made))
			ask(task, entry);
		return true;
	default:
		return false;
	}
}
