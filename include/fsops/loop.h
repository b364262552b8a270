/*
 * The loop: file descriptors, timers, and nothing else. One thread, poll(2).
 *
 *	struct loop *loop = loop_new(&clock_system);
 *	struct loop_watch *w = loop_watch(loop, fd, LOOP_READ, on_ready, ctx);
 *	struct loop_timer *t = loop_after(loop, 500, on_time, ctx);
 *	loop_run(loop);              // until loop_stop()
 *
 * Callbacks may start and end any watch or timer, their own too: what is ended
 * inside a callback is freed after the round, and its callback never comes.
 */
#ifndef FSOPS_LOOP_H
#define FSOPS_LOOP_H

#include <stdbool.h>

#include "fsops/clock.h"

#define LOOP_READ  1
#define LOOP_WRITE 2

struct loop;
struct loop_watch;
struct loop_timer;

/* READY holds LOOP_READ and LOOP_WRITE bits; an error or hang-up sets those watched for. */
typedef void loop_fd_fn(void *ctx, int fd, int ready);
typedef void loop_timer_fn(void *ctx);

struct loop *loop_new(const struct clock *clock);
void loop_free(struct loop *loop);

/* Run until loop_stop(). Returns at once when there is nothing left to wait for: no timer and no
 * watch but idle ones. No callback comes between loop_stop() and the next loop_run(). */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

/* Milliseconds on the monotonic clock, read afresh. */
msec loop_now(const struct loop *loop);

/* Call FN whenever FD is ready for one of EVENTS. The fd stays the caller's. */
struct loop_watch *loop_watch(struct loop *loop, int fd, int events, loop_fd_fn *fn, void *ctx);
void loop_watch_set(struct loop_watch *watch, int events);
/* An idle watch is served like any other, but doesn't keep loop_run() going (signals). */
void loop_watch_idle(struct loop_watch *watch, bool idle);
void loop_unwatch(struct loop_watch *watch); /* NULL is allowed */

/* Call FN once, DELAY milliseconds from now (0: in the next round, after what is ready).
 * The timer is freed when it has fired: forget the pointer then. */
struct loop_timer *loop_after(struct loop *loop, msec delay, loop_timer_fn *fn, void *ctx);
/* The same for the end of a wait: a result that is there when it comes counts. It fires only after a
 * round that has found nothing ready and no timer due, half a second late at most. All that gives up on
 * something that could still be read uses this one. */
struct loop_timer *loop_deadline(struct loop *loop, msec delay, loop_timer_fn *fn, void *ctx);
/* The same as loop_after() for what nobody waits for (a kept connection's end): it doesn't keep loop_run() going. */
struct loop_timer *loop_idle_after(struct loop *loop, msec delay, loop_timer_fn *fn, void *ctx);
void loop_cancel(struct loop_timer *timer); /* NULL is allowed */

/* Call FN once, from loop_free(), before anything of the loop is freed: for what is kept as long as the loop. What came
 * last goes first. */
void loop_at_end(struct loop *loop, void (*fn)(void *ctx), void *ctx);

#endif
