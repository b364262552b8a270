/* Runs one call of an adapter to its end. Invariant: an attempt is in exactly one state, moves
 * forward only (in set_state; a read whose tunnel dropped starts over, once), and `ended` is delivered
 * by the loop, never from inside an adapter. */
#include "attempt.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/plan/refs.h"
#include "fsops/keep.h"
#include "fsops/mem.h"
#include "fsops/value.h"

enum state {
	OPENING, /* its tunnel is awaited; the adapter has not started */
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
	struct tunnel_use *tunnel; /* or NULL */
	bool told;                 /* it had output, which can't be taken back */
	bool again;                /* it has started over */
};

/* A server that is gone is seen before the end of the kubectl that led to it. */
#define TUNNEL_SETTLE ((msec)250)

static struct attempt *attempt_of(const struct call *call)
{
	return (struct attempt *)call->engine;
}

void *attempt_owner(const struct call *call)
{
	return attempt_of(call)->spec.ctx;
}

void call_killed(struct call *call, int pid, const char *command)
{
	const struct attempt_spec *spec = &attempt_of(call)->spec;
	char *text = mem_printf("%s (pid %d)", command, pid);

	value_clean(text);
	if (spec->killed)
		spec->killed(spec->ctx, text);
	free(text);
}

/* A sentence for people: on one line, and with nothing in it that a terminal would obey, whatever a server
 * has said. */
static char *sentence(const char *text)
{
	char *copy = mem_text(text);

	if (!copy)
		return NULL;
	value_clean(copy);
	for (unsigned char *c = (unsigned char *)copy; *c; c++)
		if (c[0] == 0xC2 && c[1] >= 0x80 && c[1] < 0xA0)
			c[0] = c[1] = '?';
		else if (*c < ' ' || *c == 0x7f)
			*c = strchr("\n\r\t", *c) ? ' ' : '?';
	return copy;
}

void call_waiting(struct call *call, const char *text)
{
	struct attempt *attempt = attempt_of(call);

	free(attempt->why);
	attempt->why = sentence(text);
}

static void attempt_free(struct attempt *attempt)
{
	loop_cancel(attempt->deadline);
	loop_cancel(attempt->delivery);
	tunnel_use_end(attempt->tunnel);
	json_decref(attempt->spec.tunnel);
	json_decref(attempt->spec.args);
	json_decref(attempt->spec.target);
	json_decref(attempt->spec.env);
	json_decref(attempt->spec.wants);
	json_decref(attempt->result);
	free(attempt->spec.stdin_text);
	free(attempt->why);
	free(attempt);
}

/* What went wrong may be the tunnel's doing: it is told beside what the adapter saw. */
static void add_remark(struct attempt *attempt)
{
	bool failed = attempt->outcome == ATTEMPT_FAILED ||
	              (attempt->outcome == ATTEMPT_DONE && attempt->why);
	char *remark = attempt->tunnel && failed ? tunnel_remark(attempt->tunnel) : NULL;
	char *why = attempt->why;

	if (!remark)
		return;
	attempt->why = mem_printf("%s (%s)", why, remark);
	free(remark);
	free(why);
}

static void begin(struct attempt *attempt);

/* Whoever asked did not lose anything but an answer: the tunnel, opened anew, gives it. */
static bool start_over(struct attempt *attempt)
{
	if (attempt->outcome != ATTEMPT_FAILED || attempt->again || attempt->told ||
	    attempt->spec.effect != EFFECT_READ || !attempt->tunnel ||
	    !tunnel_dropped(attempt->tunnel))
		return false;
	attempt->again = true;
	attempt->call.adapter->release(&attempt->call);
	tunnel_use_end(attempt->tunnel);
	attempt->tunnel = NULL;
	free(attempt->why);
	attempt->why = NULL;
	attempt->state = OPENING;
	attempt_set_deadline(attempt, attempt->spec.deadline, attempt->spec.budget_end);
	begin(attempt);
	return true;
}

static void deliver(void *ctx)
{
	struct attempt *attempt = ctx;
	struct attempt_end end;

	attempt->delivery = NULL;
	if (start_over(attempt))
		return;
	add_remark(attempt);
	if (attempt->spec.effect != EFFECT_READ) /* what is connected to may be another thing now */
		keep_forget(attempt->spec.loop);
	end = (struct attempt_end){
	    .outcome = attempt->outcome,
	    .result = attempt->result,
	    .why = attempt->why,
	};
	attempt->call.adapter->release(&attempt->call);
	attempt->spec.ended(attempt->spec.ctx, &end);
	attempt_free(attempt);
}

