/*
 * What went wrong with PostgreSQL as one sentence: what, where, why, and what to do.
 *
 * Invariant: a sentence never holds the connection string, only host, port, database and user.
 */
#include "postgres.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"

struct advice {
	const char *sign; /* a SQLSTATE, or a part of libpq's own text */
	enum err_kind kind;
	const char *text;
};

static const struct advice by_state[] = {
    {"28P01", ERR_REMOTE,
        "check the password in ~/.pgpass (mode 0600), PGPASSWORD or the service file"},
    {"28000", ERR_REMOTE,
        "check the user's name, and that the server's pg_hba.conf lets it in from here"},
    {"3D000", ERR_REMOTE, "check the database's name; `psql -l` lists those that exist"},
    {"53300", ERR_REMOTE,
        "free connections (pg_stat_activity tells who holds them) or raise max_connections"},
    {"57P03", ERR_REMOTE, "wait until it is up, and look at its log if that takes long"},
    {"57P01", ERR_REMOTE, "an administrator ended the connection or the server is shutting down"},
    {"57P02", ERR_REMOTE, "a server process crashed; look at the server's log"},
    {"57014", ERR_TIMEOUT,
        "it ran too long or an administrator cancelled it; give it more time or look at its plan"},
    {"42601", ERR_REMOTE, "correct the SQL in the runbook"},
    {"42P01", ERR_REMOTE, "check the table's name and schema, and that this is the right database"},
    {"42703", ERR_REMOTE, "check the column's name against this server's version"},
    {"42883", ERR_REMOTE, "check the function's name and its arguments' types"},
    {"42501", ERR_REMOTE, "grant this user the right, or connect as another user"},
    {"25006", ERR_REMOTE,
        "reads run in a read-only transaction: if it is meant to change something, say `effect: "
        "change`"},
    {"25001", ERR_REMOTE,
        "say `effect: change`: it can't run in the transaction that reads run in"},
    {"55P03", ERR_REMOTE, "something else holds the lock; pg_locks tells who"},
    {"40P01", ERR_REMOTE, "another transaction was in the way; try again"},
    {"40001", ERR_REMOTE, "another transaction was in the way; try again"},
    {"53100", ERR_REMOTE, "the server's disk is full: make room there first"},
    {"53200", ERR_REMOTE, "the server is out of memory"},
    {NULL, ERR_REMOTE, NULL},
};

/* 08P01 says only "protocol violation"; the server uses it for one thing, poolers for many. */
static const struct advice by_violation[] = {
    {"bind message", ERR_REMOTE, "does the number of params match the $1, $2 … of the SQL?"},
    {"startup parameter", ERR_REMOTE,
        "a pooler such as PgBouncer refuses it: take it out of the connection string, or name it "
        "in the pooler's ignore_startup_parameters"},
    {"no more connections", ERR_REMOTE,
        "the pooler is full: free connections there, or raise its max_client_conn"},
    {NULL, ERR_REMOTE, NULL},
};

static const struct advice by_text[] = {
    {"Connection refused", ERR_REMOTE, "is the server running there, and is the port right?"},
    {"No such file or directory", ERR_REMOTE,
        "is the server running on this machine, and is the socket's folder right?"},
    {"No route to host", ERR_REMOTE, "check the network, VPN or tunnel"},
    {"Network is unreachable", ERR_REMOTE, "check the network, VPN or tunnel"},
    {"timed out", ERR_TIMEOUT, "check the network, firewall or tunnel"},
    {"no password supplied", ERR_REMOTE,
        "put it into ~/.pgpass (mode 0600), PGPASSWORD or a service file"},
    {"server closed the connection", ERR_REMOTE,
        "the server or something in front of it hung up; look at its log"},
    {"Connection reset", ERR_REMOTE,
        "the server or something in front of it hung up; look at its log"},
    {"certificate", ERR_REMOTE, "check sslrootcert, the name in the certificate and its expiry"},
    {"does not support SSL", ERR_REMOTE, "turn TLS on at the server, or choose another sslmode"},
    {"SSL", ERR_REMOTE, "check sslmode and the server's TLS settings"},
    {"expected authentication", ERR_REMOTE, "is that port really a PostgreSQL server's?"},
    {"invalid response", ERR_REMOTE, "is that port really a PostgreSQL server's?"},
    {"unexpected message", ERR_REMOTE, "is that port really a PostgreSQL server's?"},
    {"hot standby", ERR_REMOTE,
        "no server in the list is of the kind that target_session_attrs asks for"},
    {"session is", ERR_REMOTE,
        "no server in the list is of the kind that target_session_attrs asks for"},
    {NULL, ERR_REMOTE, NULL},
};

