/* Keeps what a run has come to. Invariant: a stop is never taken back, and a level never gets better. */
#include "tally.h"

#include <stdlib.h>

#include "fsops/mem.h"

void tally_init(struct tally *tally, struct tally *outer)
{
	*tally = (struct tally){
	    .outer = outer, .left = json_array(), .not_run = json_array(), .asked = json_array()};
}

void tally_release(struct tally *tally)
{
	json_decref(tally->left);
	json_decref(tally->not_run);
	json_decref(tally->asked);
	free(tally->why);
}

struct tally *tally_whole(struct tally *tally)
{
	while (tally->outer)
		tally = tally->outer;
	return tally;
}

void tally_stop(struct tally *tally, enum stop stop, const char *why)
{
	/* While it is undone, or only looks. */
	bool aborted =
	    stop == STOP_ABORT && (tally->stop == STOP_FAILED || tally->stop == STOP_UNRECORDED);

	if (tally->stop != STOP_NONE && stop != STOP_SIGNAL && !aborted)
		return;
	tally->stop = stop;
	free(tally->why);
	tally->why = mem_text(why);
	/* What a signal cut short was not seen to its end: it is not known to be well. */
	tally_add_level(tally, stop == STOP_SIGNAL ? LEVEL_UNKNOWN : LEVEL_CRITICAL);
}

bool tally_is_stopped(const struct tally *tally)
{
	return tally->stop != STOP_NONE && tally->stop != STOP_UNRECORDED;
}

void tally_add_level(struct tally *tally, enum level level)
{
	tally->level = level_worst(tally->level, level);
}

void tally_add_level_everywhere(struct tally *tally, enum level level)
{
	for (; tally; tally = tally->outer)
		tally_add_level(tally, level);
}

void tally_note_change(struct tally *tally)
{
	for (; tally; tally = tally->outer)
		tally->changed = true;
}

void tally_count(struct tally *tally, enum outcome outcome, bool finding)
{
	tally->counts[outcome]++;
	tally->findings += finding;
}

void tally_note_asked(struct tally *tally, json_int_t seq)
{
	json_array_append_new(tally_whole(tally)->asked, json_integer(seq));
}

void tally_note_left(struct tally *tally, const char *step, const char *title, json_t *text)
{
	json_array_append_new(
	    tally->left, json_pack("{s:s, s:s, s:O}", "step", step, "title", title, "text", text));
}

void tally_add_inner(struct tally *tally, const struct tally *inner)
{
	for (size_t i = 0; i < OUTCOME_COUNT; i++)
		tally->counts[i] += inner->counts[i];
	tally->findings += inner->findings;
	tally->untold += inner->untold;
	json_array_extend(tally->left, inner->left);
	/* A signal stops the outer one first: an inner one that was stopped alone was out of time. */
	if (inner->stop != STOP_NONE && inner->stop != STOP_FAILED && inner->stop != STOP_SIGNAL)
		tally_stop(tally, inner->stop, inner->why);
}
