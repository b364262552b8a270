/*
 * Connections that are kept. When a call has ended, what it left in its session is undone (a transaction, settings, a role,
 * temporary tables, locks, LISTEN, prepared statements), so that the next one finds it as the server made it.
 *
 * Invariant: a connection is a call's, in `cleaning`, or with the keeper (keep.h). The one that is cleaned may be taken
 * from there: the next call reads the answers itself.
 */
#include "run.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "fsops/keep.h"
#include "fsops/mem.h"

/* The most that a server says to two commands without a result. */
#define CLEAN_BYTES_MAX ((size_t)64 * 1024)

/* How long it may take to say so. */
#define CLEAN_MAX ((msec)5000)

struct kept {
	struct kept *next; /* in `cleaning` */
	struct loop *loop;
	char *key;
	PGconn *conn;
	struct pg_settings settings;
	struct keep_birth birth;
	struct pg_clean clean;
	struct loop_watch *watch;
	struct loop_timer *timer;
};

static struct kept *cleaning;
static size_t holders; /* calls that have one */

static struct {
	struct loop *loop; /* NULL: none was closed yet */
	msec at;
} last_closed;

static void kept_free(void *thing)
{
	struct kept *kept = thing;

	loop_unwatch(kept->watch);
	loop_cancel(kept->timer);
	if (kept->conn)
		pg_kept_note_closed(kept->loop);
	PQfinish(kept->conn);
	pg_settings_release(&kept->settings);
	free(kept->key);
	free(kept);
}

static const struct keep_kind pg_kind = {"postgres", kept_free, true};

/* ---- cleaning ---- */

static bool send(PGconn *conn, const char *command)
{
	return PQsendQueryParams(conn, command, 0, NULL, NULL, NULL, NULL, 0) &&
	       PQpipelineSync(conn);
}

/* Both at once, each a transaction of its own: DISCARD ALL can't run in one. */
static bool clean_begin(PGconn *conn, struct pg_clean *clean)
{
	bool open = PQtransactionStatus(conn) != PQTRANS_IDLE;

	*clean = (struct pg_clean){.left = open ? 2 : 1};
	return PQenterPipelineMode(conn) == 1 && (!open || send(conn, "ROLLBACK")) &&
	       send(conn, "DISCARD ALL") && PQflush(conn) == 0;
}

/* It names its command: a late answer to something else is not taken for it. */
static bool is_ours(PGresult *result)
{
	const char *tag = PQcmdStatus(result);

	return PQresultStatus(result) == PGRES_COMMAND_OK &&
	       (strcmp(tag, "ROLLBACK") == 0 || strncmp(tag, "DISCARD", strlen("DISCARD")) == 0);
}

static void take_answer(struct pg_clean *clean, PGresult *result)
{
	if (PQresultStatus(result) == PGRES_PIPELINE_SYNC)
		clean->left--;
	else if (!is_ours(result))
		clean->bad = true;
}

bool pg_clean_pump(PGconn *conn, struct pg_clean *clean)
{
	int waiting = 0;
	int nothing = 0; /* in a row */

	if (ioctl(PQsocket(conn), FIONREAD, &waiting) == 0 && waiting > 0)
		clean->arriving += (size_t)waiting;
	if (clean->arriving > CLEAN_BYTES_MAX || !PQconsumeInput(conn))
		return false;
	while (clean->left && !PQisBusy(conn)) {
		PGresult *result = PQgetResult(conn);

		nothing = result ? 0 : nothing + 1;
		if (result)
			take_answer(clean, result);
		PQclear(result);
		if (nothing > 1)
			return false;
	}
	return clean->left || (!clean->bad && PQexitPipelineMode(conn) == 1 &&
	                          PQtransactionStatus(conn) == PQTRANS_IDLE);
}

static void unlink_cleaning(struct kept *kept)
{
	struct kept **link = &cleaning;

	while (*link != kept)
		link = &(*link)->next;
	*link = kept->next;
	loop_unwatch(kept->watch);
	kept->watch = NULL;
	loop_cancel(kept->timer);
	kept->timer = NULL;
}

static void on_answer(void *ctx, int fd, int ready)
{
	struct kept *kept = ctx;
	bool well = pg_clean_pump(kept->conn, &kept->clean);

	(void)ready;
	if (well && kept->clean.left)
		return;
	unlink_cleaning(kept);
	if (well)
		keep_give(kept->loop, &pg_kind, kept->key, kept, fd, kept->birth);
	else
		kept_free(kept);
}

