/*
 * One attempt of one action: the engine's side of the adapter contract
 * (adapter.h). Owns the deadline; knows nothing of retries or steps.
 *
 * `ended` comes exactly once, from the loop, when nothing of the attempt is
 * alive any more; the attempt is freed after it.
 */
#ifndef FSOPS_ENGINE_ATTEMPT_H
#define FSOPS_ENGINE_ATTEMPT_H

#include <jansson.h>

#include "tunnels.h"
#include "fsops/adapter.h"

enum attempt_outcome {
	ATTEMPT_DONE,   /* there is a result; `why` says what is unexpected about it, or is NULL */
	ATTEMPT_FAILED, /* no result; `why` says so */
	ATTEMPT_TIMED_OUT, /* the deadline came */
	ATTEMPT_CANCELLED, /* attempt_cancel() */
};

struct attempt_end {
	enum attempt_outcome outcome;
	json_t *result;  /* borrowed; NULL without one */
	const char *why; /* of a time that was up: what it waited for, or NULL */
};

struct attempt_spec {
	const struct adapter *adapter;
	struct loop *loop;
	struct children *children;
	const struct call_host *host;
	json_t *args;   /* taken */
	json_t *target; /* taken; or NULL */
	struct tunnels *tunnels;
	json_t *
	    tunnel; /* taken: the tunnel that must be open first (engine/fill/tunnel_spec.h); or NULL */
	json_t *env;      /* taken; or NULL */
	char *stdin_text; /* taken; or NULL */
	json_t *wants; /* taken: the result fields that expressions look at; engine/plan/refs.h */
	enum effect effect;
	bool fresh; /* adapter.h's */
	msec
	    deadline; /* this attempt's own, on the monotonic clock: it is cancelled then; 0: none */
	msec
	    budget_end; /* when its caller will cancel it; for the adapter's information; 0: unknown */
	struct redact *redact; /* is told of credentials; or NULL */
	void (*output)(void *ctx, enum child_stream stream, const char *data, size_t len);
	void (*ended)(void *ctx, const struct attempt_end *end);
	/* A process that had to be ended with the attempt; or NULL. */
	void (*killed)(void *ctx, const char *command);
	void *ctx;
};

struct attempt;

struct attempt *attempt_start(const struct attempt_spec *spec);
void attempt_cancel(struct attempt *attempt);

/* Free it without `ended`: only once the loop runs no more and its children are gone. NULL is
 * allowed. */
void attempt_forget(struct attempt *attempt);

/* The `ctx` of the attempt that CALL belongs to. */
void *attempt_owner(const struct call *call);

/* Move both: a person was asked meanwhile. */
void attempt_set_deadline(struct attempt *attempt, msec deadline, msec budget_end);

#endif
