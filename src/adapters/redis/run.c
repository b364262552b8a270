/*
 * One call to Redis on the loop: resolve → connect → AUTH → SELECT → the command.
 *
 * Invariant: nothing of the engine is called from inside hiredis. Its callbacks only note what
 * happened and set a timer of 0 ms (`later`); the connection is freed and the engine told from
 * there. So hiredis never frees what it still uses, and a call that is released is never called back:
 * before the connection is freed its `data` is cleared, which every callback looks at first.
 */
#include "redis.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/value.h"
#include "fsops/work.h"

enum stage { STAGE_RESOLVE, STAGE_CONNECT, STAGE_AUTH, STAGE_SELECT, STAGE_COMMAND };

struct redis_call {
	struct call *call;
	struct redis_place place;
	enum stage stage;
	struct resolve *resolve;
	char **addresses; /* to try, in order */
	size_t count;
	size_t next;
	redisAsyncContext *ac;
	struct redis_limit limit;
	struct loop_watch *watch;
	int events;
	struct loop_timer *timer; /* of the connection attempt */
	struct loop_timer *later; /* something has ended: look at it outside of hiredis */
	struct err failure;       /* kind ERR_NONE: none */
	json_t *result;
	char *unexpected;
	struct buf output;
};

static void connect_next(struct redis_call *rc);
static void send_next(struct redis_call *rc);

/* --- ends --- */

/* Free the connection so that nothing of it calls back. Only outside of hiredis. */
static void drop(struct redis_call *rc)
{
	redisAsyncContext *ac = rc->ac;

	loop_unwatch(rc->watch);
	rc->watch = NULL;
	rc->events = 0;
	loop_cancel(rc->timer);
	rc->timer = NULL;
	rc->ac = NULL;
	if (!ac)
		return;
	ac->data = NULL;
	memset(&ac->ev, 0, sizeof(ac->ev));
	redisAsyncFree(ac);
}

static void finish(void *ctx)
{
	struct redis_call *rc = ctx;
	struct call *call = rc->call;
	struct err failure = rc->failure;
	char unexpected[ERR_TEXT_MAX];
	json_t *result = rc->result;

	rc->later = NULL;
	drop(rc);
	if (failure.kind != ERR_NONE && rc->stage == STAGE_CONNECT && rc->next < rc->count) {
		connect_next(rc);
		return;
	}
	if (failure.kind != ERR_NONE) {
		call_fail(call, failure.kind, "%s", failure.text);
		return;
	}
	rc->result = NULL;
	if (rc->output.len)
		call_output(call, CHILD_STDOUT, rc->output.data, rc->output.len);
	err_set(&failure, ERR_REMOTE, "%s", rc->unexpected ? rc->unexpected : "");
	memcpy(unexpected, failure.text, sizeof(unexpected));
	call_done(call, result /* transferred */, unexpected[0] ? unexpected : NULL);
}

/* What is noted first counts. */
static void settle(struct redis_call *rc)
{
	if (!rc->later)
		rc->later = loop_after(rc->call->loop, 0, finish, rc);
}

static void settle_failure(struct redis_call *rc, const struct err *why)
{
	if (rc->later)
		return;
	rc->failure = *why;
	settle(rc);
}

/* The connection broke, or was never made; WHY is hiredis' word for it. */
static void broke(struct redis_call *rc, const char *why)
{
	struct err err;

	if (rc->limit.over)
		redis_fail_large(&rc->place, &err);
	else if (rc->stage <= STAGE_CONNECT)
		redis_fail_connect(&rc->place, why, &err);
	else
		redis_fail_lost(&rc->place, *why ? why : "the server closed the connection",
		    rc->stage == STAGE_COMMAND && rc->call->effect != EFFECT_READ, &err);
	settle_failure(rc, &err);
}

/* --- hiredis on the loop --- */

static void on_ready(void *ctx, int fd, int ready)
{
	struct redis_call *rc = ctx;

	(void)fd;
	if (ready & LOOP_READ)
		redisAsyncHandleRead(rc->ac);
	if (rc->ac && redis_limit_full(&rc->limit, rc->ac->c.reader))
		broke(rc, "");
	if (rc->ac && !rc->later && (ready & LOOP_WRITE))
		redisAsyncHandleWrite(rc->ac);
}

static void set_events(struct redis_call *rc, int events)
{
	if (!rc->ac || events == rc->events)
		return;
	rc->events = events;
	if (!rc->watch)
		rc->watch = loop_watch(rc->call->loop, rc->ac->c.fd, events, on_ready, rc);
	else
		loop_watch_set(rc->watch, events);
}

static void ev_add_read(void *ctx)
{
	set_events(ctx, ((struct redis_call *)ctx)->events | LOOP_READ);
}

