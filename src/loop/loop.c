/* The loop: one round is poll(2), what is ready, then the timers that are due; then deadlines, if the
 * round has found nothing else to do.
 * Invariant: while a round runs nothing that it may still look at is freed; a watch that ends
 * inside it is only marked dead, never called again, and swept out after the round. */
#include "fsops/loop.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>

#include "fsops/mem.h"
#include "timers.h"

/* A clock that is not the system's may run at its own pace: it is looked at this often. */
#define STRANGE_CLOCK_LOOK ((msec)5)

/* So long, and for at least so many rounds, what is ready goes before a deadline that is due: what
 * arrived in time has been taken in by then, and what never ends does not keep it off. */
#define LATE_MAX    ((msec)500)
#define LATE_ROUNDS 20
#define LATE_END    ((msec)1000) /* and however few rounds there were */

struct loop_watch {
	struct loop *loop;
	int fd;
	int events;
	loop_fd_fn *fn;
	void *ctx;
	bool idle;
	bool dead;
};

/* Something that is kept as long as the loop. */
struct guest {
	struct guest *next;
	void (*end)(void *ctx);
	void *ctx;
};

struct loop {
	const struct clock *clock;
	struct timers timers;
	struct timers idle; /* those that nobody waits for */
	struct timers deadlines;
	msec late_since; /* when the first of them that is due was put off; 0: none is */
	int late_rounds; /* how often it was */
	struct loop_watch **watches; /* in the order they were made */
	size_t watch_count;
	struct pollfd *polled; /* of the round; polled[i] belongs to watches[i] */
	size_t polled_room;
	bool stopped;
	bool in_round;
	bool any_dead;
	struct guest *guests; /* the last one first */
};

struct loop *loop_new(const struct clock *clock)
{
	struct loop *loop = mem_alloc(sizeof(*loop));

	loop->clock = clock;
	return loop;
}

void loop_at_end(struct loop *loop, void (*fn)(void *ctx), void *ctx)
{
	struct guest *guest = mem_alloc(sizeof(*guest));

	*guest = (struct guest){.next = loop->guests, .end = fn, .ctx = ctx};
	loop->guests = guest;
}

static void end_guests(struct loop *loop)
{
	struct guest *guest;

	while ((guest = loop->guests)) {
		loop->guests = guest->next;
		guest->end(guest->ctx);
		free(guest);
	}
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	end_guests(loop);
	for (size_t i = 0; i < loop->watch_count; i++)
		free(loop->watches[i]);
	free(loop->watches);
	free(loop->polled);
	timers_release(&loop->timers);
	timers_release(&loop->idle);
	timers_release(&loop->deadlines);
	free(loop);
}

msec loop_now(const struct loop *loop)
{
	return loop->clock->mono(loop->clock->ctx);
}

void loop_stop(struct loop *loop)
{
	loop->stopped = true;
}

struct loop_watch *loop_watch(struct loop *loop, int fd, int events, loop_fd_fn *fn, void *ctx)
{
	struct loop_watch *watch = mem_alloc(sizeof(*watch));

	*watch =
	    (struct loop_watch){.loop = loop, .fd = fd, .events = events, .fn = fn, .ctx = ctx};
	MEM_PUSH_ROOM(loop->watches, loop->watch_count);
	loop->watches[loop->watch_count++] = watch;
	return watch;
}

void loop_watch_set(struct loop_watch *watch, int events)
{
	watch->events = events;
}

void loop_watch_idle(struct loop_watch *watch, bool idle)
{
	watch->idle = idle;
}

static void sweep_dead(struct loop *loop)
{
	size_t kept = 0;

	for (size_t i = 0; i < loop->watch_count; i++) {
		struct loop_watch *watch = loop->watches[i];

		if (watch->dead)
			free(watch);
		else
			loop->watches[kept++] = watch;
	}
	loop->any_dead = false;
	loop->watch_count = kept;
}

void loop_unwatch(struct loop_watch *watch)
{
	if (!watch)
		return;
	watch->dead = true;
	watch->loop->any_dead = true;
	if (!watch->loop->in_round)
		sweep_dead(watch->loop);
}

struct loop_timer *loop_after(struct loop *loop, msec delay, loop_timer_fn *fn, void *ctx)
{
	return timers_add(&loop->timers, loop_now(loop) + delay, fn, ctx);
}

struct loop_timer *loop_deadline(struct loop *loop, msec delay, loop_timer_fn *fn, void *ctx)
{
	return timers_add(&loop->deadlines, loop_now(loop) + delay, fn, ctx);
}

