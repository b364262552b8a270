/*
 * One call to PostgreSQL, and what its three files need of each other:
 *
 *	run.c     resolve → connect; start and release
 *	query.c   prepare (BEGIN READ ONLY, statement_timeout) → query → done
 *	cancel.c  ask the server to stop, wait for its answer
 *
 * Invariant: after call_done, call_fail and call_gone the state may be gone: they are the last
 * thing that is done with it. So is every function here that can lead to one of them.
 */
#ifndef FSOPS_POSTGRES_RUN_H
#define FSOPS_POSTGRES_RUN_H

#include "fsops/work.h"
#include "postgres.h"

enum pg_stage {
	PG_STAGE_RESOLVE,
	PG_STAGE_CONNECT,
	PG_STAGE_PREPARE,
	PG_STAGE_QUERY,
	PG_STAGE_CANCEL
};

struct pg_call {
	struct call *call;
	struct pg_settings settings;
	enum pg_stage stage;
	size_t resolving; /* the endpoint whose name is being resolved */
	struct resolve *resolve;
	struct err failure; /* the first reason; kind ERR_NONE: none yet */
	PGconn *conn;
	struct loop_watch *watch;
	struct loop_timer *timer; /* of the connection attempt, or of the cancelling */
	struct pg_rows rows;
	size_t undone;   /* statements of this stage that the server has not said to be done */
	bool huge;       /* one row is over the ceiling */
	size_t arriving; /* bytes since the last whole row, or since this stage began */
	size_t notices;
	msec taking; /* of this turn's time: what rows took to keep, which is our own work */
	struct work *cancelling;  /* the cancel request on its way */
	struct loop_timer *again; /* or the time until the next one */
	bool idle;                /* while cancelling: the server has stopped */
};

/* Is it to run in a read-only transaction? */
bool pg_is_read(const struct pg_call *pg);
/* Close the connection, with what watches it. */
void pg_close(struct pg_call *pg);
/* End the call with `failure`. */
void pg_give_up(struct pg_call *pg);

/* The processor time of this thread, in ms: what a busy machine does beside it does not count. */
msec pg_cpu_time(void);
/* Add what has arrived and waits to be read to `arriving`. */
void pg_count_arriving(struct pg_call *pg);

/* --- query.c --- */

/* Does RESULT (or NULL) begin a COPY? libpq gives the same one again until the COPY is ended. */
bool pg_is_copy(const PGresult *result);
/* The connection is made: run the statement. */
void pg_query_start(struct pg_call *pg);
/* The connection can be read or written. */
void pg_query_pump(struct pg_call *pg);

/* --- cancel.c --- */

/* The same while cancelling. */
void pg_cancel_pump(struct pg_call *pg);

#endif
