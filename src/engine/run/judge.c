/* Judges attempts. Pure: reads, and writes only its sentence. */
#include "judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/fill/expand.h"
#include "fsops/clock.h"

/* How the sentence begins when `until` could be judged and does not hold. */
#define JUDGE_NOT_YET "not yet: "

void judge_silence(const struct action *action, const char *span, char *why, size_t size)
{
	const char *target = action->target ? action->target->name : NULL;

	snprintf(why, size,
	    "no answer from %s%s%s within %s: see whether it hangs, or give it more time",
	    target ? "target '" : "", target ? target : action->adapter->name, target ? "'" : "",
	    span);
}

static enum verdict judge_failure(
    const struct action *action, const struct attempt_end *end, char *why, size_t size)
{
	char span[CLOCK_TEXT_MAX];

	if (end->outcome == ATTEMPT_TIMED_OUT && !end->why) {
		clock_format_span(action->timeout, span);
		judge_silence(action, span, why, size);
	} else {
		snprintf(why, size, "%s", end->why ? end->why : "it was cancelled");
	}
	if (action->until.expr)
		return VERDICT_AGAIN;
	return end->outcome == ATTEMPT_TIMED_OUT ? VERDICT_LATE : VERDICT_BAD;
}

/* The adapter's own reason always comes first: without it a sentence about an expression explains
 * nothing. */
static void add_reason(const struct attempt_end *end, const char *reason, char *why, size_t size)
{
	snprintf(why, size, "%s%s%s", end->why ? end->why : "", end->why ? "; " : "", reason);
}

static enum verdict judge_until(const struct action *action, const struct attempt_end *end,
    const struct scope *own, char *why, size_t size)
{
	char reason[ERR_TEXT_MAX];
	bool holds = false;
	struct err err;

	if (scope_eval_bool(own, &action->until, &holds, &err) < 0) {
		add_reason(end, err.text, why, size);
	} else if (!holds) {
		snprintf(reason, sizeof(reason), JUDGE_NOT_YET "%s", action->until.text);
		add_reason(end, reason, why, size);
	}
	return holds ? VERDICT_GOOD : VERDICT_AGAIN;
}

/* What is said when it does not hold. */
static void say_unmet(
    const struct expectation *expectation, const struct scope *own, char *text, size_t size)
{
	const struct expander expander = {.scope = own};
	struct err err;
	char *message =
	    expectation->message ? expand_text(&expander, expectation->message, &err) : NULL;

	if (message)
		snprintf(text, size, "%s", message);
	else if (expectation->message)
		snprintf(text, size, "expected %s (no message: %.200s)", expectation->holds.text,
		    err.text);
	else
		snprintf(text, size, "expected %s", expectation->holds.text);
	free(message);
}

static enum verdict judge_expects(const struct action *action, const struct attempt_end *end,
    const struct scope *own, char *why, size_t size)
{
	for (size_t i = 0; i < action->expect_count; i++) {
		char reason[ERR_TEXT_MAX];
		bool holds = false;
		struct err err;

		if (scope_eval_bool(own, &action->expects[i].holds, &holds, &err) < 0)
			snprintf(reason, sizeof(reason), "%s", err.text);
		else if (!holds)
			say_unmet(&action->expects[i], own, reason, sizeof(reason));
		else
			continue;
		add_reason(end, reason, why, size);
		return VERDICT_BAD;
	}
	return VERDICT_GOOD;
}

/* Of one warning in a sentence. */
#define WARNING_SHOWN 300

#define PARTIAL_ANSWER "the answer is partial"

bool judge_is_partial(const json_t *result, char *text, size_t size)
{
	const json_t *warnings = json_object_get(result, ADAPTER_WARNINGS);
	const char *first = json_string_value(json_array_get(warnings, 0));
	size_t others = json_array_size(warnings) - (first ? 1 : 0);
	size_t len;

	if (!json_is_true(json_object_get(result, ADAPTER_PARTIAL)))
		return false;
	snprintf(text, size, PARTIAL_ANSWER ": %.*s", WARNING_SHOWN,
	    first ? first : "some of the servers behind it did not answer");
	len = strlen(text);
	if (first && others)
		snprintf(text + len, size - len, " (and %zu more)", others);
	return true;
}

/* An answer about a part of the data can't show that all is well. */
static enum verdict judge_whole(
    const struct action *action, const struct attempt_end *end, char *why, size_t size)
{
	if (action->partial_judged || action->judged_by_expect ||
	    !judge_is_partial(end->result, why, size))
		return VERDICT_GOOD;
	return action->until.expr ? VERDICT_AGAIN : VERDICT_PARTIAL;
}

static enum verdict judge_answer(const struct action *action, const struct attempt_end *end,
    const struct scope *own, char *why, size_t size)
{
	bool until = action->until.expr;

	if (end->outcome != ATTEMPT_DONE)
		return judge_failure(action, end, why, size);
	if (end->why && !action->judged_by_expect) {
		snprintf(why, size, "%s", end->why);
		return until ? VERDICT_AGAIN : VERDICT_BAD;
	}
	if (until && judge_until(action, end, own, why, size) == VERDICT_AGAIN)
		return VERDICT_AGAIN;
	if (judge_expects(action, end, own, why, size) == VERDICT_BAD)
		return VERDICT_BAD;
	return judge_whole(action, end, why, size);
}

enum verdict judge(const struct action *action, const struct attempt_end *end,
    const struct scope *own, char *why, size_t size)
{
	enum verdict verdict = judge_answer(action, end, own, why, size);
	char partial[ERR_TEXT_MAX / 2];
	size_t len = strlen(why);

	/* What is not well may be so for what is missing. */
	if ((verdict == VERDICT_BAD || verdict == VERDICT_AGAIN) && !strstr(why, PARTIAL_ANSWER) &&
	    judge_is_partial(end->result, partial, sizeof(partial)))
		snprintf(why + len, size - len, "; %s", partial);
	return verdict;
}

const char *judge_late(const struct action *action, const char *last)
{
	static char text[ERR_TEXT_MAX];
	const char *not_yet = last ? strstr(last, JUDGE_NOT_YET) : NULL;
	char silence[ERR_TEXT_MAX / 2];

	if (!last && action->until.expr) {
		judge_silence(
		    action->look ? action->look : action, "that time", silence, sizeof(silence));
		last = silence;
	}
	/* That it did not hold is said here anyway: what stands before that, "REASON; ", is left. */
	if (action->until.expr)
		snprintf(text, sizeof(text), "%.*s%sthe step's time was up before this held: %s",
		    not_yet ? (int)(not_yet - last) : (int)strlen(last ? last : ""),
		    last ? last : "", last && !not_yet ? "; " : "", action->until.text);
	else if (last)
		snprintf(text, sizeof(text), "%s; the step's time was up", last);
	else
		judge_silence(action, "the step's budget (its time was up)", text, sizeof(text));
	return text;
}