static const struct advice *advice_for(const struct advice *table, const char *text)
{
	while (table->sign && !(text && strstr(text, table->sign)))
		table++;
	return table;
}

/* STATE may be NULL: then libpq's own TEXT is all that there is. */
static const struct advice *advice_of(const char *state, const char *text)
{
	if (state && strcmp(state, "08P01") == 0)
		return advice_for(by_violation, text);
	return state ? advice_for(by_state, state) : advice_for(by_text, text);
}

/* --- libpq's own text --- */

/* The SQLSTATE in "FATAL:  28P01: …", as libpq prints it with PQERRORS_VERBOSE; the last one,
 * as there is one for each address tried. */
static bool state_of(const char *text, char state[6])
{
	bool found = false;

	for (const char *at = text; (at = strstr(at, ":  ")); at += 3) {
		if (strspn(at + 3, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 5 || at[8] != ':')
			continue;
		memcpy(state, at + 3, 5);
		state[5] = '\0';
		found = true;
	}
	return found;
}

/*
 * libpq puts its attempts one below the other, with hints in lines that begin with a tab and, when
 * verbose, "LOCATION:". The reason is the first line of the last attempt, without its preamble.
 */
static char *reason_of(const char *text)
{
	static const char failed[] = " failed: ";
	const char *last = text;
	char state[6];
	char *reason;
	size_t len;

	for (const char *at = text; (at = strstr(at, failed)); at += strlen(failed))
		last = at + strlen(failed);
	if (state_of(last, state)) {
		const char *at = strstr(last, state);

		last = at + 5 + strspn(at + 5, ": ");
	}
	len = strcspn(last, "\n");
	reason = mem_textn(last, len);
	for (len = strlen(reason); len && strchr(" .:\r", reason[len - 1]);)
		reason[--len] = '\0';
	return reason;
}

void pg_fail_where(const struct pg_settings *settings, const PGconn *conn, struct buf *out)
{
	const char *host = conn ? PQhost(conn) : NULL;
	const char *port = conn ? PQport(conn) : NULL;

	if (!host || !*host)
		host = settings->count ? settings->endpoints[0].host : "";
	if (!*host && settings->count)
		host = settings->endpoints[0].hostaddr;
	if (!port || !*port)
		port = settings->count ? settings->endpoints[0].port : "";
	buf_addf(
	    out, strchr(host, ':') ? "[%s]:%s" : "%s:%s", *host ? host : "the local socket", port);
}

static void add_who(const struct pg_settings *settings, const PGconn *conn, struct buf *out)
{
	pg_fail_where(settings, conn, out);
	buf_addf(out, " (database '%s', user '%s')", settings->dbname, settings->user);
}

static void finish(struct buf *text, const struct advice *advice, struct err *err)
{
	if (advice->text)
		buf_addf(text, ": %s", advice->text);
	err_set(err, advice->kind, "%s", text->data);
	buf_release(text);
}

void pg_fail_connect(
    const struct pg_settings *settings, const PGconn *conn, size_t held, struct err *err)
{
	const char *given = conn ? PQerrorMessage(conn) : "out of memory";
	const struct advice *advice;
	char state[6];
	char *reason = reason_of(given);
	struct buf text;

	buf_init(&text, BUF_TEXT_MAX);
	buf_adds(&text, "unable to connect to postgres at ");
	add_who(settings, conn, &text);
	buf_addf(&text, ": %s", *reason ? reason : "the connection ended without a reason");
	if (held && pg_fail_is_short(conn))
		buf_addf(&text, " (this run holds %zu of them)", held);
	if (conn && PQconnectionNeedsPassword(conn))
		advice = advice_for(by_text, "no password supplied");
	else
		advice = advice_of(state_of(given, state) ? state : NULL, given);
	finish(&text, advice, err);
	free(reason);
}

void pg_fail_silent(const struct pg_settings *settings, const PGconn *conn, struct err *err)
{
	struct buf text;

	buf_init(&text, BUF_TEXT_MAX);
	buf_adds(&text, "unable to connect to postgres at ");
	add_who(settings, conn, &text);
	buf_addf(&text,
	    ": no answer within %lld s: check the network, firewall or tunnel, and whether "
	    "the server hangs",
	    (long long)settings->connect_max / 1000);
	err_set(err, ERR_TIMEOUT, "%s", text.data);
	buf_release(&text);
}

static void add_field(struct buf *text, const char *before, const char *field)
{
	if (field && *field)
		buf_addf(text, "%s%s", before, field);
}

void pg_fail_result(const struct pg_settings *settings, const PGconn *conn, const PGresult *result,
    const char *sql, struct err *err)
{
	const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *position = PQresultErrorField(result, PG_DIAG_STATEMENT_POSITION);
	char *reason = reason_of(PQresultErrorMessage(result));
	struct buf text;
	int line, col;

	buf_init(&text, BUF_TEXT_MAX);
	buf_adds(&text, "postgres at ");
	add_who(settings, conn, &text);
	buf_addf(&text, ": %s", message ? message : reason);
	if (sql && position) {
		sql_place(sql, strtoul(position, NULL, 10), &line, &col);
		buf_addf(&text, " at line %d, column %d of the SQL", line, col);
	}
	add_field(&text, "; ", PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL));
	add_field(&text, "; ", PQresultErrorField(result, PG_DIAG_MESSAGE_HINT));
	add_field(&text, " [", state);
	buf_adds(&text, state ? "]" : "");
	finish(&text, advice_of(state, message ? message : reason), err);
	free(reason);
}