/* No result from behind a tunnel: it may be about to be known as dropped. */
static bool lost(const struct attempt *attempt)
{
	return attempt->outcome == ATTEMPT_FAILED && attempt->tunnel && attempt->call.state;
}

static void set_state(struct attempt *attempt, enum state state)
{
	assert(state > attempt->state);
	attempt->state = state;
	if (state != ENDED)
		return;
	loop_cancel(attempt->deadline);
	attempt->deadline = NULL;
	attempt->delivery =
	    loop_after(attempt->spec.loop, lost(attempt) ? TUNNEL_SETTLE : 0, deliver, attempt);
}

static void give_up(struct attempt *attempt, enum attempt_outcome outcome)
{
	enum state before = attempt->state;

	if (before == ENDING || (before == ENDED && outcome == ATTEMPT_TIMED_OUT))
		return;
	attempt->outcome = outcome;
	if (before == ENDED)
		return; /* it ended by itself, but nobody wants the result any more */
	if (before == OPENING) {
		attempt->why = tunnel_remark(attempt->tunnel);
		set_state(attempt, ENDED);
		return;
	}
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

	attempt->spec.deadline = deadline;
	attempt->spec.budget_end = budget_end;
	loop_cancel(attempt->deadline);
	attempt->deadline = NULL;
	attempt->call.deadline = earlier(deadline, budget_end);
	if (deadline && attempt->state <= RUNNING)
		attempt->deadline =
		    loop_deadline(attempt->spec.loop, left > 0 ? left : 0, on_deadline, attempt);
}

static void start_adapter(struct attempt *attempt)
{
	set_state(attempt, RUNNING);
	if (attempt->spec.effect != EFFECT_READ)
		keep_yield(attempt->spec.loop);
	attempt->spec.adapter->start(&attempt->call);
}

/* HOST is NULL when the target is reached without the tunnel. */
static void set_place(struct attempt *attempt, const char *host, const char *port)
{
	json_t *target = json_copy(attempt->spec.target);

	json_object_del(target, "hostaddr");
	json_object_del(target, "port");
	if (host) {
		json_object_set_new(target, "hostaddr", json_string(host));
		json_object_set_new(target, "port", json_string(port));
	}
	json_decref(attempt->spec.target);
	attempt->spec.target = target; /* transferred */
	attempt->call.target = target;
}

static void on_tunnel(void *ctx, const char *host, const char *port, const char *why)
{
	struct attempt *attempt = ctx;

	if (attempt->state != OPENING)
		return; /* given up meanwhile */
	if (why) {
		call_fail(&attempt->call, ERR_REMOTE, "%s", why);
		return;
	}
	set_place(attempt, host, port);
	start_adapter(attempt);
}

static void begin(struct attempt *attempt)
{
	const struct attempt_spec *spec = &attempt->spec;

	if (spec->tunnel)
		attempt->tunnel = tunnel_use(spec->tunnels, spec->tunnel, on_tunnel, attempt);
	else
		start_adapter(attempt);
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
	    .fresh = spec->fresh,
	    .engine = (struct call_engine *)attempt,
	};
	attempt_set_deadline(attempt, spec->deadline, spec->budget_end);
	begin(attempt);
	return attempt;
}

void attempt_forget(struct attempt *attempt)
{
	if (!attempt)
		return;
	attempt->call.adapter->release(&attempt->call);
	attempt_free(attempt);
}

void attempt_cancel(struct attempt *attempt)
{
	give_up(attempt, ATTEMPT_CANCELLED);
}

void call_output(struct call *call, enum child_stream stream, const char *data, size_t len)
{
	struct attempt *attempt = attempt_of(call);

	if (attempt->state != RUNNING || !len)
		return;
	attempt->told = true;
	if (attempt->spec.output)
		attempt->spec.output(attempt->spec.ctx, stream, data, len);
}

void call_secret(struct call *call, const char *text)
{
	struct redact *redact = attempt_of(call)->spec.redact;

	if (redact && text)
		redact_add(redact, text);
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
	attempt->why = sentence(unexpected);
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
	attempt->outcome = kind == ERR_TIMEOUT ? ATTEMPT_TIMED_OUT : ATTEMPT_FAILED;
	attempt->why = sentence(text);
	set_state(attempt, ENDED);
}

void call_gone(struct call *call)
{
	set_state(attempt_of(call), ENDED);
}