static void on_late(void *ctx)
{
	struct kept *kept = ctx;

	kept->timer = NULL;
	unlink_cleaning(kept);
	kept_free(kept);
}

static struct loop *heard; /* that tells us of its end */

static void loop_ends(void *ctx)
{
	struct kept *next;

	heard = heard == ctx ? NULL : heard;
	last_closed.loop = NULL;
	for (struct kept *kept = cleaning; kept; kept = next) {
		next = kept->next;
		if (kept->loop != ctx)
			continue;
		unlink_cleaning(kept);
		kept_free(kept);
	}
}

static void hear_of_its_end(struct loop *loop)
{
	if (loop != heard)
		loop_at_end(loop, loop_ends, loop);
	heard = loop;
}

/* ---- give and take ---- */

static void quiet(void *ctx, const char *text)
{
	(void)ctx;
	(void)text;
}

bool pg_kept_give(struct pg_call *pg)
{
	struct loop *loop = pg->call->loop;
	struct kept *kept;
	struct pg_clean clean;

	PQsetNoticeProcessor(pg->conn, quiet, NULL);
	PQsetErrorVerbosity(pg->conn, PQERRORS_DEFAULT); /* a ping's is another */
	if (keep_is_over(loop, &pg_kind, pg->birth) || PQsetnonblocking(pg->conn, 1) < 0 ||
	    !clean_begin(pg->conn, &clean))
		return false;
	hear_of_its_end(loop);
	kept = mem_alloc(sizeof(*kept));
	*kept = (struct kept){.next = cleaning,
	    .loop = loop,
	    .key = mem_text(pg->key),
	    .conn = pg->conn,         /* transferred */
	    .settings = pg->settings, /* transferred */
	    .birth = pg->birth,
	    .clean = clean};
	pg->conn = NULL;
	pg->settings = (struct pg_settings){0};
	cleaning = kept;
	kept->watch = loop_watch(loop, PQsocket(kept->conn), LOOP_READ, on_answer, kept);
	loop_watch_idle(kept->watch, true);
	kept->timer = loop_idle_after(loop, CLEAN_MAX, on_late, kept);
	return true;
}

static struct kept *find_cleaning(const struct pg_call *pg)
{
	struct kept *kept = cleaning;

	while (kept && (kept->loop != pg->call->loop || strcmp(kept->key, pg->key) != 0))
		kept = kept->next;
	if (kept)
		unlink_cleaning(kept);
	return kept;
}

bool pg_kept_take(struct pg_call *pg)
{
	struct kept *kept = keep_take(pg->call->loop, &pg_kind, pg->key);

	if (!kept)
		kept = find_cleaning(pg);
	if (kept && keep_is_over(pg->call->loop, &pg_kind, kept->birth)) {
		kept_free(kept);
		kept = NULL;
	}
	if (!kept)
		return false;
	pg_settings_release(&pg->settings); /* of one that has waited for it */
	pg->conn = kept->conn;              /* transferred */
	pg->settings = kept->settings;      /* transferred */
	pg->clean = kept->clean;
	pg->birth = kept->birth;
	kept->conn = NULL;
	kept->settings = (struct pg_settings){0};
	kept_free(kept);
	return true;
}

void pg_kept_drop(struct pg_call *pg)
{
	struct kept *kept;

	keep_drop(pg->call->loop, &pg_kind, pg->key);
	while ((kept = find_cleaning(pg)))
		kept_free(kept);
}

struct keep_birth pg_kept_birth(struct loop *loop)
{
	return keep_birth(loop, &pg_kind);
}

void pg_kept_note_closed(struct loop *loop)
{
	last_closed.loop = loop;
	last_closed.at = loop_now(loop);
}

bool pg_kept_closed_within(struct loop *loop, msec span)
{
	return last_closed.loop == loop && loop_now(loop) - last_closed.at <= span;
}

bool pg_kept_in_use(const struct pg_call *pg)
{
	return holders > pg->holds;
}

void pg_kept_hold(struct pg_call *pg, bool hold)
{
	if (hold && !pg->holds)
		holders++;
	else if (!hold && pg->holds)
		holders--;
	pg->holds = hold;
}

size_t pg_kept_held(const struct pg_call *pg)
{
	size_t held = keep_count(pg->call->loop, &pg_kind) + holders - pg->holds;

	for (const struct kept *kept = cleaning; kept; kept = kept->next)
		held++;
	return held;
}

void pg_kept_close(struct loop *loop)
{
	keep_close(loop, &pg_kind);
}
