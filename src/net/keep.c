/*
 * Keeps what nobody uses now. Invariant: each loop has one keeper at most, which ends with it; a thing in its list has
 * an idle watch when it has a descriptor, and the timer runs while there is one.
 */
#include "fsops/keep.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "fsops/mem.h"

struct kept {
	struct kept *next;
	struct keeper *keeper;
	const struct keep_kind *kind;
	char *key;
	void *thing;
	int fd;
	struct loop_watch *watch;
	msec since; /* when it was given */
	struct keep_birth birth;
};

struct keeper {
	struct keeper *next; /* another loop's */
	struct loop *loop;
	struct kept *first; /* the one that came last */
	size_t count;
	struct loop_timer *timer;
	unsigned age;    /* changes that are over */
	unsigned yields; /* changes that have begun */
};

static struct keeper *keepers;

static void keeper_end(void *ctx);

static struct keeper *keeper_of(struct loop *loop)
{
	struct keeper *keeper = keepers;

	while (keeper && keeper->loop != loop)
		keeper = keeper->next;
	if (keeper)
		return keeper;
	keeper = mem_alloc(sizeof(*keeper));
	*keeper = (struct keeper){.next = keepers, .loop = loop};
	keepers = keeper;
	loop_at_end(loop, keeper_end, keeper);
	return keeper;
}

/* Out of the list; the thing is whose it was. */
static void *unlink_kept(struct kept *kept)
{
	struct keeper *keeper = kept->keeper;
	struct kept **link = &keeper->first;
	void *thing = kept->thing;

	while (*link != kept)
		link = &(*link)->next;
	*link = kept->next;
	keeper->count--;
	loop_unwatch(kept->watch);
	free(kept->key);
	free(kept);
	return thing;
}

static void close_kept(struct kept *kept)
{
	const struct keep_kind *kind = kept->kind;

	kind->close(unlink_kept(kept));
}

/* Those that KIND is (NULL: all), and that were given at SINCE or before. */
static size_t close_some(struct keeper *keeper, const struct keep_kind *kind, msec since)
{
	size_t closed = 0;
	struct kept *next;

	for (struct kept *kept = keeper->first; kept; kept = next) {
		next = kept->next;
		if ((kind && kept->kind != kind) || kept->since > since)
			continue;
		close_kept(kept);
		closed++;
	}
	return closed;
}

static struct kept *oldest(const struct keeper *keeper)
{
	struct kept *kept = keeper->first;

	while (kept && kept->next)
		kept = kept->next;
	return kept;
}

static void on_idle(void *ctx);

static void set_timer(struct keeper *keeper)
{
	const struct kept *first = oldest(keeper);

	loop_cancel(keeper->timer);
	keeper->timer = NULL;
	if (first)
		keeper->timer = loop_idle_after(keeper->loop,
		    first->since + KEEP_IDLE_MAX - loop_now(keeper->loop), on_idle, keeper);
}

static void on_idle(void *ctx)
{
	struct keeper *keeper = ctx;

	keeper->timer = NULL;
	close_some(keeper, NULL, loop_now(keeper->loop) - KEEP_IDLE_MAX);
	set_timer(keeper);
}

static void keeper_end(void *ctx)
{
	struct keeper *keeper = ctx;
	struct keeper **link = &keepers;

	while (keeper->first)
		close_kept(keeper->first);
	loop_cancel(keeper->timer);
	while (*link != keeper)
		link = &(*link)->next;
	*link = keeper->next;
	free(keeper);
}

static void on_ready(void *ctx, int fd, int ready)
{
	(void)fd;
	(void)ready;
	close_kept(ctx);
}

/* The loop may not have had a turn since the other side closed it. */
static bool is_quiet(int fd)
{
	char byte;

	return fd < 0 || (recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
	                     (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR));
}

void *keep_take(struct loop *loop, const struct keep_kind *kind, const char *key)
{
	struct keeper *keeper = keeper_of(loop);
	struct kept *next;

	for (struct kept *kept = keeper->first; kept; kept = next) {
		next = kept->next;
		if (kept->kind != kind || strcmp(kept->key, key) != 0)
			continue;
		if (!keep_is_over(loop, kind, kept->birth) && is_quiet(kept->fd))
			return unlink_kept(kept);
		close_kept(kept);
	}
	return NULL;
}

void keep_give(struct loop *loop, const struct keep_kind *kind, const char *key, void *thing,
    int fd, struct keep_birth birth)
{
	struct keeper *keeper = keeper_of(loop);
	struct kept *kept;

	if (keep_is_over(loop, kind, birth)) {
		kind->close(thing);
		return;
	}
	kept = mem_alloc(sizeof(*kept));
	*kept = (struct kept){.next = keeper->first,
	    .keeper = keeper,
	    .kind = kind,
	    .key = mem_text(key),
	    .thing = thing,
	    .fd = fd,
	    .since = loop_now(loop),
	    .birth = birth};
	keeper->first = kept;
	if (fd >= 0) {
		kept->watch = loop_watch(loop, fd, LOOP_READ, on_ready, kept);
		loop_watch_idle(kept->watch, true);
	}
	if (++keeper->count > KEEP_MAX)
		close_kept(oldest(keeper));
	if (!keeper->timer)
		set_timer(keeper);
}

size_t keep_count(struct loop *loop, const struct keep_kind *kind)
{
	size_t count = 0;

	for (const struct kept *kept = keeper_of(loop)->first; kept; kept = kept->next)
		count += kept->kind == kind;
	return count;
}

size_t keep_close(struct loop *loop, const struct keep_kind *kind)
{
	struct keeper *keeper = keeper_of(loop);

	return close_some(keeper, kind, loop_now(loop));
}

size_t keep_drop(struct loop *loop, const struct keep_kind *kind, const char *key)
{
	size_t closed = 0;
	struct kept *next;

	for (struct kept *kept = keeper_of(loop)->first; kept; kept = next) {
		next = kept->next;
		if (kept->kind != kind || strcmp(kept->key, key) != 0)
			continue;
		close_kept(kept);
		closed++;
	}
	return closed;
}

void keep_forget(struct loop *loop)
{
	struct keeper *keeper = keeper_of(loop);

	keeper->age++;
	close_some(keeper, NULL, loop_now(loop));
}

void keep_yield(struct loop *loop)
{
	struct keeper *keeper = keeper_of(loop);
	struct kept *next;

	keeper->yields++;
	for (struct kept *kept = keeper->first; kept; kept = next) {
		next = kept->next;
		if (kept->kind->session)
			close_kept(kept);
	}
}

struct keep_birth keep_birth(struct loop *loop, const struct keep_kind *kind)
{
	const struct keeper *keeper = keeper_of(loop);

	return (struct keep_birth){
	    .age = keeper->age + (kind->session ? keeper->yields : 0), .at = loop_now(loop)};
}

bool keep_is_over(struct loop *loop, const struct keep_kind *kind, struct keep_birth birth)
{
	struct keep_birth now = keep_birth(loop, kind);

	return now.age != birth.age || now.at - birth.at >= KEEP_LIFE_MAX;
}
