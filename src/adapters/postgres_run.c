/*
 * One call to PostgreSQL, on the loop from beginning to end:
 *
 *	resolve → connect → prepare (BEGIN READ ONLY, statement_timeout) → query → done
 *	                       └── cancel: ask the server to stop, wait for its answer ──┘
 *
 * Invariant: libpq is only called when it can't block: names are resolved before, the connection
 * is in non-blocking mode before the first statement, and PQcancel runs on a thread of its own.
 * After call_done, call_fail and call_gone the state may be gone: they are the last thing done.
 */
#include "postgres.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "fsops/mem.h"
#include "fsops/value.h"
#include "fsops/work.h"

enum stage { STAGE_RESOLVE, STAGE_CONNECT, STAGE_PREPARE, STAGE_QUERY, STAGE_CANCEL };

struct pg_call {
	struct call *call;
	struct pg_settings settings;
	enum stage stage;
	size_t resolving; /* the endpoint whose name is being resolved */
	struct resolve *resolve;
	struct err failure; /* the first reason; kind ERR_NONE: none yet */
	PGconn *conn;
	struct loop_watch *watch;
	struct loop_timer *timer; /* of the connection attempt, or of the cancelling */
	struct pg_rows rows;
	bool huge;               /* one row is over the ceiling */
	size_t arriving;         /* bytes since the last whole row */
	struct work *cancelling; /* the cancel request on its way */
	bool idle;               /* while cancelling: the server has stopped */
};

/* Owned by the work: it may outlive the call. */
struct cancel_request {
	PGcancel *handle;
	struct pg_call *owner; /* looked at on the loop only */
	char why[256];
};

static void connect_begin(struct pg_call *pg);
static void resolve_next(struct pg_call *pg);
static void on_ready(void *ctx, int fd, int ready);
static void query_begin(struct pg_call *pg);

/* --- ends --- */

static void connection_close(struct pg_call *pg)
{
	loop_unwatch(pg->watch);
	pg->watch = NULL;
	loop_cancel(pg->timer);
	pg->timer = NULL;
	PQfinish(pg->conn);
	pg->conn = NULL;
}

static void give_up(struct pg_call *pg)
{
	struct call *call = pg->call;
	struct err why = pg->failure;

	connection_close(pg);
	call_fail(call, why.kind, "%s", why.text);
}

static bool is_ping(const struct pg_call *pg)
{
	return json_is_true(json_object_get(pg->call->args, "ping"));
}

static bool is_read(const struct pg_call *pg)
{
	return pg->call->effect == EFFECT_READ;
}

static const char *query_of(const struct pg_call *pg)
{
	return value_get_text(pg->call->args, "query");
}

static const struct {
	const char *name;
	const char *line; /* pg_isready's own words */
} answers[] = {
    [PG_ACCEPTING] = {"accepting", "accepting connections"},
    [PG_REJECTING] = {"rejecting", "rejecting connections"},
    [PG_NO_ANSWER] = {"no answer", "no response"},
};

/* A ping always has a result, so that `until: value == "accepting"` can wait for it. */
static void ping_end(struct pg_call *pg, enum pg_answer answer)
{
	struct call *call = pg->call;
	struct err why = pg->failure;
	json_t *result =
	    json_pack("{s:[], s:s, s:i}", "rows", "value", answers[answer].name, "count", 0);
	struct buf line;

	buf_init(&line, BUF_TEXT_MAX);
	pg_fail_where(&pg->settings, pg->conn, &line);
	buf_addf(&line, " - %s\n", answers[answer].line);
	connection_close(pg);
	call_output(call, CHILD_STDOUT, line.data, line.len);
	buf_release(&line);
	call_done(call, result, answer == PG_ACCEPTING ? NULL : why.text);
}

/* Nothing (more) can be connected to; `failure` says why. */
static void connect_failed(struct pg_call *pg, enum pg_answer answer)
{
	if (is_ping(pg))
		ping_end(pg, answer);
	else
		give_up(pg);
}

/* --- resolve --- */

static void on_resolved(void *ctx, const char *const *addresses, size_t count, const char *why)
{
	struct pg_call *pg = ctx;

	pg->resolve = NULL;
	if (!count)
		err_set(&pg->failure, ERR_REMOTE,
		    "unable to connect to postgres: the host '%s' is unknown: %s: check the name, "
		    "DNS "
		    "and VPN",
		    pg->settings.endpoints[pg->resolving].host, why ? why : "no address");
	pg_settings_resolved(&pg->settings, pg->resolving, addresses, count);
	pg->resolving += count;
	resolve_next(pg);
}