static void ev_del_read(void *ctx)
{
	set_events(ctx, ((struct redis_call *)ctx)->events & ~LOOP_READ);
}

static void ev_add_write(void *ctx)
{
	set_events(ctx, ((struct redis_call *)ctx)->events | LOOP_WRITE);
}

static void ev_del_write(void *ctx)
{
	set_events(ctx, ((struct redis_call *)ctx)->events & ~LOOP_WRITE);
}

/* hiredis frees the connection by itself. */
static void ev_cleanup(void *ctx)
{
	struct redis_call *rc = ctx;

	loop_unwatch(rc->watch);
	rc->watch = NULL;
	rc->events = 0;
	rc->ac = NULL;
}

static void on_connect(const redisAsyncContext *ac, int status)
{
	struct redis_call *rc = ac->data;

	if (!rc)
		return;
	loop_cancel(rc->timer);
	rc->timer = NULL;
	if (status != REDIS_OK)
		broke(rc, ac->c.errstr);
	else
		send_next(rc);
}

static void on_disconnect(const redisAsyncContext *ac, int status)
{
	struct redis_call *rc = ac->data;

	(void)status;
	if (rc)
		broke(rc, ac->errstr ? ac->errstr : "");
}

static void on_connect_time(void *ctx)
{
	struct redis_call *rc = ctx;

	rc->timer = NULL;
	broke(rc, "no answer within 10 s");
}

static void connect_watch(struct redis_call *rc)
{
	redisAsyncContext *ac = rc->ac;

	/* hiredis opens its sockets without close-on-exec. */
	fcntl(ac->c.fd, F_SETFD, FD_CLOEXEC);
	ac->data = rc;
	ac->ev.data = rc;
	ac->ev.addRead = ev_add_read;
	ac->ev.delRead = ev_del_read;
	ac->ev.addWrite = ev_add_write;
	ac->ev.delWrite = ev_del_write;
	ac->ev.cleanup = ev_cleanup;
	redis_limit_reader(&rc->limit, ac->c.reader);
	redisAsyncSetDisconnectCallback(ac, on_disconnect);
	redisAsyncSetConnectCallback(ac, on_connect);
	rc->timer = loop_deadline(rc->call->loop, REDIS_CONNECT_MAX, on_connect_time, rc);
}

static void connect_next(struct redis_call *rc)
{
	rc->stage = STAGE_CONNECT;
	rc->failure = (struct err){0};
	redis_choose_memory();
	rc->ac = rc->place.socket ? redisAsyncConnectUnix(rc->place.socket)
	                          : redisAsyncConnect(rc->addresses[rc->next++], rc->place.port);
	if (!rc->ac)
		broke(rc, "out of memory");
	else if (rc->ac->err)
		broke(rc, rc->ac->errstr);
	else
		connect_watch(rc);
}

/* --- commands --- */

/* The first error in REPLY, which may be within: of a script, of EXEC. NULL: there is none. */
static const redisReply *error_in(const redisReply *reply)
{
	const redisReply *found = reply->type == REDIS_REPLY_ERROR ? reply : NULL;

	if (reply->type == REDIS_REPLY_ARRAY)
		for (size_t i = 0; !found && i < reply->elements; i++)
			found = error_in(reply->element[i]);
	return found;
}

/* The reply to the command itself. */
static void keep(struct redis_call *rc, const redisReply *reply)
{
	const json_t *words = json_object_get(rc->call->args, "words");
	const char *word = json_string_value(json_array_get(words, 0));
	bool info = reply->type == REDIS_REPLY_STRING && strcasecmp(word, "info") == 0;
	const redisReply *error = error_in(reply);
	struct err err;

	rc->result = json_pack("{s:o, s:o}", "reply", redis_reply_value(reply), "info",
	    info ? redis_info(reply->str) : json_null());
	redis_reply_print(reply, &rc->output);
	if (error) {
		redis_fail_reply(&rc->place, error->str, &err);
		rc->unexpected = mem_text(err.text);
	}
	settle(rc);
}

static void on_reply(redisAsyncContext *ac, void *data, void *unused)
{
	struct redis_call *rc = ac->data;
	const redisReply *reply = data;
	struct err err;

	(void)unused;
	if (!rc || rc->later)
		return;
	if (!reply) {
		broke(rc, ac->errstr ? ac->errstr : "");
	} else if (rc->stage == STAGE_COMMAND) {
		keep(rc, reply);
	} else if (reply->type == REDIS_REPLY_ERROR) {
		redis_fail_reply(&rc->place, reply->str, &err);
		settle_failure(rc, &err);
	} else {
		send_next(rc);
	}
}

