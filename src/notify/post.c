/* Delivers messages to channels. Invariants: of each channel at most one message is under way, and
 * each message is told of once, from the loop, or never after post_free(). */
#include "fsops/post.h"

#include <stdlib.h>
#include <string.h>

#include "fsops/delivery.h"
#include "fsops/mem.h"
#include "fsops/value.h"

/* The longest pause once the end is near. */
#define PAUSE_AT_END ((msec)1000)

struct queue;

struct post_item {
	struct queue *queue;
	struct post_item *next;
	json_t *message;
	int attempts;
	char *why; /* of the last attempt, which is not the last of all; or NULL */
	msec began;
	post_done_fn *done;
	void *ctx;
};

struct queue {
	struct post *post;
	struct queue *next;
	const struct channel *channel;
	struct post_item *first; /* the one under way, or that is tried next */
	size_t count;
	size_t dropped; /* not sent because too many waited; not told yet */
	struct delivery *delivery;
	struct loop_timer *timer; /* until the next attempt */
};

struct post {
	struct loop *loop;
	struct channel_names names;
	post_told_fn *told;
	void *ctx;
	struct queue *queues;
	bool closing;
};

static void attempt(void *ctx);

struct post *post_new(
    struct loop *loop, const struct channel_names *names, post_told_fn *told, void *ctx)
{
	struct post *post = mem_alloc(sizeof(*post));

	*post = (struct post){.loop = loop, .names = *names, .told = told, .ctx = ctx};
	return post;
}

static void item_free(struct post_item *item)
{
	json_decref(item->message);
	free(item->why);
	free(item);
}

static void queue_free(struct queue *queue)
{
	while (queue->first) {
		struct post_item *item = queue->first;

		queue->first = item->next;
		item_free(item);
	}
	delivery_cancel(queue->delivery);
	loop_cancel(queue->timer);
	free(queue);
}

void post_free(struct post *post)
{
	if (!post)
		return;
	while (post->queues) {
		struct queue *queue = post->queues;

		post->queues = queue->next;
		queue_free(queue);
	}
	free(post);
}

bool post_idle(const struct post *post)
{
	for (const struct queue *queue = post->queues; queue; queue = queue->next)
		if (queue->first)
			return false;
	return true;
}

static void schedule(struct queue *queue, msec pause)
{
	if (queue->first && !queue->delivery && !queue->timer)
		queue->timer = loop_after(queue->post->loop, pause, attempt, queue);
}

/* ---- the end of a message ---- */

static json_t *fact_of(const struct post_item *item, const char *why)
{
	const struct queue *queue = item->queue;
	json_t *fact = json_pack("{s:s, s:s, s:s?, s:s?, s:b, s:i, s:f}", "channel",
	    queue->channel->name, "kind", queue->channel->kind->name, "about",
	    value_get_text(item->message, "event"), "action",
	    value_get_text(item->message, "action"), "delivered", !why, "attempts", item->attempts,
	    "seconds", (double)(loop_now(queue->post->loop) - item->began) / 1000);

	if (why)
		json_object_set_new(fact, "why", value_text(why, strlen(why)));
	return fact;
}

static void tell_dropped(struct queue *queue)
{
	char *why;
	json_t *fact;

	if (!queue->dropped)
		return;
	why = mem_printf("channel '%s': %zu messages were not sent, because %d waited already",
	    queue->channel->name, queue->dropped, POST_WAITING_MAX);
	fact = json_pack("{s:s, s:s, s:b, s:i, s:s}", "channel", queue->channel->name, "kind",
	    queue->channel->kind->name, "delivered", 0, "attempts", 0, "why", why);
	queue->dropped = 0;
	queue->post->told(queue->post->ctx, fact);
	json_decref(fact);
	free(why);
}

static void take_out(struct post_item *item)
{
	struct post_item **link = &item->queue->first;

	while (*link != item)
		link = &(*link)->next;
	*link = item->next;
	item->queue->count--;
}

/* WHY: NULL when it was delivered. */
static void end_item(struct post_item *item, const char *why)
{
	struct queue *queue = item->queue;
	struct post *post = queue->post;
	json_t *fact = fact_of(item, why);

	take_out(item);
	post->told(post->ctx, fact);
	tell_dropped(queue);
	if (item->done)
		item->done(item->ctx, why);
	item_free(item);
	json_decref(fact);
	schedule(queue, 0);
}