static void resolve_next(struct pg_call *pg)
{
	pg->resolving = pg_settings_unresolved(&pg->settings, pg->resolving);
	if (pg->resolving < pg->settings.count) {
		pg->resolve = resolve_start(
		    pg->call->loop, pg->settings.endpoints[pg->resolving].host, on_resolved, pg);
		return;
	}
	if (pg->settings.count)
		connect_begin(pg);
	else
		connect_failed(pg, PG_NO_ANSWER);
}

/* --- connect --- */

static void on_notice(void *ctx, const char *text)
{
	struct pg_call *pg = ctx;

	if (pg->stage != STAGE_CANCEL)
		call_output(pg->call, CHILD_STDERR, text, strlen(text));
}

/* The socket can be another one after each poll (the next address): watch it anew. */
static void connect_watch(struct pg_call *pg, int events)
{
	loop_unwatch(pg->watch);
	pg->watch = loop_watch(pg->call->loop, PQsocket(pg->conn), events, on_ready, pg);
}

static void connect_refused(struct pg_call *pg)
{
	pg_fail_connect(&pg->settings, pg->conn, &pg->failure);
	connect_failed(pg, pg_fail_answer(pg->conn));
}

/* One endpoint has hung too long: go on with those behind it. */
static void on_connect_time(void *ctx)
{
	struct pg_call *pg = ctx;

	pg->timer = NULL;
	pg_fail_silent(&pg->settings, pg->conn, &pg->failure);
	if (pg->settings.count < 2) {
		connect_failed(pg, PG_NO_ANSWER);
		return;
	}
	pg_settings_skip(&pg->settings, pg->conn);
	connection_close(pg);
	if (pg->settings.count)
		connect_begin(pg);
	else
		connect_failed(pg, PG_NO_ANSWER);
}

static void connect_begin(struct pg_call *pg)
{
	pg->stage = STAGE_CONNECT;
	pg->conn = pg_settings_connect(&pg->settings);
	if (!pg->conn || PQstatus(pg->conn) == CONNECTION_BAD) {
		connect_refused(pg);
		return;
	}
	/* Verbose, because a SQLSTATE of this stage is told nowhere but in the text. */
	PQsetErrorVerbosity(pg->conn, PQERRORS_VERBOSE);
	PQsetNoticeProcessor(pg->conn, on_notice, pg);
	pg->timer = loop_after(pg->call->loop, pg->settings.connect_max, on_connect_time, pg);
	connect_watch(pg, LOOP_WRITE);
}

/* --- statements --- */

static void statement_failed(struct pg_call *pg)
{
	if (pg->failure.kind == ERR_NONE)
		pg_fail_lost(&pg->settings, pg->conn, pg->stage == STAGE_QUERY && !is_read(pg),
		    &pg->failure);
	give_up(pg);
}

/* Write what is still to be written. */
static void flush(struct pg_call *pg)
{
	int left = PQflush(pg->conn);

	if (left < 0)
		statement_failed(pg);
	else
		loop_watch_set(pg->watch, left ? LOOP_READ | LOOP_WRITE : LOOP_READ);
}

/*
 * Reads are held by the server to be reads. Changes are not put into a transaction: VACUUM and
 * others can't run in one. The timeout is a second guard, for when this process dies, and so a little
 * later than the engine's own.
 */
static void prepare_text(const struct pg_call *pg, struct buf *out)
{
	msec left = pg->call->deadline - loop_now(pg->call->loop) + 1000;

	if (is_read(pg))
		buf_adds(out, "BEGIN READ ONLY;");
	if (pg->call->deadline > 0 && left > 0)
		buf_addf(out, "SET %sstatement_timeout = %lld;", is_read(pg) ? "LOCAL " : "",
		    (long long)(left < INT_MAX ? left : INT_MAX));
}

static void connected(struct pg_call *pg)
{
	struct buf text;

	loop_cancel(pg->timer);
	pg->timer = NULL;
	pg->failure = (struct err){0}; /* of the endpoints before this one */
	if (is_ping(pg)) {
		ping_end(pg, PG_ACCEPTING);
		return;
	}
	PQsetErrorVerbosity(pg->conn, PQERRORS_DEFAULT);
	connect_watch(pg, LOOP_READ);
	pg->stage = STAGE_PREPARE;
	buf_init(&text, BUF_TEXT_MAX);
	prepare_text(pg, &text);
	if (PQsetnonblocking(pg->conn, 1) < 0 || (text.len && !PQsendQuery(pg->conn, text.data)))
		statement_failed(pg);
	else if (text.len)
		flush(pg);
	else
		query_begin(pg);
	buf_release(&text);
}

