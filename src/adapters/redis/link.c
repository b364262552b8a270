/* Connections to Redis. Invariant: nothing of the user is called once the link is closed or given: before the connection
 * is freed its `data` is cleared, which every callback of hiredis looks at first. */
#include "link.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/keep.h"
#include "fsops/mem.h"

struct redis_link {
	struct loop *loop;
	redisAsyncContext *ac; /* NULL: hiredis has freed it by itself */
	struct redis_limit limit;
	struct loop_watch *watch; /* NULL while it lies idle */
	int events;
	struct redis_link_user user;
	struct keep_birth birth;
};

static void broke(struct redis_link *link, const char *why)
{
	link->user.broke(link->user.ctx, why, link->limit.over);
}

/* --- hiredis on the loop --- */

static void on_ready(void *ctx, int fd, int ready)
{
	struct redis_link *link = ctx;

	(void)fd;
	if (ready & LOOP_READ)
		redisAsyncHandleRead(link->ac);
	if (link->ac && redis_limit_full(&link->limit, link->ac->c.reader))
		broke(link, "");
	else if (link->ac && (ready & LOOP_WRITE))
		redisAsyncHandleWrite(link->ac);
}

static void set_events(struct redis_link *link, int events)
{
	if (!link->ac || events == link->events)
		return;
	link->events = events;
	if (!link->watch)
		link->watch = loop_watch(link->loop, link->ac->c.fd, events, on_ready, link);
	else
		loop_watch_set(link->watch, events);
}

static void ev_add_read(void *ctx)
{
	set_events(ctx, ((struct redis_link *)ctx)->events | LOOP_READ);
}

static void ev_del_read(void *ctx)
{
	set_events(ctx, ((struct redis_link *)ctx)->events & ~LOOP_READ);
}

static void ev_add_write(void *ctx)
{
	set_events(ctx, ((struct redis_link *)ctx)->events | LOOP_WRITE);
}

static void ev_del_write(void *ctx)
{
	set_events(ctx, ((struct redis_link *)ctx)->events & ~LOOP_WRITE);
}

static void stop_watching(struct redis_link *link)
{
	loop_unwatch(link->watch);
	link->watch = NULL;
	link->events = 0;
}

/* hiredis frees the connection by itself. */
static void ev_cleanup(void *ctx)
{
	struct redis_link *link = ctx;

	stop_watching(link);
	link->ac = NULL;
}

static void on_connect(const redisAsyncContext *ac, int status)
{
	struct redis_link *link = ac->data;

	if (!link)
		return;
	if (status != REDIS_OK)
		broke(link, ac->c.errstr);
	else
		link->user.connected(link->user.ctx);
}

static void on_disconnect(const redisAsyncContext *ac, int status)
{
	struct redis_link *link = ac->data;

	(void)status;
	if (link)
		broke(link, ac->errstr ? ac->errstr : "");
}

static void on_reply(redisAsyncContext *ac, void *reply, void *unused)
{
	struct redis_link *link = ac->data;

	(void)unused;
	if (link && reply)
		link->user.replied(link->user.ctx, reply);
	else if (link)
		broke(link, ac->errstr ? ac->errstr : "");
}

/* --- open, send, close --- */

static void close_kept(void *thing)
{
	redis_link_close(thing);
}

static const struct keep_kind redis_kind = {"redis", close_kept, true};

static void bind_to_loop(struct redis_link *link)
{
	redisAsyncContext *ac = link->ac;

	/* hiredis opens its sockets without close-on-exec. */
	fcntl(ac->c.fd, F_SETFD, FD_CLOEXEC);
	ac->data = link;
	ac->ev.data = link;
	ac->ev.addRead = ev_add_read;
	ac->ev.delRead = ev_del_read;
	ac->ev.addWrite = ev_add_write;
	ac->ev.delWrite = ev_del_write;
	ac->ev.cleanup = ev_cleanup;
	redis_limit_reader(&link->limit, ac->c.reader);
	redisAsyncSetDisconnectCallback(ac, on_disconnect);
	redisAsyncSetConnectCallback(ac, on_connect);
}

struct redis_link *redis_link_open(struct loop *loop, const struct redis_place *place,
    const char *address, const struct redis_link_user *user, char why[ERR_TEXT_MAX])
{
	struct redis_link *link = mem_alloc(sizeof(*link));

	redis_choose_memory();
	*link = (struct redis_link){
	    .loop = loop, .user = *user, .birth = keep_birth(loop, &redis_kind)};
	link->ac = address ? redisAsyncConnect(address, place->port)
	                   : redisAsyncConnectUnix(place->socket);
	if (link->ac && !link->ac->err) {
		bind_to_loop(link);
		return link;
	}
	snprintf(why, ERR_TEXT_MAX, "%s", link->ac ? link->ac->errstr : "out of memory");
	redis_link_close(link);
	return NULL;
}

int redis_link_send(struct redis_link *link, const char *const *words, size_t count)
{
	size_t *lengths = mem_alloc((count + 1) * sizeof(*lengths));
	int sent;

	for (size_t i = 0; i < count; i++)
		lengths[i] = strlen(words[i]);
	link->limit.sent++;
	sent = link->ac ? redisAsyncCommandArgv(
	                      link->ac, on_reply, NULL, (int)count, (const char **)words, lengths)
	                : REDIS_ERR;
	free(lengths);
	return sent == REDIS_OK ? 0 : -1;
}

void redis_link_close(struct redis_link *link)
{
	redisAsyncContext *ac = link ? link->ac : NULL;

	if (!link)
		return;
	stop_watching(link);
	if (ac) {
		ac->data = NULL;
		memset(&ac->ev, 0, sizeof(ac->ev));
		redisAsyncFree(ac);
	}
	free(link);
}

/* --- kept --- */

void redis_link_give(struct redis_link *link, const char *key)
{
	if (!link->ac || link->limit.over || link->limit.replies != link->limit.sent) {
		redis_link_close(link);
		return;
	}
	stop_watching(link);
	keep_give(link->loop, &redis_kind, key, link, link->ac->c.fd, link->birth);
}

struct redis_link *redis_link_take(
    struct loop *loop, const char *key, const struct redis_link_user *user)
{
	struct redis_link *link = keep_take(loop, &redis_kind, key);

	if (!link)
		return NULL;
	link->user = *user;
	set_events(link, LOOP_READ);
	return link;
}

void redis_link_drop(struct loop *loop, const char *key)
{
	keep_drop(loop, &redis_kind, key);
}

size_t redis_link_spare(struct loop *loop)
{
	return keep_close(loop, &redis_kind);
}
