/*
 * A call to PostgreSQL up to the connection, and its end: a kept one, or resolve → connect → query.c.
 * Reads alone use kept ones and leave theirs to be kept: after a change a new session may begin in another way (ALTER
 * ROLE … SET, a new password), and DISCARD ALL leads back to how this one began.
 *
 * Invariant: libpq is only called when it can't block: names are resolved before it connects. A call begins again at
 * most once, with a new connection, and only as long as nothing of its statement was sent.
 */
#include "run.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include "fsops/keep.h"
#include "fsops/mem.h"
#include "fsops/value.h"

/* How long until a server that is short of connections is asked again: each time twice as long. */
#define SHORT_PAUSE     ((msec)50)
#define SHORT_PAUSE_MAX ((msec)1000)

/* How long one is asked again that has others of this run beside it which are not let in yet, either: one of them may be
 * in its way, and not know yet that it was let in. */
#define KNOCK_MAX ((msec)1000)

/* How long a kept connection may take until the statement can be sent: what lies between may have dropped it without a
 * word. */
#define REUSE_MAX ((msec)2000)

static size_t knocking; /* calls that are being connected */

static void reuse(struct pg_call *pg);
static void connect_begin(struct pg_call *pg);
static void resolve_first(struct pg_call *pg);
static void resolve_next(struct pg_call *pg);
static void on_ready(void *ctx, int fd, int ready);

/* --- ends --- */

static void stop_watching(struct pg_call *pg)
{
	loop_unwatch(pg->watch);
	pg->watch = NULL;
	loop_cancel(pg->timer);
	loop_cancel(pg->again);
	pg->timer = pg->again = NULL;
}

/* The statement has ended, whether well or not, and the server waits for the next one. */
static bool can_be_kept(const struct pg_call *pg)
{
	PGTransactionStatusType status = PQtransactionStatus(pg->conn);

	return pg_is_read(pg) && pg->stage != PG_STAGE_CANCEL && pg->stage != PG_STAGE_CLEAN &&
	       !pg->spoiled && PQstatus(pg->conn) == CONNECTION_OK &&
	       (status == PQTRANS_IDLE || status == PQTRANS_INTRANS || status == PQTRANS_INERROR);
}

static void set_knocking(struct pg_call *pg, bool knocks)
{
	if (knocks && !pg->knocks)
		knocking++;
	else if (!knocks && pg->knocks)
		knocking--;
	pg->knocks = knocks;
}

void pg_close(struct pg_call *pg)
{
	bool stood = pg->holds;

	stop_watching(pg);
	set_knocking(pg, false);
	pg_kept_hold(pg, false);
	if (!pg->conn || (can_be_kept(pg) && pg_kept_give(pg)))
		return;
	if (stood)
		pg_kept_note_closed(pg->call->loop);
	PQfinish(pg->conn);
	pg->conn = NULL;
}

/* A kept connection has failed, and nothing of the statement was sent: the server has closed it meanwhile, as a rule. */
static bool start_over(struct pg_call *pg)
{
	struct err err;

	if (!pg->reused)
		return false;
	pg->reused = false;
	pg->spoiled = true;
	pg_close(pg);
	pg->spoiled = pg->huge = false;
	pg->failure = (struct err){0};
	pg->undone = pg->arriving = pg->notices = 0;
	pg_settings_release(&pg->settings);
	if (pg_settings_init(&pg->settings, pg->call->target, pg->call->args, &err) < 0)
		call_fail(pg->call, err.kind, "%s", err.text);
	else
		resolve_first(pg);
	return true;
}

void pg_give_up(struct pg_call *pg)
{
	struct call *call = pg->call;
	struct err why = pg->failure;
	struct buf where;

	if (start_over(pg))
		return;
	buf_init(&where, BUF_TEXT_MAX);
	pg_fail_where(&pg->settings, pg->conn, &where);
	if (!strstr(why.text, "postgres"))
		err_prefix(&why, "postgres at %s", where.data);
	buf_release(&where);
	pg_close(pg);
	call_fail(call, why.kind, "%s", why.text);
}

/* Nothing (more) can be connected to; `failure` says why. */
static void connect_failed(struct pg_call *pg, enum pg_answer answer)
{
	if (pg_is_ping(pg))
		pg_ping_end(pg, answer);
	else
		pg_give_up(pg);
}

bool pg_is_read(const struct pg_call *pg)
{
	return pg->call->effect == EFFECT_READ;
}