static void connect_poll(struct pg_call *pg)
{
	switch (PQconnectPoll(pg->conn)) {
	case PGRES_POLLING_OK:
		connected(pg);
		return;
	case PGRES_POLLING_READING:
		connect_watch(pg, LOOP_READ);
		return;
	case PGRES_POLLING_WRITING:
		connect_watch(pg, LOOP_WRITE);
		return;
	default:
		connect_refused(pg);
	}
}

/* Each parameter as text, NULL for null; the types are the server's to infer. */
static void query_begin(struct pg_call *pg)
{
	const json_t *params = json_object_get(pg->call->args, "params");
	size_t count = json_array_size(params);
	char **texts = mem_alloc((count + 1) * sizeof(*texts));
	bool sent;

	pg->stage = STAGE_QUERY;
	for (size_t i = 0; i < count; i++)
		if (!json_is_null(json_array_get(params, i)))
			texts[i] = value_to_text(json_array_get(params, i));
	sent = PQsendQueryParams(pg->conn, query_of(pg), (int)count, NULL,
	           (const char *const *)texts, NULL, NULL, 0) &&
	       PQsetSingleRowMode(pg->conn);
	for (size_t i = 0; i < count; i++)
		free(texts[i]);
	free(texts);
	if (sent)
		flush(pg);
	else
		statement_failed(pg);
}

/* A change whose result is too large was made all the same: it must be said so. */
static void result_too_large(struct pg_call *pg)
{
	if (!is_read(pg))
		err_prefix(&pg->failure, "the change was made (%s), but its answer can't be kept",
		    pg->rows.tag ? pg->rows.tag : "done");
	give_up(pg);
}

static void query_end(struct pg_call *pg)
{
	struct call *call = pg->call;
	json_t *result;

	if (pg->rows.over) {
		result_too_large(pg);
		return;
	}
	result = pg_rows_result(&pg->rows);
	connection_close(pg);
	pg_rows_print(&pg->rows, call);
	call_done(call, result, NULL);
}

static void stage_end(struct pg_call *pg)
{
	if (pg->failure.kind != ERR_NONE && !pg->rows.over)
		give_up(pg);
	else if (pg->stage == STAGE_PREPARE)
		query_begin(pg);
	else
		query_end(pg);
}

/* Keep what one result says. False: nothing more must be read. */
static bool take(struct pg_call *pg, PGresult *result)
{
	switch (PQresultStatus(result)) {
	case PGRES_COMMAND_OK:
	case PGRES_TUPLES_OK:
	case PGRES_SINGLE_TUPLE:
		return pg->stage != STAGE_QUERY ||
		       pg_rows_add(&pg->rows, result, &pg->failure) == 0 || !is_read(pg);
	case PGRES_COPY_IN:
	case PGRES_COPY_OUT:
	case PGRES_COPY_BOTH:
		err_set(&pg->failure, ERR_INPUT, "postgres: COPY can't be used here: use SELECT");
		return false;
	default:
		if (pg->failure.kind == ERR_NONE)
			pg_fail_result(&pg->settings, pg->conn, result,
			    pg->stage == STAGE_QUERY ? query_of(pg) : NULL, &pg->failure);
		return true;
	}
}

/* What malloc has mapped for large blocks, where that can be told. */
static size_t mapped(void)
{
#ifdef __GLIBC__
	return mallinfo2().hblkhd;
#else
	return 0;
#endif
}

/*
 * Is a whole result there? libpq makes room for all of a row as soon as it has seen how long it is, and
 * tells nobody; the next read would fill it. So it is the room that is looked at.
 */
static bool ready_to_take(struct pg_call *pg)
{
	size_t before = mapped();

	if (!PQisBusy(pg->conn))
		return true;
	pg->huge |= mapped() > before + PG_BYTES_MAX * 2;
	return false;
}

/* Take in all results that are there. False: the connection is done with. */
static bool take_all(struct pg_call *pg)
{
	bool more = true;

	while (more && ready_to_take(pg)) {
		PGresult *result = PQgetResult(pg->conn);

		if (!result) {
			stage_end(pg);
			return false;
		}
		pg->arriving = 0;
		more = take(pg, result);
		PQclear(result);
	}
	if (!more)
		give_up(pg);
	return more;
}

/* Where malloc can't be asked: what has arrived since the last whole row. */
static void count_arriving(struct pg_call *pg)
{
	int waiting = 0;

	if (ioctl(PQsocket(pg->conn), FIONREAD, &waiting) == 0 && waiting > 0)
		pg->arriving += (size_t)waiting;
	pg->huge |= pg->arriving > PG_BYTES_MAX * 2;
}

