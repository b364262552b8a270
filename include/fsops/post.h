/*
 * The post office: delivers messages to channels, on the loop, beside whatever else goes on there.
 *
 *	struct post *post = post_new(loop, &names, on_told, me);
 *	post_send(post, channel, message, NULL, NULL);
 *	… on_told() once for each message, from the loop, delivered or not
 *	post_close(post);             // what waits is tried soon; post_idle() says when nothing does
 *	post_free(post);
 *
 * Messages of one channel go out in their order, one after another. What fails and may work later is
 * tried again, after pauses that double.
 */
#ifndef FSOPS_POST_H
#define FSOPS_POST_H

#include <jansson.h>
#include <stdbool.h>

#include "fsops/channel.h"
#include "fsops/loop.h"

/* So often a message is tried, … */
#define POST_ATTEMPTS_MAX 8
/* … with pauses that double from the first to the longest: two minutes in all. */
#define POST_PAUSE_FIRST ((msec)1000)
#define POST_PAUSE_MAX   ((msec)60 * 1000)
/* So many of one channel wait; what comes then is not sent. */
#define POST_WAITING_MAX 100

/* What became of a message: {"channel", "kind", "about" (message.event), "action", "delivered",
 * "attempts", "seconds", "why"}: the fields of the event `notification`; borrowed, not masked. */
typedef void post_told_fn(void *ctx, const json_t *fact);

/* The same for one message: WHY is NULL when it was delivered. */
typedef void post_done_fn(void *ctx, const char *why);

struct post;
struct post_item;

/* NAMES is copied; what it points to must outlive the post. */
struct post *post_new(
    struct loop *loop, const struct channel_names *names, post_told_fn *told, void *ctx);
/* Nothing of what still waits is told. NULL is allowed. */
void post_free(struct post *post);

/* MESSAGE (a reference is kept) to CHANNEL. DONE may be NULL; told from the loop, after TOLD. NULL when
 * too many wait already: TOLD is told of it later, DONE is not. */
struct post_item *post_send(struct post *post, const struct channel *channel, json_t *message,
    post_done_fn *done, void *ctx);
/* Why it has not been delivered so far; NULL: no attempt has ended. Borrowed until the next one ends. */
const char *post_why(const struct post_item *item);
/* Nobody waits for it any more: DONE is not told, but it is delivered as before. */
void post_leave(struct post_item *item);
/* Give one up that is not done; TOLD is told, DONE is not. */
void post_withdraw(struct post_item *item);

/* The end is near: pauses are short from now on, and one that fails makes way for those behind it. */
void post_close(struct post *post);
bool post_idle(const struct post *post);
/* Give up everything that waits, because of WHY; told of it each. */
void post_give_up(struct post *post, const char *why);

#endif
