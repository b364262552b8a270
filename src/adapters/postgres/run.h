/*
 * One call to PostgreSQL, and what its files need of each other:
 *
 *	run.c     a kept connection, or resolve → connect; start and release
 *	kept.c    connections that are kept: cleaned when a call has ended, taken by the next one
 *	query.c   prepare (BEGIN READ ONLY, statement_timeout) → query → done
 *	cancel.c  ask the server to stop, wait for its answer
 *
 * Invariant: after call_done, call_fail and call_gone the state may be gone: they are the last
 * thing that is done with it. So is every function here that can lead to one of them.
 */
#ifndef FSOPS_POSTGRES_RUN_H
#define FSOPS_POSTGRES_RUN_H

#include "fsops/keep.h"
#include "fsops/work.h"
#include "postgres.h"

enum pg_stage {
	PG_STAGE_RESOLVE,
	PG_STAGE_CONNECT,
	PG_STAGE_CLEAN, /* a kept connection: what the call before it left is being undone */
	PG_STAGE_PREPARE,
	PG_STAGE_QUERY,
	PG_STAGE_CANCEL
};

/* A connection on its way back to how it began: ROLLBACK and DISCARD ALL are sent, their answers awaited. */
struct pg_clean {
	int left;        /* answers that have not come; 0: it is clean */
	bool bad;        /* one of them was an error */
	size_t arriving; /* bytes so far */
};

struct pg_call {
	struct call *call;
	char *key; /* of the connection: where it leads to, and as whom */
	struct pg_settings settings;
	enum pg_stage stage;
	size_t resolving; /* the endpoint whose name is being resolved */
	struct resolve *resolve;
	struct err failure; /* the first reason; kind ERR_NONE: none yet */
	PGconn *conn;
	struct keep_birth birth;
	bool reused;  /* it is a kept one, and nothing of the statement was sent yet */
	bool holds;   /* it stands: one that the server may be short of */
	bool knocks;  /* it is being connected */
	bool spoiled; /* the server said what it should not have: not to be kept */
	msec
	    short_of; /* since when the server has been short of connections that no other call uses; 0: it is not */
	msec pause; /* until it is tried again */
	struct pg_clean clean;
	struct loop_watch *watch;
	struct loop_timer *
	    timer; /* of the connection attempt, of a kept one's first answers, or of the cancelling */
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
/* Let go of the connection, with what watches it: it is kept when it can be, else closed. */
void pg_close(struct pg_call *pg);
/* End the call with `failure`; or begin again with a new connection, when a kept one has failed before anything of the
 * statement was sent. */
void pg_give_up(struct pg_call *pg);

/* The processor time of this thread, in ms: what a busy machine does beside it does not count. */
msec pg_cpu_time(void);
/* Add what has arrived and waits to be read to `arriving`. */
void pg_count_arriving(struct pg_call *pg);

/* --- kept.c --- */

/* Take the kept connection of pg->key, with its settings. It may have to be cleaned yet: clean.left. */
bool pg_kept_take(struct pg_call *pg);
/* Give the connection of PG and its settings to be cleaned and kept. False: it can't be, and is still PG's. */
bool pg_kept_give(struct pg_call *pg);
/* Connections that this run holds: those of other calls, and those that lie idle. */
size_t pg_kept_held(const struct pg_call *pg);
/* Close those that lie idle. */
void pg_kept_close(struct loop *loop);
/* Of a connection that is made now. */
struct keep_birth pg_kept_birth(struct loop *loop);
/* Close those of pg->key that lie idle or are cleaned: the next one is to be a new one. */
void pg_kept_drop(struct pg_call *pg);
/* A connection of ours that stood was closed: its server may take a moment to see it. */
void pg_kept_note_closed(struct loop *loop);
/* Was one within the last SPAN ms? */
bool pg_kept_closed_within(struct loop *loop, msec span);
/* Has another call one? */
bool pg_kept_in_use(const struct pg_call *pg);
/* PG has a connection that stands (or has none any more). */
void pg_kept_hold(struct pg_call *pg, bool hold);
/* Something has come from CONN while it is cleaned. False: it can't be used. */
bool pg_clean_pump(PGconn *conn, struct pg_clean *clean);

/* --- ping.c --- */

bool pg_is_ping(const struct pg_call *pg);
/* End a ping with what was found out; `failure` says why it is not accepting. */
void pg_ping_end(struct pg_call *pg, enum pg_answer answer);

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
