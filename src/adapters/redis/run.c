/*
 * One call to Redis on the loop: a kept connection, or resolve → connect → AUTH → SELECT; then the command.
 *
 * Invariant: nothing of the engine is called from inside hiredis. What comes from there is only noted, and a timer of 0
 * ms set (`later`); the link is closed or given and the engine told from there. A call begins again at most once,
 * with a new connection, and only when its command can't have run: before it was sent, or when it is a read.
 */
#include "redis.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "fsops/mem.h"
#include "fsops/value.h"
#include "fsops/work.h"

#include "link.h"

/* STAGE_LOOK: is the kept connection alive? The command is sent with the question. */
enum stage { STAGE_RESOLVE, STAGE_CONNECT, STAGE_LOOK, STAGE_AUTH, STAGE_SELECT, STAGE_COMMAND };

struct redis_call {
	struct call *call;
	char *key; /* of the connection: where it leads to, and as whom */
	struct redis_place place;
	enum stage stage;
	struct resolve *resolve;
	char **addresses; /* to try, in order */
	size_t count;
	size_t next;
	struct redis_link *link;
	bool reused;   /* it is a kept one: when it breaks, it may have been closed long ago */
	char word[33]; /* STAGE_LOOK: what only the reply to this very look can say */
	bool spared;   /* the server was short of clients, and idle ones of ours were closed */
	struct loop_timer *timer; /* of the connection attempt */
	struct loop_timer *later; /* something has ended: look at it outside of hiredis */
	struct err failure;       /* kind ERR_NONE: none */
	bool over_again;          /* begin again with a new connection */
	json_t *result;
	char *unexpected;
	struct buf output;
};

static void connect_first(struct redis_call *rc);
static void connect_next(struct redis_call *rc);
static void send_next(struct redis_call *rc);

/* --- ends --- */

static bool is_read(const struct redis_call *rc)
{
	return rc->call->effect == EFFECT_READ;
}

/* Let go of the connection. Only outside of hiredis. */
static void drop(struct redis_call *rc, bool keep)
{
	struct redis_link *link = rc->link;

	loop_cancel(rc->timer);
	rc->timer = NULL;
	rc->link = NULL;
	if (link && keep)
		redis_link_give(link, rc->key);
	else
		redis_link_close(link);
}

static void start_over(struct redis_call *rc)
{
	rc->over_again = rc->reused = false;
	rc->failure = (struct err){0};
	connect_first(rc);
}