static void send_words(struct redis_call *rc, const char *const *words, size_t count)
{
	size_t *lengths = mem_alloc((count + 1) * sizeof(*lengths));

	for (size_t i = 0; i < count; i++)
		lengths[i] = strlen(words[i]);
	rc->limit.sent++;
	if (redisAsyncCommandArgv(
	        rc->ac, on_reply, NULL, (int)count, (const char **)words, lengths) != REDIS_OK)
		broke(rc, "the command could not be sent");
	free(lengths);
}

static void send_auth(struct redis_call *rc, const char *password)
{
	const char *words[] = {"AUTH", rc->place.user ? rc->place.user : password, password};

	send_words(rc, words, rc->place.user ? 3 : 2);
}

static void send_select(struct redis_call *rc)
{
	char *db = mem_printf("%d", rc->place.db);
	const char *words[] = {"SELECT", db};

	send_words(rc, words, 2);
	free(db);
}

/* The words as texts; numbers and the like were filled in from variables. */
static void send_command(struct redis_call *rc)
{
	const json_t *list = json_object_get(rc->call->args, "words");
	size_t count = json_array_size(list);
	char **words = mem_alloc((count + 1) * sizeof(*words));

	for (size_t i = 0; i < count; i++)
		words[i] = value_to_text(json_array_get(list, i));
	send_words(rc, (const char *const *)words, count);
	for (size_t i = 0; i < count; i++)
		free(words[i]);
	free(words);
}

/* One after the other: the command must not run in database 0 because SELECT failed. */
static void send_next(struct redis_call *rc)
{
	const char *password = redis_password();

	if (rc->stage < STAGE_AUTH && password) {
		rc->stage = STAGE_AUTH;
		send_auth(rc, password);
	} else if (rc->stage < STAGE_SELECT && rc->place.db) {
		rc->stage = STAGE_SELECT;
		send_select(rc);
	} else {
		rc->stage = STAGE_COMMAND;
		send_command(rc);
	}
}

/* --- start, cancel, release --- */

static void on_resolved(void *ctx, const char *const *addresses, size_t count, const char *why)
{
	struct redis_call *rc = ctx;

	rc->resolve = NULL;
	rc->addresses = mem_alloc((count + 1) * sizeof(*rc->addresses));
	for (size_t i = 0; i < count; i++)
		rc->addresses[i] = mem_text(addresses[i]);
	rc->count = count;
	if (count) {
		connect_next(rc);
	} else {
		struct err err;
		char *text = mem_printf("unknown host: %s", why ? why : "it has no address");

		redis_fail_connect(&rc->place, text, &err);
		free(text);
		settle_failure(rc, &err);
	}
}

/* Nothing more than what was approved: words that were filled in are looked at again. */
static int check_again(const struct call *call, struct err *err)
{
	const json_t *words = json_object_get(call->args, "words");

	if (redis_check(words, err) < 0)
		return -1;
	if (redis_effect(words) > call->effect)
		return err_set(err, ERR_INPUT,
		    "redis: with the values filled in %s does more than was approved",
		    json_string_value(json_array_get(words, 0)));
	return 0;
}

void redis_start(struct call *call)
{
	struct redis_place place = {0};
	struct redis_call *rc;
	struct err err = {0};

	if (check_again(call, &err) < 0 || redis_place_init(&place, call->target, &err) < 0) {
		call_fail(call, err.kind, "%s", err.text);
		return;
	}
	if (place.user && !redis_password()) {
		call_fail(call, ERR_INPUT,
		    "redis: no password for the user '%s': put it into FSOPS_REDIS_PASSWORD",
		    place.user);
		redis_place_release(&place);
		return;
	}
	rc = mem_alloc(sizeof(*rc));
	rc->call = call;
	rc->place = place; /* transferred */
	buf_init(&rc->output, REDIS_REPLY_MAX * 5);
	call->state = rc;
	if (rc->place.socket)
		connect_next(rc);
	else
		rc->resolve = resolve_start(call->loop, rc->place.host, on_resolved, rc);
}

static void stop(struct redis_call *rc)
{
	if (rc->resolve)
		resolve_cancel(rc->resolve);
	rc->resolve = NULL;
	loop_cancel(rc->later);
	rc->later = NULL;
	drop(rc);
}

void redis_cancel(struct call *call)
{
	if (call->state)
		stop(call->state);
	call_gone(call);
}

void redis_release(struct call *call)
{
	struct redis_call *rc = call->state;

	if (!rc)
		return;
	stop(rc);
	redis_place_release(&rc->place);
	for (size_t i = 0; i < rc->count; i++)
		free(rc->addresses[i]);
	free(rc->addresses);
	json_decref(rc->result);
	free(rc->unexpected);
	buf_release(&rc->output);
	free(rc);
	call->state = NULL;
}