/* A ping is about who is let in now: it always knocks. So does what is asked again. */
static bool may_reuse(const struct pg_call *pg)
{
	return pg_is_read(pg) && !pg_is_ping(pg) && !pg->call->fresh;
}

/* --- resolve --- */

static void on_resolved(void *ctx, const char *const *addresses, size_t count, const char *why)
{
	struct pg_call *pg = ctx;

	pg->resolve = NULL;
	if (!count)
		err_set(&pg->failure, ERR_REMOTE,
		    "unable to connect to postgres: the host '%s' is unknown: %s: check the name, "
		    "DNS and VPN",
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

static void resolve_first(struct pg_call *pg)
{
	pg->stage = PG_STAGE_RESOLVE;
	pg->resolving = 0;
	resolve_next(pg);
}

/* --- connect --- */

static void on_notice(void *ctx, const char *text)
{
	static const char more[] = "fsops: further notices are not shown\n";
	struct pg_call *pg = ctx;

	if (pg->stage == PG_STAGE_CANCEL || pg->notices > PG_NOTICES_MAX)
		return;
	if (pg->notices++ == PG_NOTICES_MAX)
		text = more;
	call_output(pg->call, CHILD_STDERR, text, strlen(text));
}

msec pg_cpu_time(void)
{
	struct timespec time = {0};

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return (msec)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

void pg_count_arriving(struct pg_call *pg)
{
	int waiting = 0;

	if (ioctl(PQsocket(pg->conn), FIONREAD, &waiting) == 0 && waiting > 0)
		pg->arriving += (size_t)waiting;
}

/* The socket can be another one after each poll (the next address): watch it anew. */
static void connect_watch(struct pg_call *pg, int events)
{
	loop_unwatch(pg->watch);
	pg->watch = loop_watch(pg->call->loop, PQsocket(pg->conn), events, on_ready, pg);
}

static void on_pause_over(void *ctx)
{
	struct pg_call *pg = ctx;

	pg->again = NULL;
	if (may_reuse(pg) && pg_kept_take(pg)) {
		reuse(pg);
		return;
	}
	pg_kept_close(pg->call->loop);
	connect_begin(pg);
}

/*
 * The server is short of connections, and this run holds some, or has until now: those that lie idle are given up, and
 * the server is given as long to see it as an answer would be waited for. One that another action uses is waited for
 * until the action's own time is up.
 */
static bool wait_for_our_own(struct pg_call *pg)
{
	msec now = loop_now(pg->call->loop);
	msec max = pg->settings.connect_max;

	if (!pg_fail_is_short(pg->conn))
		return false;
	if (!pg_kept_held(pg) && !pg_kept_closed_within(pg->call->loop, max))
		max = knocking > pg->knocks ? KNOCK_MAX : -1;
	if (pg_kept_in_use(pg))
		pg->short_of = 0;
	else if (!pg->short_of)
		pg->short_of = now;
	if (pg->short_of && now - pg->short_of > max)
		return false;
	pg->pause = pg->pause ? pg->pause * 2 : SHORT_PAUSE;
	pg->pause = pg->pause > SHORT_PAUSE_MAX ? SHORT_PAUSE_MAX : pg->pause;
	pg_kept_close(pg->call->loop);
	pg_close(pg);
	pg->again = loop_after(pg->call->loop, pg->pause, on_pause_over, pg);
	return true;
}

static void connect_refused(struct pg_call *pg)
{
	if (wait_for_our_own(pg))
		return;
	pg_fail_connect(&pg->settings, pg->conn, pg_kept_held(pg), &pg->failure);
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
	pg_close(pg);
	if (pg->settings.count)
		connect_begin(pg);
	else
		connect_failed(pg, PG_NO_ANSWER);
}

static void connect_begin(struct pg_call *pg)
{
	pg->stage = PG_STAGE_CONNECT;
	set_knocking(pg, true);
	pg->arriving = 0;
	pg->birth = pg_kept_birth(pg->call->loop);
	pg->conn = pg_settings_connect(&pg->settings);
	call_secret(pg->call, pg->conn ? PQpass(pg->conn) : NULL);
	if (!pg->conn || PQstatus(pg->conn) == CONNECTION_BAD) {
		connect_refused(pg);
		return;
	}
	/* Verbose, because a SQLSTATE of this stage is told nowhere but in the text. */
	PQsetErrorVerbosity(pg->conn, PQERRORS_VERBOSE);
	PQsetNoticeProcessor(pg->conn, on_notice, pg);
	pg->timer = loop_deadline(pg->call->loop, pg->settings.connect_max, on_connect_time, pg);
	connect_watch(pg, LOOP_WRITE);
}

static void connected(struct pg_call *pg)
{
	loop_cancel(pg->timer);
	pg->timer = NULL;
	pg->failure = (struct err){0}; /* of the endpoints before this one */
	pg->arriving = 0;
	set_knocking(pg, false);
	pg_kept_hold(pg, true);
	if (pg_is_ping(pg)) {
		pg_ping_end(pg, PG_ACCEPTING);
		return;
	}
	PQsetErrorVerbosity(pg->conn, PQERRORS_DEFAULT);
	connect_watch(pg, LOOP_READ);
	pg_query_start(pg);
}

/* libpq would keep all of it, and look through what it keeps again and again. */
static void connect_flooded(struct pg_call *pg)
{
	struct buf where;

	buf_init(&where, BUF_TEXT_MAX);
	pg_fail_where(&pg->settings, pg->conn, &where);
	err_set(&pg->failure, ERR_LIMIT,
	    "postgres at %s: it says over %zu KiB before it lets anybody in: is that port really a "
	    "PostgreSQL server's?",
	    where.data, PG_CONNECT_BYTES_MAX / 1024);
	buf_release(&where);
	connect_failed(pg, PG_NO_ANSWER);
}

static void connect_poll(struct pg_call *pg)
{
	pg_count_arriving(pg);
	if (pg->arriving > PG_CONNECT_BYTES_MAX) {
		connect_flooded(pg);
		return;
	}
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

/* --- a kept connection --- */

static void clean(struct pg_call *pg)
{
	pg->arriving = 0;
	pg_query_start(pg);
}

static void clean_pump(struct pg_call *pg)
{
	if (!pg_clean_pump(pg->conn, &pg->clean))
		start_over(pg);
	else if (!pg->clean.left)
		clean(pg);
}

static void on_reuse_time(void *ctx)
{
	struct pg_call *pg = ctx;

	pg->timer = NULL;
	start_over(pg);
}

static void reuse(struct pg_call *pg)
{
	pg->reused = true;
	pg_kept_hold(pg, true);
	PQsetNoticeProcessor(pg->conn, on_notice, pg);
	connect_watch(pg, LOOP_READ);
	pg->stage = PG_STAGE_CLEAN;
	pg->timer = loop_deadline(pg->call->loop, REUSE_MAX, on_reuse_time, pg);
	if (!pg->clean.left)
		clean(pg);
}

/* --- start and release --- */

static void on_ready(void *ctx, int fd, int ready)
{
	struct pg_call *pg = ctx;

	(void)fd;
	(void)ready;
	if (pg->stage == PG_STAGE_CONNECT)
		connect_poll(pg);
	else if (pg->stage == PG_STAGE_CANCEL)
		pg_cancel_pump(pg);
	else if (pg->stage == PG_STAGE_CLEAN)
		clean_pump(pg);
	else
		pg_query_pump(pg);
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

/* Whatever leads to another connection. What the environment says of it is the same for all of a run. */
static char *key_of(const struct call *call)
{
	const char *parts[] = {value_get_text(call->target, "conninfo"),
	    value_get_text(call->target, "hostaddr"), value_get_text(call->target, "port"),
	    value_get_text(call->args, "database")};

	for (size_t i = 0; i < COUNT_OF(parts); i++)
		parts[i] = parts[i] ? parts[i] : "";
	return mem_printf("%s\n%s\n%s\n%s", parts[0], parts[1], parts[2], parts[3]);
}

void pg_start(struct call *call)
{
	struct pg_call *pg;
	struct err err = {0};

	if (check_again(call, &err) < 0) {
		call_fail(call, err.kind, "%s", err.text);
		return;
	}
	pg = mem_alloc(sizeof(*pg));
	pg->call = call;
	pg->key = key_of(call);
	pg_rows_init(&pg->rows);
	call->state = pg;
	if (!may_reuse(pg)) /* DROP DATABASE must not meet another one of ours */
		pg_kept_drop(pg);
	if (may_reuse(pg) && pg_kept_take(pg))
		reuse(pg);
	else if (pg_settings_init(&pg->settings, call->target, call->args, &err) < 0)
		call_fail(call, err.kind, "%s", err.text);
	else
		resolve_first(pg);
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
	pg_close(pg);
	pg_settings_release(&pg->settings);
	pg_rows_release(&pg->rows);
	free(pg->key);
	free(pg);
	call->state = NULL;
}