static void finish(void *ctx)
{
	struct redis_call *rc = ctx;
	struct call *call = rc->call;
	struct err failure = rc->failure;
	char unexpected[ERR_TEXT_MAX];
	json_t *result = rc->result;

	rc->later = NULL;
	drop(rc, failure.kind == ERR_NONE && !rc->over_again && is_read(rc) &&
	             redis_leaves_nothing(json_object_get(call->args, "words")));
	if (rc->over_again) {
		start_over(rc);
		return;
	}
	if (failure.kind != ERR_NONE && rc->stage == STAGE_CONNECT && rc->next < rc->count) {
		connect_next(rc);
		return;
	}
	if (failure.kind != ERR_NONE) {
		call_fail(call, failure.kind, "%s", failure.text);
		return;
	}
	assert(result);
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

static void settle_again(struct redis_call *rc)
{
	if (rc->later)
		return;
	rc->over_again = true;
	settle(rc);
}

/* The connection broke, or was never made; WHY is hiredis' word for it. */
static void broke(void *ctx, const char *why, bool over)
{
	struct redis_call *rc = ctx;
	struct err err;

	if (rc->reused && !rc->later && !over && (rc->stage < STAGE_COMMAND || is_read(rc))) {
		settle_again(rc);
		return;
	}
	if (over)
		redis_fail_large(&rc->place, &err);
	else if (rc->stage <= STAGE_CONNECT)
		redis_fail_connect(&rc->place, why, &err);
	else
		redis_fail_lost(&rc->place, *why ? why : "the server closed the connection",
		    rc->stage == STAGE_COMMAND && !is_read(rc), &err);
	settle_failure(rc, &err);
}

/* --- connect --- */

static void connected(void *ctx)
{
	struct redis_call *rc = ctx;

	loop_cancel(rc->timer);
	rc->timer = NULL;
	send_next(rc);
}

static void on_connect_time(void *ctx)
{
	struct redis_call *rc = ctx;

	rc->timer = NULL;
	broke(rc, "no answer within 10 s", false);
}

static void replied(void *ctx, const redisReply *reply);
static void send_command(struct redis_call *rc);

static struct redis_link_user user_of(struct redis_call *rc)
{
	return (struct redis_link_user){connected, replied, broke, rc};
}

static void connect_next(struct redis_call *rc)
{
	const char *address = rc->place.socket ? NULL : rc->addresses[rc->next++];
	struct redis_link_user user = user_of(rc);
	char why[ERR_TEXT_MAX];

	rc->stage = STAGE_CONNECT;
	rc->failure = (struct err){0};
	rc->link = redis_link_open(rc->call->loop, &rc->place, address, &user, why);
	if (!rc->link)
		broke(rc, why, false);
	else
		rc->timer = loop_deadline(rc->call->loop, REDIS_CONNECT_MAX, on_connect_time, rc);
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

/* It has refused this connection, and so the command did not run. Those of ours that lie idle are in the way. */
static bool is_short(struct redis_call *rc, const redisReply *reply)
{
	static const char full[] = "ERR max number of clients";

	if (rc->spared || reply->type != REDIS_REPLY_ERROR ||
	    strncmp(reply->str, full, sizeof(full) - 1) != 0)
		return false;
	rc->spared = true;
	return redis_link_spare(rc->call->loop) > 0;
}

/* Any other reply was meant for who had the connection before: all that follow would be off by one. */
static bool is_echo(const struct redis_call *rc, const redisReply *reply)
{
	return reply->type == REDIS_REPLY_STRING && strcmp(reply->str, rc->word) == 0;
}

static void replied(void *ctx, const redisReply *reply)
{
	struct redis_call *rc = ctx;
	struct err err;

	if (rc->later)
		return;
	if (is_short(rc, reply)) {
		settle_again(rc);
	} else if (rc->stage == STAGE_COMMAND) {
		keep(rc, reply);
	} else if (rc->stage == STAGE_LOOK && !is_echo(rc, reply)) {
		settle_again(rc);
	} else if (rc->stage == STAGE_LOOK) {
		loop_cancel(rc->timer);
		rc->timer = NULL;
		rc->stage = STAGE_COMMAND;
	} else if (reply->type == REDIS_REPLY_ERROR) {
		redis_fail_reply(&rc->place, reply->str, &err);
		settle_failure(rc, &err);
	} else {
		send_next(rc);
	}
}

static void send_words(struct redis_call *rc, const char *const *words, size_t count)
{
	if (redis_link_send(rc->link, words, count) < 0)
		broke(rc, "the command could not be sent", false);
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
		rc->next = 0;
		connect_next(rc);
	} else {
		struct err err;
		char *text = mem_printf("unknown host: %s", why ? why : "it has no address");

		redis_fail_connect(&rc->place, text, &err);
		free(text);
		settle_failure(rc, &err);
	}
}

static void forget_addresses(struct redis_call *rc)
{
	for (size_t i = 0; i < rc->count; i++)
		free(rc->addresses[i]);
	free(rc->addresses);
	rc->addresses = NULL;
	rc->count = rc->next = 0;
}

static void connect_first(struct redis_call *rc)
{
	rc->stage = STAGE_RESOLVE;
	forget_addresses(rc);
	if (rc->place.socket)
		connect_next(rc);
	else
		rc->resolve = resolve_start(rc->call->loop, rc->place.host, on_resolved, rc);
}

/* --- a kept connection --- */

/* Whatever leads to another connection. The password is the environment's: the same for all of a run. */
static char *key_of(const struct redis_place *place)
{
	return mem_printf("%s\n%s\n%d\n%d\n%s", place->socket ? place->socket : "",
	    place->host ? place->host : "", place->port, place->db, place->user ? place->user : "");
}

static void on_look_time(void *ctx)
{
	struct redis_call *rc = ctx;

	rc->timer = NULL;
	settle_again(rc);
}

/* -1: there is none to be had. */
static int make_word(struct redis_call *rc)
{
	uint64_t random[2];

	if (getentropy(random, sizeof(random)) < 0)
		return -1;
	snprintf(rc->word, sizeof(rc->word), "%016" PRIx64 "%016" PRIx64, random[0], random[1]);
	return 0;
}

/* A read alone uses a kept one. What lies between may have dropped it without a word, or a reply may be on its way
 * that nobody waits for: a PING tells so in time. The command goes with it, one way for both: should it run and its
 * reply be lost, it is asked again. */
static bool reuse(struct redis_call *rc)
{
	const char *const ping[] = {"PING", rc->word};
	struct redis_link_user user = user_of(rc);

	if (rc->call->fresh)
		redis_link_drop(rc->call->loop, rc->key);
	if (is_read(rc) && make_word(rc) == 0)
		rc->link = redis_link_take(rc->call->loop, rc->key, &user);
	if (!rc->link)
		return false;
	rc->reused = true;
	rc->stage = STAGE_LOOK;
	rc->timer = loop_deadline(rc->call->loop, REDIS_LOOK_MAX, on_look_time, rc);
	send_words(rc, ping, COUNT_OF(ping));
	send_command(rc);
	return true;
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
	rc->key = key_of(&place);
	buf_init(&rc->output, REDIS_REPLY_MAX * 5);
	call->state = rc;
	if (!reuse(rc))
		connect_first(rc);
}

static void stop(struct redis_call *rc)
{
	if (rc->resolve)
		resolve_cancel(rc->resolve);
	rc->resolve = NULL;
	loop_cancel(rc->later);
	rc->later = NULL;
	drop(rc, false);
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
	forget_addresses(rc);
	free(rc->key);
	json_decref(rc->result);
	free(rc->unexpected);
	buf_release(&rc->output);
	free(rc);
	call->state = NULL;
}
