/*
 * Giving up: the statement is ended on the server too, or it would run on for nobody.
 *
 * Invariant: PQcancel blocks, so it runs on a thread of its own and owns all it needs; the call is
 * gone when the server has stopped, or after PG_CANCEL_MAX. A request that comes before the server has begun the
 * statement is lost, so it is sent again until the server says that it has stopped.
 */
#include "run.h"

#include <stdlib.h>

#include "fsops/mem.h"

/* Owned by the work: it may outlive the call. */
struct cancel_request {
	PGcancel *handle;
	struct pg_call *owner; /* looked at on the loop only */
	char why[256];
};

static void gone(struct pg_call *pg)
{
	struct call *call = pg->call;

	if (pg->cancelling)
		work_abandon(pg->cancelling);
	pg->cancelling = NULL;
	pg_close(pg);
	call_gone(call);
}

static void on_cancel_time(void *ctx)
{
	struct pg_call *pg = ctx;

	pg->timer = NULL;
	gone(pg);
}

static void cancel_run(void *arg)
{
	struct cancel_request *request = arg;

	PQcancel(request->handle, request->why, sizeof(request->why));
}

static bool send_cancel(struct pg_call *pg);

static void on_again_time(void *ctx)
{
	struct pg_call *pg = ctx;

	pg->again = NULL;
	if (!send_cancel(pg))
		gone(pg);
}

static void cancel_done(void *arg)
{
	struct cancel_request *request = arg;
	struct pg_call *pg = request->owner;

	pg->cancelling = NULL;
	if (pg->idle)
		gone(pg);
	else
		pg->again = loop_after(pg->call->loop, PG_CANCEL_AGAIN, on_again_time, pg);
}

static void cancel_release(void *arg)
{
	struct cancel_request *request = arg;

	PQfreeCancel(request->handle);
	free(request);
}

/* Read what the server still says. False: it is not to be listened to any more, since it says too much or speaks
 * of a COPY, whose result libpq gives for ever. *OPEN: the statement has not ended yet. */
static bool read_on(struct pg_call *pg, bool *open)
{
	msec began = pg_cpu_time();
	bool well = true;

	*open = PQconsumeInput(pg->conn) != 0;
	while (*open && well && !PQisBusy(pg->conn)) {
		PGresult *result = PQgetResult(pg->conn);

		*open = result != NULL;
		well = !pg_is_copy(result) && pg_cpu_time() - began <= PG_TURN_CANCEL_MAX;
		PQclear(result);
	}
	return !*open || (well && pg_cpu_time() - began <= PG_TURN_CANCEL_MAX);
}

/* The server has answered (57014 as a rule) or hung up: the statement has ended. */
void pg_cancel_pump(struct pg_call *pg)
{
	bool open;

	pg_count_arriving(pg);
	if (pg->arriving > PG_CANCEL_BYTES_MAX || !read_on(pg, &open)) {
		gone(pg);
		return;
	}
	if (open)
		return;
	pg->idle = true;
	loop_unwatch(pg->watch);
	pg->watch = NULL;
	if (!pg->cancelling)
		gone(pg);
}

static bool send_cancel(struct pg_call *pg)
{
	struct cancel_request *request = mem_alloc(sizeof(*request));
	struct work_spec spec = {cancel_run, cancel_done, cancel_release, request};

	request->owner = pg;
	request->handle = PQgetCancel(pg->conn);
	pg->cancelling = request->handle ? work_start(pg->call->loop, &spec, NULL) : NULL;
	if (!pg->cancelling)
		cancel_release(request);
	return pg->cancelling != NULL;
}

static void cancel_on_server(struct pg_call *pg)
{
	pg->stage = PG_STAGE_CANCEL;
	pg->arriving = 0;
	if (!send_cancel(pg)) {
		gone(pg);
		return;
	}
	loop_watch_set(pg->watch, LOOP_READ);
	loop_cancel(pg->timer); /* a kept one's */
	pg->timer = loop_after(pg->call->loop, PG_CANCEL_MAX, on_cancel_time, pg);
}

void pg_cancel(struct call *call)
{
	struct pg_call *pg = call->state;

	if (!pg) {
		call_gone(call);
		return;
	}
	if (pg->resolve)
		resolve_cancel(pg->resolve);
	pg->resolve = NULL;
	if (pg->stage == PG_STAGE_PREPARE || pg->stage == PG_STAGE_QUERY)
		cancel_on_server(pg);
	else
		gone(pg);
}
