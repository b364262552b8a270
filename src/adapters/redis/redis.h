/*
 * What the files of the redis adapter share.
 *
 *	redis.c   the table entry: parse, effect, describe
 *	effect.c  what each command does, and those that can't be used
 *	place.c   the target's URL
 *	link.c    a connection: hiredis on the loop, kept from one call to the next
 *	run.c     a call: a kept connection, or resolve, connect, AUTH, SELECT; the command
 *	limit.c   ceilings while a reply is read
 *	reply.c   replies: as JSON, for people, INFO as a map
 *	fail.c    errors as sentences
 */
#ifndef FSOPS_REDIS_H
#define FSOPS_REDIS_H

#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "fsops/adapter.h"
#include "fsops/buf.h"
#include "fsops/clock.h"
#include "fsops/err.h"

/* The most that one reply may weigh: its bytes, and REDIS_ITEM_WEIGHT for each item. */
#define REDIS_REPLY_MAX   ((size_t)16 * 1024 * 1024)
#define REDIS_ITEM_WEIGHT 64

/* How long one address may take to answer the connection request. */
#define REDIS_CONNECT_MAX ((msec)10000)

/* How long a kept connection may take to say that it is alive. */
#define REDIS_LOOK_MAX ((msec)2000)

/* --- effect.c --- */

/* WORDS: an array of texts, `${…}` may still be in them. */
enum effect redis_effect(const json_t *words);

/* Is the connection as it was when it has run? A command that is not known well is not trusted to. */
bool redis_leaves_nothing(const json_t *words);

/* Can the command be used at all? Errors say why not. */
int redis_check(const json_t *words, struct err *err);

/* --- memory.c --- */

/* Before the first connection: memory that cannot be had is a clear end in hiredis, too. */
void redis_choose_memory(void);

/* --- place.c --- */

struct redis_place {
	char *host;   /* NULL: a socket */
	char *socket; /* a path, or NULL */
	char *user;   /* or NULL */
	int port;
	int db;
};

/* From redis://[user@]host[:port][/db], unix:///path[?db=N] or /path. */
int redis_place_parse(struct redis_place *place, const char *url, struct err *err);
/* From a target: its URL, and over it the `hostaddr` and `port` of a tunnel. */
int redis_place_init(struct redis_place *place, const json_t *target, struct err *err);
/* adapter.h's place(). */
bool redis_place_of(const json_t *args, const json_t *target, char **host, char **port);
void redis_place_release(struct redis_place *place);
/* "host:port" or the socket's path. */
void redis_place_show(const struct redis_place *place, struct buf *out);

/* FSOPS_REDIS_PASSWORD, else REDISCLI_AUTH (redis-cli's own), else NULL. */
const char *redis_password(void);

/* --- limit.c --- */

struct redis_limit {
	redisReplyObjectFunctions makers; /* hiredis' own, with our ceilings before them */
	size_t weight;                    /* of the reply that is being read */
	size_t sent;                      /* commands; the caller counts them */
	size_t replies;                   /* that have begun */
	bool over;                        /* a ceiling was reached: the reply is lost */
};

/* Put the ceilings into READER; LIMIT must live as long. */
void redis_limit_reader(struct redis_limit *limit, redisReader *reader);
/* The same for one text, which the reader holds until it is whole. */
bool redis_limit_full(struct redis_limit *limit, const redisReader *reader);

/* --- reply.c --- */

/* A new reference. */
json_t *redis_reply_value(const redisReply *reply);
/* As redis-cli prints it. */
void redis_reply_print(const redisReply *reply, struct buf *out);
/* The text of an INFO reply as a map; numbers are numbers, "a=1,b=2" is a map. A new reference. */
json_t *redis_info(const char *text);

/* --- fail.c --- */

/* An error reply as a sentence. */
void redis_fail_reply(const struct redis_place *place, const char *reply, struct err *err);
/* The reply is over REDIS_REPLY_MAX. */
void redis_fail_large(const struct redis_place *place, struct err *err);
/* What hiredis says of a connection that could not be made, or that broke. */
void redis_fail_connect(const struct redis_place *place, const char *why, struct err *err);
void redis_fail_lost(
    const struct redis_place *place, const char *why, bool change, struct err *err);

/* --- run.c --- */

void redis_start(struct call *call);
void redis_cancel(struct call *call);
void redis_release(struct call *call);

#endif
