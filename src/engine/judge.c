/* Judges attempts. Pure: reads, and writes only its sentence. */
#include "judge.h"

#include <stdio.h>

#include "fsops/clock.h"

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

static enum verdict judge_until(
    const struct action *action, const struct scope *own, char *why, size_t size)
{
	bool holds = false;
	struct err err;

	if (scope_eval_bool(own, &action->until, &holds, &err) < 0)
		snprintf(why, size, "%s", err.text);
	else if (!holds)
		snprintf(why, size, "not yet: %s", action->until.text);
	return holds ? VERDICT_GOOD : VERDICT_AGAIN;
}

static enum verdict judge_expects(const struct action *action, const struct attempt_end *end,
    const struct scope *own, char *why, size_t size)
{
	for (size_t i = 0; i < action->expect_count; i++) {
		const struct condition *expect = &action->expects[i];
		bool holds = false;
		struct err err;

		if (scope_eval_bool(own, expect, &holds, &err) < 0) {
			snprintf(why, size, "%s", err.text);
			return VERDICT_BAD;
		}
		if (!holds) {
			snprintf(why, size, "expected %s%s%s%s", expect->text, end->why ? " (" : "",
			    end->why ? end->why : "", end->why ? ")" : "");
			return VERDICT_BAD;
		}
	}
	return VERDICT_GOOD;
}

enum verdict judge(const struct action *action, const struct attempt_end *end,
    const struct scope *own, char *why, size_t size)
{
	if (end->outcome != ATTEMPT_DONE)
		return judge_failure(action, end, why, size);
	if (action->until.expr && judge_until(action, own, why, size) == VERDICT_AGAIN)
		return VERDICT_AGAIN;
	if (action->expect_count)
		return judge_expects(action, end, own, why, size);
	if (end->why && !action->until.expr) {
		snprintf(why, size, "%s", end->why);
		return VERDICT_BAD;
	}
	return VERDICT_GOOD;
}

const char *judge_late(const struct action *action, const char *last)
{
	static char text[ERR_TEXT_MAX];

	if (action->until.expr)
		snprintf(text, sizeof(text), "the step's time was up before this held: %s%s%s%s",
		    action->until.text, last ? " (" : "", last ? last : "", last ? ")" : "");
	else if (last)
		snprintf(text, sizeof(text), "the step's time was up (%s)", last);
	else
		judge_silence(action, "the step's budget (its time was up)", text, sizeof(text));
	return text;
}
