/*
 * What the files of the postgres adapter share.
 *
 *	postgres.c  the table entry: parse, effect, describe
 *	sql.c       SQL as tokens: one statement only, parameters shown as literals
 *	effect.c    what a statement would do
 *	settings.c  conninfo: what libpq makes of it, addresses, the list of endpoints
 *	run.c       a call: a kept connection, or resolve and connect, all on the loop
 *	kept.c      connections that are kept from one call to the next
 *	query.c     the statement and its results
 *	cancel.c    giving up, on the server too
 *	rows.c      results: values, ceilings, the table for people
 *	fail.c      errors as sentences
 */
#ifndef FSOPS_POSTGRES_H
#define FSOPS_POSTGRES_H

#include <jansson.h>
#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>

#include "fsops/adapter.h"
#include "fsops/buf.h"
#include "fsops/clock.h"
#include "fsops/err.h"

/* The most that one result may hold. */
#define PG_ROWS_MAX  10000
#define PG_BYTES_MAX ((size_t)8 * 1024 * 1024)

/* How long one endpoint may take to answer when connect_timeout says nothing. */
#define PG_CONNECT_MAX ((msec)10000)

/* How long a cancel request and the server's answer to it are waited for. */
#define PG_CANCEL_MAX ((msec)1000)
/* A server that says more than this meanwhile is not waited for: it has begun, so the request reaches it. */
#define PG_CANCEL_BYTES_MAX ((size_t)256 * 1024)
/* The most that a server says before it lets us in: certificates, a few settings, perhaps a notice. */
#define PG_CONNECT_BYTES_MAX ((size_t)64 * 1024)
/* Processor time in ms that libpq may take for what one turn of the loop reads: settings without end make it
 * look through an ever longer list. */
#define PG_TURN_MAX        150
#define PG_TURN_CANCEL_MAX 30
/* Notices of one call that are shown. */
#define PG_NOTICES_MAX 100
/* How long after one the next is sent: the server may not have begun when the first one came. */
#define PG_CANCEL_AGAIN ((msec)100)

/* --- sql.c --- */

/* Is SQL one statement that can be run alone? Errors say where in it, as "line 1, column 8". */
int sql_check(const char *sql, struct err *err);

/* SQL with each $N replaced by the literal of PARAMS[N-1], for people and psql. */
void sql_fill(const char *sql, const json_t *params, struct buf *out);

/* Line and column (from 1) of the CHARth character (from 1), as the server counts them. */
void sql_place(const char *sql, size_t chars, int *line, int *col);

/* --- effect.c --- */

/* What the statement would do, by its words; the worst when it can't be read. */
enum effect sql_effect(const char *sql);

/* The name of what DROP, TRUNCATE or DELETE destroys, a new text; NULL when that can't be told. */
char *sql_object(const char *sql);

/* --- settings.c --- */

/* One place to try. HOSTADDR "": not a name that needs resolving (a socket's folder), or not resolved yet. */
struct pg_endpoint {
	char *host;
	char *hostaddr;
	char *port;
};

struct pg_settings {
	char *conninfo;   /* as the platform file has it; "": libpq's environment alone */
	char *database;   /* the action's own, or NULL */
	char *user;       /* effective, for messages */
	char *dbname;     /* effective, for messages */
	msec connect_max; /* for one endpoint */
	struct pg_endpoint *endpoints;
	size_t count;
};

/* Does it parse, and does it hold no password? Errors are about the text alone. */
int pg_conninfo_check(const char *conninfo, struct err *err);

/* CONNINFO with its database (or NULL) and the address of TARGET's tunnel put in, as one text for
 * `psql -d`. */
void pg_conninfo_show(
    const char *conninfo, const char *database, const json_t *target, struct buf *out);

/* adapter.h's place(). */
bool pg_place_of(const json_t *args, const json_t *target, char **host, char **port);

/* Learn from libpq (environment, service file, conninfo) where it would connect to, without
 * connecting. TARGET and ARGS are a call's; on failure nothing needs releasing. */
int pg_settings_init(
    struct pg_settings *settings, const json_t *target, const json_t *args, struct err *err);
void pg_settings_release(struct pg_settings *settings);

/* The first endpoint from index FROM whose name must be resolved, or `count`. */
size_t pg_settings_unresolved(const struct pg_settings *settings, size_t from);
/* Put one endpoint for each of the addresses in the place of endpoint INDEX. None: it is dropped. */
void pg_settings_resolved(
    struct pg_settings *settings, size_t index, const char *const *addresses, size_t count);
/* Drop the endpoints up to and with the one that CONN is trying. */
void pg_settings_skip(struct pg_settings *settings, const PGconn *conn);

/* Begin to connect to the first endpoint, then the next. Never blocks. */
PGconn *pg_settings_connect(const struct pg_settings *settings);

/* --- rows.c --- */

struct pg_rows {
	json_t *names; /* the columns' names, made unique; NULL: no result with columns yet */
	json_t *list;  /* of objects */
	json_t *first; /* the first cell, borrowed from LIST; NULL: none */
	json_int_t affected;
	char *tag;    /* "DELETE 3", or NULL */
	size_t bytes; /* what LIST weighs */
	bool over;    /* a ceiling was reached: rows were left out, the result must not be used */
};

void pg_rows_init(struct pg_rows *rows);
void pg_rows_release(struct pg_rows *rows);
/* Take over the rows of one good PGresult. -1: a ceiling is reached (ERR_LIMIT). */
int pg_rows_add(struct pg_rows *rows, const PGresult *result, struct err *err);
/* The ceiling for one row that is still arriving. */
int pg_rows_too_big(struct pg_rows *rows, struct err *err);
/* {rows, value, count}, a new reference. */
json_t *pg_rows_result(const struct pg_rows *rows);
/* Print as an aligned table, like psql. */
void pg_rows_print(const struct pg_rows *rows, struct call *call);

/* --- fail.c --- */

/* Why CONN (NULL: out of memory) could not be made. HELD: connections that this run holds, which is told when
 * the server is short of them. */
void pg_fail_connect(
    const struct pg_settings *settings, const PGconn *conn, size_t held, struct err *err);
/* No answer from the endpoint that CONN is trying. */
void pg_fail_silent(const struct pg_settings *settings, const PGconn *conn, struct err *err);
/* Why a statement failed. SQL NULL: the position is not shown. */
void pg_fail_result(const struct pg_settings *settings, const PGconn *conn, const PGresult *result,
    const char *sql, struct err *err);
/* The connection broke while a statement ran. */
void pg_fail_lost(
    const struct pg_settings *settings, const PGconn *conn, bool change, struct err *err);
/* The server is ready for the next statement and never said that this one was done. */
void pg_fail_undone(
    const struct pg_settings *settings, const PGconn *conn, bool change, struct err *err);
/* " (it answered: …)", when the server refused CONN with words; else nothing. */
void pg_fail_said(const PGconn *conn, struct buf *out);
/* "host:port" of the endpoint that CONN uses or tries. */
void pg_fail_where(const struct pg_settings *settings, const PGconn *conn, struct buf *out);

/* What a ping makes of a connection that failed. */
enum pg_answer { PG_ACCEPTING, PG_REJECTING, PG_NO_ANSWER };
enum pg_answer pg_fail_answer(const PGconn *conn);

/* Was CONN refused because the server (or a pooler) has no connection left? */
bool pg_fail_is_short(const PGconn *conn);

/* --- run.c, cancel.c --- */

void pg_start(struct call *call);
void pg_cancel(struct call *call);
void pg_release(struct call *call);

#endif