void pg_fail_lost(
    const struct pg_settings *settings, const PGconn *conn, bool change, struct err *err)
{
	char *reason = reason_of(PQerrorMessage(conn));
	struct buf text;

	buf_init(&text, BUF_TEXT_MAX);
	buf_adds(&text, "the connection to postgres at ");
	add_who(settings, conn, &text);
	buf_addf(&text, " broke while the statement ran: %s",
	    *reason ? reason : "the server closed the connection");
	buf_adds(&text, change ? ": look whether the change was made before it is tried again"
	                       : ": look at the server's log");
	err_set(err, ERR_REMOTE, "%s", text.data);
	buf_release(&text);
	free(reason);
}

void pg_fail_undone(
    const struct pg_settings *settings, const PGconn *conn, bool change, struct err *err)
{
	struct buf text;

	buf_init(&text, BUF_TEXT_MAX);
	buf_adds(&text, "postgres at ");
	add_who(settings, conn, &text);
	buf_adds(&text, ": the server did not say that it was done (no CommandComplete)");
	buf_adds(&text, change ? ": look whether the change was made before it is tried again"
	                       : ": is something in between that is no PostgreSQL?");
	err_set(err, ERR_REMOTE, "%s", text.data);
	buf_release(&text);
}

void pg_fail_said(const PGconn *conn, struct buf *out)
{
	char state[6];
	char *reason;

	if (!conn || !state_of(PQerrorMessage(conn), state))
		return;
	reason = reason_of(PQerrorMessage(conn));
	buf_addf(out, " (it answered: %s)", reason);
	free(reason);
}

/*
 * Classes of SQLSTATE that say "nobody can work with me now": too many connections, no memory, starting or
 * stopping, a pooler that is full. Every other refusal is about who asks and for what: the server is there.
 */
static bool is_rejection(const char *state)
{
	static const char *const classes[] = {"08", "53", "57", "58", "XX"};

	for (size_t i = 0; i < COUNT_OF(classes); i++)
		if (strncmp(state, classes[i], 2) == 0)
			return true;
	return false;
}

bool pg_fail_is_short(const PGconn *conn)
{
	const char *text = conn ? PQerrorMessage(conn) : "";
	char state[6];

	return state_of(text, state) &&
	       (strcmp(state, "53300") == 0 ||
	           (strcmp(state, "08P01") == 0 && strstr(text, "no more connections")));
}

/* Stricter than libpq's own PQping() (which can't be used: it blocks): a database that is full accepts
 * nobody, whatever pg_isready says of it. */
enum pg_answer pg_fail_answer(const PGconn *conn)
{
	char state[6];

	if (!conn)
		return PG_NO_ANSWER;
	if (PQconnectionNeedsPassword(conn))
		return PG_ACCEPTING;
	if (!state_of(PQerrorMessage(conn), state))
		return PG_NO_ANSWER;
	return is_rejection(state) ? PG_REJECTING : PG_ACCEPTING;
}