/* One row is over the ceiling: what follows it is not read any more. */
static void huge_row(struct pg_call *pg)
{
	pg_rows_too_big(&pg->rows, &pg->failure);
	if (!is_read(pg))
		err_prefix(&pg->failure, "look whether the change was made");
	give_up(pg);
}

/* The connection broke: what the server said before is the better reason. */
static void lost(struct pg_call *pg)
{
	PGresult *result;

	while ((result = PQgetResult(pg->conn))) {
		const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);

		if (state && pg->failure.kind == ERR_NONE)
			pg_fail_result(&pg->settings, pg->conn, result, NULL, &pg->failure);
		PQclear(result);
	}
	statement_failed(pg);
}

static void pump(struct pg_call *pg)
{
	count_arriving(pg);
	if (!pg->huge && !PQconsumeInput(pg->conn)) {
		lost(pg);
		return;
	}
	if (!pg->huge && !take_all(pg))
		return;
	if (pg->huge)
		huge_row(pg);
	else
		flush(pg);
}

/* --- cancel --- */

static void gone(struct pg_call *pg)
{
	struct call *call = pg->call;

	if (pg->cancelling)
		work_abandon(pg->cancelling);
	pg->cancelling = NULL;
	connection_close(pg);
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

static void cancel_done(void *arg)
{
	struct cancel_request *request = arg;
	struct pg_call *pg = request->owner;

	pg->cancelling = NULL;
	if (pg->idle)
		gone(pg);
}

static void cancel_release(void *arg)
{
	struct cancel_request *request = arg;

	PQfreeCancel(request->handle);
	free(request);
}

/* The server has answered (57014 as a rule) or hung up: the statement has ended. */
static void cancel_pump(struct pg_call *pg)
{
	bool open = PQconsumeInput(pg->conn) != 0;
	PGresult *result;

	while (open && !PQisBusy(pg->conn)) {
		result = PQgetResult(pg->conn);
		open = result != NULL;
		PQclear(result);
	}
	if (open)
		return;
	pg->idle = true;
	loop_unwatch(pg->watch);
	pg->watch = NULL;
	if (!pg->cancelling)
		gone(pg);
}

static void cancel_on_server(struct pg_call *pg)
{
	struct cancel_request *request = mem_alloc(sizeof(*request));
	struct work_spec spec = {cancel_run, cancel_done, cancel_release, request};

	request->owner = pg;
	request->handle = PQgetCancel(pg->conn);
	pg->stage = STAGE_CANCEL;
	pg->cancelling = request->handle ? work_start(pg->call->loop, &spec, NULL) : NULL;
	if (!pg->cancelling) {
		cancel_release(request);
		gone(pg);
		return;
	}
	loop_watch_set(pg->watch, LOOP_READ);
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
	if (pg->stage == STAGE_PREPARE || pg->stage == STAGE_QUERY)
		cancel_on_server(pg);
	else
		gone(pg);
}

/* --- start and release --- */

static void on_ready(void *ctx, int fd, int ready)
{
	struct pg_call *pg = ctx;

	(void)fd;
	(void)ready;
	if (pg->stage == STAGE_CONNECT)
		connect_poll(pg);
	else if (pg->stage == STAGE_CANCEL)
		cancel_pump(pg);
	else
		pump(pg);
}

/* Nothing more than what was approved: a text that was filled in is looked at again. */
static int check_again(const struct call *call, struct err *err)
{
	const char *query = value_get_text(call->args, "query");

	if (!query)
		return 0;
	if (sql_check(query, err) < 0)
		return err_prefix(err, "postgres");
	if (sql_effect(query) > call->effect)
		return err_set(err, ERR_INPUT,
		    "postgres: with the values filled in the statement does more than was "
		    "approved");
	return 0;
}

void pg_start(struct call *call)
{
	struct pg_call *pg;
	struct err err = {0};
	struct pg_settings settings;

	if (check_again(call, &err) < 0 ||
	    pg_settings_init(&settings, call->target, call->args, &err) < 0) {
		call_fail(call, err.kind, "%s", err.text);
		return;
	}
	pg = mem_alloc(sizeof(*pg));
	pg->call = call;
	pg->settings = settings; /* transferred */
	pg_rows_init(&pg->rows);
	call->state = pg;
	resolve_next(pg);
}

void pg_release(struct call *call)
{
	struct pg_call *pg = call->state;

	if (!pg)
		return;
	if (pg->resolve)
		resolve_cancel(pg->resolve);
	if (pg->cancelling)
		work_abandon(pg->cancelling);
	connection_close(pg);
	pg_settings_release(&pg->settings);
	pg_rows_release(&pg->rows);
	free(pg);
	call->state = NULL;
}
