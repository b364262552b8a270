/*
 * A statement on a connection that is made: prepare (BEGIN READ ONLY, statement_timeout) → query →
 * result, row by row.
 *
 * Invariant: the connection is in non-blocking mode before the first statement, and what has
 * arrived is bounded before it is read.
 */
#include "run.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "fsops/mem.h"
#include "fsops/value.h"

static void query_begin(struct pg_call *pg);

static const char *query_of(const struct pg_call *pg)
{
	return value_get_text(pg->call->args, "query");
}

static void statement_failed(struct pg_call *pg)
{
	if (pg->failure.kind == ERR_NONE)
		pg_fail_lost(&pg->settings, pg->conn,
		    pg->stage == PG_STAGE_QUERY && !pg_is_read(pg), &pg->failure);
	pg_give_up(pg);
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
static void prepare_text(struct pg_call *pg, struct buf *out)
{
	msec left = pg->call->deadline - loop_now(pg->call->loop) + 1000;

	if (pg_is_read(pg)) {
		buf_adds(out, "BEGIN READ ONLY;");
		pg->undone++;
	}
	if (pg->call->deadline > 0 && left > 0) {
		buf_addf(out, "SET %sstatement_timeout = %lld;", pg_is_read(pg) ? "LOCAL " : "",
		    (long long)(left < INT_MAX ? left : INT_MAX));
		pg->undone++;
	}
}

void pg_query_start(struct pg_call *pg)
{
	struct buf text;

	pg->stage = PG_STAGE_PREPARE;
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

/* Each parameter as text, NULL for null; the types are the server's to infer. */
static void query_begin(struct pg_call *pg)
{
	const json_t *params = json_object_get(pg->call->args, "params");
	size_t count = json_array_size(params);
	char **texts = mem_alloc((count + 1) * sizeof(*texts));
	bool sent;

	pg->stage = PG_STAGE_QUERY;
	pg->reused = false; /* from here on it is not begun again */
	loop_cancel(pg->timer);
	pg->timer = NULL;
	pg->undone = 1;
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
	if (!pg_is_read(pg))
		err_prefix(&pg->failure, "the change was made (%s), but its answer can't be kept",
		    pg->rows.tag ? pg->rows.tag : "done");
	pg_give_up(pg);
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
	pg_close(pg);
	pg_rows_print(&pg->rows, call);
	call_done(call, result, NULL);
}

static void stage_end(struct pg_call *pg)
{
	if (pg->failure.kind != ERR_NONE && !pg->rows.over) {
		pg_give_up(pg);
		return;
	}
	if (pg->undone) {
		pg->spoiled = true;
		pg_fail_undone(&pg->settings, pg->conn,
		    pg->stage == PG_STAGE_QUERY && !pg_is_read(pg), &pg->failure);
		pg_give_up(pg);
		return;
	}
	if (pg->stage == PG_STAGE_PREPARE)
		query_begin(pg);
	else
		query_end(pg);
}

bool pg_is_copy(const PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);

	return status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH;
}

/* Keep what one result says. False: nothing more must be read. */
static bool take(struct pg_call *pg, PGresult *result)
{
	switch (PQresultStatus(result)) {
	case PGRES_COMMAND_OK:
	case PGRES_TUPLES_OK:
		/* libpq makes these of a CommandComplete alone. */
		pg->undone -= pg->undone > 0;
		/* fall through */
	case PGRES_SINGLE_TUPLE:
		return pg->stage != PG_STAGE_QUERY ||
		       pg_rows_add(&pg->rows, result, &pg->failure) == 0 || !pg_is_read(pg);
	case PGRES_EMPTY_QUERY:
		return true; /* nothing was done, since no statement of ours is empty */
	case PGRES_COPY_IN:
	case PGRES_COPY_OUT:
	case PGRES_COPY_BOTH:
		err_set(&pg->failure, ERR_INPUT, "COPY can't be used here: use SELECT");
		return false;
	default:
		if (pg->failure.kind == ERR_NONE)
			pg_fail_result(&pg->settings, pg->conn, result,
			    pg->stage == PG_STAGE_QUERY ? query_of(pg) : NULL, &pg->failure);
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
		msec began = pg_cpu_time();

		if (!result) {
			stage_end(pg);
			return false;
		}
		pg->arriving = 0;
		more = take(pg, result);
		pg->taking += pg_cpu_time() - began;
		PQclear(result);
	}
	if (!more)
		pg_give_up(pg);
	return more;
}

/* One row is over the ceiling: what follows it is not read any more. */
static void huge_row(struct pg_call *pg)
{
	pg_rows_too_big(&pg->rows, &pg->failure);
	if (!pg_is_read(pg))
		err_prefix(&pg->failure, "look whether the change was made");
	pg_give_up(pg);
}

/* The connection broke: what the server said before is the better reason. Nothing more is waited for: libpq may
 * hold a connection for whole that only can't be written to. */
static void lost(struct pg_call *pg)
{
	PGresult *result;
	bool copy = false;

	while (!copy && !PQisBusy(pg->conn) && (result = PQgetResult(pg->conn))) {
		const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);

		if (state && pg->failure.kind == ERR_NONE)
			pg_fail_result(&pg->settings, pg->conn, result, NULL, &pg->failure);
		copy = pg_is_copy(result);
		PQclear(result);
	}
	statement_failed(pg);
}

static void flooded(struct pg_call *pg)
{
	err_set(&pg->failure, ERR_LIMIT,
	    "the server floods the connection with what is no answer%s: is something in between "
	    "that is no PostgreSQL?",
	    pg_is_read(pg) ? "" : ", look whether the change was made");
	pg_give_up(pg);
}

void pg_query_pump(struct pg_call *pg)
{
	msec began = pg_cpu_time();

	pg->taking = 0;
	pg_count_arriving(pg);
	/* Where malloc can't be asked. */
	pg->huge |= pg->arriving > PG_BYTES_MAX * 2;
	if (!pg->huge && !PQconsumeInput(pg->conn)) {
		lost(pg);
		return;
	}
	if (!pg->huge && !take_all(pg))
		return;
	if (pg->huge)
		huge_row(pg);
	else if (pg_cpu_time() - began - pg->taking > PG_TURN_MAX)
		flooded(pg);
	else
		flush(pg);
}