struct loop_timer *loop_idle_after(struct loop *loop, msec delay, loop_timer_fn *fn, void *ctx)
{
	return timers_add(&loop->idle, loop_now(loop) + delay, fn, ctx);
}

static bool anything_to_wait_for(const struct loop *loop)
{
	if (loop->timers.count || loop->deadlines.count)
		return true;
	for (size_t i = 0; i < loop->watch_count; i++)
		if (!loop->watches[i]->idle)
			return true;
	return false;
}

static short poll_events(const struct loop_watch *watch)
{
	return (short)((watch->events & LOOP_READ ? POLLIN : 0) |
	               (watch->events & LOOP_WRITE ? POLLOUT : 0));
}

/* A watch for nothing is left out (fd -1): poll(2) would report a hang-up for ever. */
static void fill_polled(struct loop *loop)
{
	if (loop->polled_room < loop->watch_count) {
		loop->polled_room = loop->watch_count * 2;
		loop->polled = mem_grow(loop->polled, loop->polled_room, sizeof(*loop->polled));
	}
	for (size_t i = 0; i < loop->watch_count; i++)
		loop->polled[i] = (struct pollfd){
		    .fd = loop->watches[i]->events ? loop->watches[i]->fd : -1,
		    .events = poll_events(loop->watches[i]),
		};
}

/* The shorter one; below 0 is none. */
static msec sooner(msec a, msec b)
{
	return a < 0 || (b >= 0 && b < a) ? b : a;
}

static int poll_timeout(const struct loop *loop, msec now)
{
	msec wait = sooner(timers_wait(&loop->timers, now),
	    sooner(timers_wait(&loop->deadlines, now), timers_wait(&loop->idle, now)));

	if (wait > STRANGE_CLOCK_LOOK && loop->clock->mono != clock_system.mono)
		wait = STRANGE_CLOCK_LOOK;
	return wait > INT_MAX ? INT_MAX : (int)wait;
}

static int ready_bits(const struct pollfd *polled, int events)
{
	int ready = 0;

	if (polled->revents & (POLLERR | POLLHUP | POLLNVAL))
		return events;
	ready |= polled->revents & POLLIN ? LOOP_READ : 0;
	ready |= polled->revents & POLLOUT ? LOOP_WRITE : 0;
	return ready & events;
}

/* Only the watches that were polled: those made meanwhile wait for the next round. */
static void serve_ready(struct loop *loop, size_t count)
{
	for (size_t i = 0; i < count && !loop->stopped; i++) {
		struct loop_watch *watch = loop->watches[i];
		int ready;

		if (!loop->polled[i].revents || watch->dead)
			continue;
		ready = ready_bits(&loop->polled[i], watch->events);
		if (ready)
			watch->fn(watch->ctx, watch->fd, ready);
	}
}

static bool late_enough(const struct loop *loop, msec now)
{
	msec late = now - loop->late_since;

	return late >= LATE_MAX &&
	       (loop->late_rounds >= LATE_ROUNDS || (late >= LATE_END && loop->late_rounds > 1));
}

/* NOW is before the round's poll: what had arrived when a deadline came, that has seen. QUIET: there
 * was nothing. After a stop (SIGSTOP) or a long callback all is due at once, and a result that is there
 * goes before the deadline. */
static void fire_deadlines(struct loop *loop, msec now, bool quiet)
{
	if (timers_wait(&loop->deadlines, now) != 0) {
		loop->late_since = loop->late_rounds = 0;
		return;
	}
	if (!loop->late_since)
		loop->late_since = now;
	loop->late_rounds++;
	if (!quiet && !late_enough(loop, now))
		return;
	timers_fire(&loop->deadlines, now, &loop->stopped);
	loop->late_since = loop->late_rounds = 0;
}

static void one_round(struct loop *loop)
{
	size_t count = loop->watch_count;
	msec now = loop_now(loop);
	bool fired;
	int ready;

	fill_polled(loop);
	ready = poll(loop->polled, (nfds_t)count, poll_timeout(loop, now));
	loop->in_round = true;
	if (ready > 0)
		serve_ready(loop, count);
	timers_fire(&loop->idle, now, &loop->stopped);
	fired = timers_fire(&loop->timers, loop_now(loop), &loop->stopped) > 0;
	fire_deadlines(loop, now, ready == 0 && !fired);
	loop->in_round = false;
	if (loop->any_dead)
		sweep_dead(loop);
}

void loop_run(struct loop *loop)
{
	while (!loop->stopped && anything_to_wait_for(loop))
		one_round(loop);
	loop->stopped = false;
}
