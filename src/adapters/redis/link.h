/*
 * A connection to Redis: hiredis on the loop, with the ceilings of limit.c. One that has served its call is kept for the
 * next one (keep.h).
 *
 * The functions of struct redis_link_user are called from inside hiredis: they may send, but neither close nor give the
 * link.
 */
#ifndef FSOPS_REDIS_LINK_H
#define FSOPS_REDIS_LINK_H

#include "redis.h"

struct redis_link;

struct redis_link_user {
	void (*connected)(void *ctx);
	void (*replied)(void *ctx, const redisReply *reply);
	/* WHY: hiredis' word for it, or "". OVER: a ceiling was reached. */
	void (*broke)(void *ctx, const char *why, bool over);
	void *ctx;
};

/* Begin to connect to ADDRESS (NULL: to the socket of PLACE). *WHY is why it could not, when that is known at
 * once: NULL is returned then. */
struct redis_link *redis_link_open(struct loop *loop, const struct redis_place *place,
    const char *address, const struct redis_link_user *user, char why[ERR_TEXT_MAX]);

/* Send a command; -1: it could not be. */
int redis_link_send(struct redis_link *link, const char *const *words, size_t count);

/* Close it; nothing of it is called any more. NULL is allowed. Not from inside hiredis. */
void redis_link_close(struct redis_link *link);

/* Keep it under KEY for the next one, or close it. Every reply must have come. Not from inside hiredis. */
void redis_link_give(struct redis_link *link, const char *key);
/* A kept one, or NULL. */
struct redis_link *redis_link_take(
    struct loop *loop, const char *key, const struct redis_link_user *user);
/* Close those of KEY that lie idle: the next one is to be a new one. */
void redis_link_drop(struct loop *loop, const char *key);
/* Close those that lie idle: the server is short of them. How many there were. */
size_t redis_link_spare(struct loop *loop);

#endif
