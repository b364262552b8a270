/*
 * What was done already of a run that goes on (`fsops resume`). Worked out once, before the run, from
 * what is on record: a table of each step and each action and item of it, in which the run looks things up.
 * Nothing is told, run or changed from here.
 *
 *	struct past *past = past_new(record, plan, check);    // NULL: the run is new
 *	… past_step_given(past, "restart"), past_find(past, "restart", action, key) …
 *	past_free(past);
 *
 * A step that ended is taken over whole: results, captures, outcome; nothing of it is told again. In
 * the step that was interrupted, changes that ended are taken over, a change that was in flight is a
 * question for a person, and reads are done again unless a change of the step came after them: then
 * what they saw before it counts, as it would have.
 *
 * What is masked in the record cannot be taken over: a read is done again for it.
 *
 * Steps are named as in events: with what they run inside of before them. Every lookup in NULL says that
 * nothing is known.
 */
#ifndef FSOPS_ENGINE_PAST_H
#define FSOPS_ENGINE_PAST_H

#include "engine/terms/outcome.h"
#include "engine/terms/stop.h"
#include "fsops/plan.h"
#include "fsops/record.h"

struct past;

/* Of the whole run of PLAN; RECORD and PLAN must outlive it. NULL when RECORD is. CHECK: this run only looks. */
struct past *past_new(const struct record *record, const struct plan *plan, bool check);
void past_free(struct past *past); /* NULL is allowed */

/* Of the runbook that ACTION of STEP ran last, whose PLAN it is and whose steps have PREFIX before them. */
struct past *past_inside(const struct past *past, const char *step, const char *action,
    const struct plan *plan, const char *prefix);

/* ---- what is known ---- */

/* The metrics that were measured before the first step; borrowed. NULL: not all that are needed. */
const json_t *past_before(const struct past *past);

/* An action of STEP began. */
bool past_step_began(const struct past *past, const char *step);

/* The list that a for_each went through; WHOSE: `step`, and what else its items.listed event had. A
 * new reference; NULL: it is not known. */
json_t *past_items(const struct past *past, const json_t *whose);

enum past_kind {
	PAST_NONE,      /* to be done */
	PAST_DONE,      /* to be taken over */
	PAST_IN_FLIGHT, /* a change that began, and nobody knows how it ended */
};

struct past_found {
	enum past_kind kind;
	bool began; /* it began and has not ended: its condition held */
	bool inner; /* the runbook that it ran began: past_inside() has something to say */
	const struct record_action *entry; /* NULL: nothing is known */
};

/* What is known of ACTION of STEP; KEY names its item as its events do. */
struct past_found past_find(
    const struct past *past, const char *step, const struct plan_action *action, const json_t *key);

/* Is nothing left to be done of ACTION of STEP, whichever items they went through? In doubt there is. */
bool past_is_done(
    const struct past *past, const struct plan_step *step, const struct plan_action *action);

/* The id of STEP in events; a new text. */
char *past_step_id(const struct past *past, const struct plan_step *step);

/* Texts about the changes in flight that nobody was asked about (ASKED: numbers of their first events),
 * since an edited runbook does not come to them; a new array. The run's end is not known to be well. */
json_t *past_unasked(const struct past *past, const json_t *asked);

/* ---- what is taken over ---- */

/* What an action gave. */
struct past_gift {
	json_t *result;        /* as results.ID holds it */
	json_t *captured;      /* name: value, what is known of them */
	const json_t *metrics; /* an array of objects with `name`; borrowed, or NULL */
	enum outcome outcome;
	const char *why; /* borrowed; NULL: not known */
	bool failed;     /* and that counts as LEVEL */
	enum level level;
	enum stop stop; /* it stopped the run, which is not for another run to go on from */
};

void past_give(const struct record_action *entry, struct past_gift *gift);
void past_gift_release(struct past_gift *gift);

/* What came of a change, as its action.made event MADE has it; a new reference. */
json_t *past_made(const json_t *made);

/* What a step that is taken over whole gave. */
struct past_given {
	struct past_gift *gifts; /* of its actions and their items, in order */
	size_t gift_count;
	json_t *results;              /* by action */
	json_t *notes;                /* what is to be said about it */
	size_t counts[OUTCOME_COUNT]; /* of its actions, and of those that ran inside it */
	size_t findings;              /* of those, reads that are only not so */
	json_t *left;                 /* what is left to a person; as of run.finished */
	bool untold;                  /* whether it was to run could not be told */
	bool bad;                     /* it is critical, whatever its actions are */
	enum stop stop;               /* it stopped the run */
	const char *why;              /* NULL: not known */
};

/* A new one; NULL: STEP has not ended, or not so that it can be taken over. */
struct past_given *past_step_given(const struct past *past, const char *step);
void past_given_free(struct past_given *given);

#endif
