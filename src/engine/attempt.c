/* Runs one call of an adapter to its end. Invariant: an attempt is in exactly one state, moves
 * forward only (in set_state), and `ended` is delivered by the loop, never from inside an adapter. */
#include "attempt.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/value.h"
#include "refs.h"

enum state {
	RUNNING,
	ENDING, /* the adapter was told to cancel; call_gone() is awaited */
	ENDED,  /* the end is known and will be delivered in the loop's next round */
};

struct attempt {
	struct call call;
	struct attempt_spec spec;
	enum state state;
	enum attempt_outcome outcome;
	json_t *result;
	char *why;
	struct loop_timer *deadline;
	struct loop_timer *delivery;
};

static struct attempt *attempt_of(const struct call *call)
{
	return (struct attempt *)call->engine;
}

void *attempt_owner(const struct call *call)
{
	return attempt_of(call)->spec.ctx;
}

void attempt_note_killed(struct call *call, const char *command)
{
	const struct attempt_spec *spec = &attempt_of(call)->spec;

	char *text = mem_text(command);

	value_clean(text);
	if (spec->killed)
		spec->killed(spec->ctx, text);
	free(text);
}

static void attempt_free(struct attempt *attempt)
{
	loop_cancel(attempt->deadline);
	loop_cancel(attempt->delivery);
	json_decref(attempt->spec.args);
	json_decref(attempt->spec.target);
	json_decref(attempt->spec.env);
	json_decref(attempt->spec.wants);
	json_decref(attempt->result);
	free(attempt->spec.stdin_text);
	free(attempt->why);
	free(attempt);
}

static void deliver(void *ctx)
{
	struct attempt *attempt = ctx;
	struct attempt_end end = {
	    .outcome = attempt->outcome,
	    .result = attempt->result,
	    .why = attempt->why,
	};

	attempt->delivery = NULL;
	attempt->call.adapter->release(&attempt->call);
	attempt->spec.ended(attempt->spec.ctx, &end);
	attempt_free(attempt);
}

static void set_state(struct attempt *attempt, enum state state)
{
	assert(state > attempt->state);
	attempt->state = state;
	if (state != ENDED)
		return;
	loop_cancel(attempt->deadline);
	attempt->deadline = NULL;
	attempt->delivery = loop_after(attempt->spec.loop, 0, deliver, attempt);
}

static void give_up(struct attempt *attempt, enum attempt_outcome outcome)
{
	enum state before = attempt->state;

	if (before == ENDING || (before == ENDED && outcome == ATTEMPT_TIMED_OUT))
		return;
	attempt->outcome = outcome;
	if (before == ENDED)
		return; /* it ended by itself, but nobody wants the result any more */
	set_state(attempt, ENDING);
	attempt->call.adapter->cancel(&attempt->call);
}

static void on_deadline(void *ctx)
{
	struct attempt *attempt = ctx;

	attempt->deadline = NULL;
	give_up(attempt, ATTEMPT_TIMED_OUT);
}

static msec earlier(msec a, msec b)
{
	if (!a || !b)
		return a ? a : b;
	return a < b ? a : b;
}

void attempt_set_deadline(struct attempt *attempt, msec deadline, msec budget_end)
{
	msec left = deadline - loop_now(attempt->spec.loop);

	loop_cancel(attempt->deadline);
	attempt->deadline = NULL;
	attempt->call.deadline = earlier(deadline, budget_end);
	if (deadline && attempt->state == RUNNING)
		attempt->deadline =
		    loop_after(attempt->spec.loop, left > 0 ? left : 0, on_deadline, attempt);
}

struct attempt *attempt_start(const struct attempt_spec *spec)
{
	struct attempt *attempt = mem_alloc(sizeof(*attempt));

	attempt->spec = *spec;
	attempt->call = (struct call){
	    .adapter = spec->adapter,
	    .loop = spec->loop,
	    .children = spec->children,
	    .host = spec->host,
	    .args = spec->args,
	    .target = spec->target,
	    .env = spec->env,
	    .stdin_text = spec->stdin_text,
	    .effect = spec->effect,
	    .engine = (struct call_engine *)attempt,
	};
	attempt_set_deadline(attempt, spec->deadline, spec->budget_end);
	spec->adapter->start(&attempt->call);
	return attempt;
}

void attempt_cancel(struct attempt *attempt)
{
	give_up(attempt, ATTEMPT_CANCELLED);
}

void call_output(struct call *call, enum child_stream stream, const char *data, size_t len)
{
	struct attempt *attempt = attempt_of(call);

	if (attempt->state == RUNNING && attempt->spec.output && len)
		attempt->spec.output(attempt->spec.ctx, stream, data, len);
}

bool call_wants(const struct call *call, const char *field)
{
	return refs_wants(attempt_of(call)->spec.wants, field);
}

void call_done(struct call *call, json_t *result, const char *unexpected)
{
	struct attempt *attempt = attempt_of(call);

	attempt->outcome = ATTEMPT_DONE;
	attempt->result = result; /* transferred */
	attempt->why = mem_text(unexpected);
	if (attempt->why)
		value_clean(attempt->why);
	set_state(attempt, ENDED);
}

void call_fail(struct call *call, enum err_kind kind, const char *fmt, ...)
{
	struct attempt *attempt = attempt_of(call);
	char text[ERR_TEXT_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	value_clean(text);
	attempt->outcome = kind == ERR_TIMEOUT ? ATTEMPT_TIMED_OUT : ATTEMPT_FAILED;
	attempt->why = mem_text(text);
	set_state(attempt, ENDED);
}

void call_gone(struct call *call)
{
	set_state(attempt_of(call), ENDED);
}