/* ---- attempts ---- */

static msec pause_after(const struct post_item *item, msec asked)
{
	msec pause = POST_PAUSE_FIRST;

	for (int i = 1; i < item->attempts && pause < POST_PAUSE_MAX; i++)
		pause *= 2;
	if (pause > POST_PAUSE_MAX)
		pause = POST_PAUSE_MAX;
	if (item->queue->post->closing)
		return pause < PAUSE_AT_END ? pause : PAUSE_AT_END;
	return pause > asked ? pause : asked;
}

static bool is_worth_another(const struct post_item *item)
{
	return item->attempts < POST_ATTEMPTS_MAX && !(item->queue->post->closing && item->next);
}

static void try_again(struct queue *queue, struct post_item *item, const struct delivery_end *end)
{
	free(item->why);
	item->why = mem_text(end->why);
	schedule(queue, pause_after(item, end->after));
}

const char *post_why(const struct post_item *item)
{
	return item->why;
}

static void on_end(void *ctx, const struct delivery_end *end)
{
	struct queue *queue = ctx;
	struct post_item *item = queue->first;

	queue->delivery = NULL;
	if (!end->delivered && end->again && is_worth_another(item))
		try_again(queue, item, end);
	else
		end_item(item, end->delivered ? NULL : end->why);
}

static void attempt(void *ctx)
{
	struct queue *queue = ctx;
	struct post_item *item = queue->first;
	char *what = mem_printf("channel '%s'", queue->channel->name);
	json_t *letter;
	struct err err;

	queue->timer = NULL;
	letter = channel_letter(&queue->post->names, queue->channel, item->message, &err);
	item->attempts += letter ? 1 : 0;
	if (letter)
		queue->delivery = delivery_start(queue->post->loop, what, letter, on_end, queue);
	else
		err_prefix(&err, "%s", what);
	json_decref(letter);
	free(what);
	if (!queue->delivery)
		end_item(item, err.text);
}

/* ---- sending ---- */

static struct queue *queue_of(struct post *post, const struct channel *channel)
{
	struct queue *queue = post->queues;

	while (queue && queue->channel != channel)
		queue = queue->next;
	if (queue)
		return queue;
	queue = mem_alloc(sizeof(*queue));
	*queue = (struct queue){.post = post, .next = post->queues, .channel = channel};
	post->queues = queue;
	return queue;
}

struct post_item *post_send(struct post *post, const struct channel *channel, json_t *message,
    post_done_fn *done, void *ctx)
{
	struct queue *queue = queue_of(post, channel);
	struct post_item **link = &queue->first;
	struct post_item *item;

	if (queue->count >= POST_WAITING_MAX) {
		queue->dropped++;
		return NULL;
	}
	item = mem_alloc(sizeof(*item));
	*item = (struct post_item){.queue = queue,
	    .message = json_incref(message),
	    .began = loop_now(post->loop),
	    .done = done,
	    .ctx = ctx};
	while (*link)
		link = &(*link)->next;
	*link = item;
	queue->count++;
	schedule(queue, 0);
	return item;
}

/* End ITEM, whatever is under way for it: a server may have taken it already, and still be answering. */
static void give_up(struct post_item *item, const char *because)
{
	struct queue *queue = item->queue;
	char *why = mem_printf("channel '%s': %s", queue->channel->name, because);
	bool taken = queue->first == item && delivery_is_taken(queue->delivery);

	if (queue->first == item) {
		delivery_cancel(queue->delivery);
		loop_cancel(queue->timer);
		queue->delivery = NULL;
		queue->timer = NULL;
	}
	end_item(item, taken ? NULL : why);
	free(why);
}

void post_leave(struct post_item *item)
{
	item->done = NULL;
}

void post_withdraw(struct post_item *item)
{
	item->done = NULL;
	give_up(item, "given up: the action was ended");
}

void post_close(struct post *post)
{
	post->closing = true;
	for (struct queue *queue = post->queues; queue; queue = queue->next) {
		loop_cancel(queue->timer);
		queue->timer = NULL;
		schedule(queue, 0);
	}
}

void post_give_up(struct post *post, const char *why)
{
	for (struct queue *queue = post->queues; queue; queue = queue->next)
		while (queue->first)
			give_up(queue->first, why);
}
