/*
 * Was an attempt good? By the adapter's own verdict and, besides, the action's `until` and `expect`;
 * by these alone when they name what decides (action->judged_by_expect). Why the adapter found it
 * bad is always said first.
 */
#ifndef FSOPS_ENGINE_JUDGE_H
#define FSOPS_ENGINE_JUDGE_H

#include <stddef.h>

#include "attempt.h"
#include "engine/fill/scope.h"
#include "fsops/model.h"

enum verdict {
	VERDICT_GOOD,
	VERDICT_BAD,
	VERDICT_PARTIAL, /* all that is known is well, and not all is known */
	VERDICT_LATE,    /* the attempt's own timeout came */
	VERDICT_AGAIN,   /* `until` does not hold yet; a refused connection is "not yet" too */
};

/* Is RESULT an answer about a part of the data only? Then TEXT (of SIZE bytes) says what is missing. */
bool judge_is_partial(const json_t *result, char *text, size_t size);

/* OWN: a scope with the result's fields. WHY (of SIZE bytes) gets a sentence unless it is good. */
enum verdict judge(const struct action *action, const struct attempt_end *end,
    const struct scope *own, char *why, size_t size);

/* WHY gets: who gave no answer within SPAN, and what to do. */
void judge_silence(const struct action *action, const char *span, char *why, size_t size);

/* Why an action whose step's time is up did not pass; LAST is what was wrong at the last look, or
 * NULL. Borrowed until the next call. */
const char *judge_late(const struct action *action, const char *last);

#endif
