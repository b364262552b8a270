/* A binary heap of timers. Invariant: heap[i]->at == i for every timer in it; a timer that is
 * being fired is out of the heap (at == FIRING) and is freed by whoever fires it. */
#include "timers.h"

#include <stdlib.h>

#include "fsops/mem.h"

#define FIRING SIZE_MAX

struct loop_timer {
	struct timers *timers;
	msec due;
	uint64_t made;
	size_t at; /* place in the heap */
	loop_timer_fn *fn;
	void *ctx;
};

static bool before(const struct loop_timer *a, const struct loop_timer *b)
{
	return a->due != b->due ? a->due < b->due : a->made < b->made;
}

static void put(struct timers *timers, size_t at, struct loop_timer *timer)
{
	timers->heap[at] = timer;
	timer->at = at;
}

static void sift_up(struct timers *timers, struct loop_timer *timer)
{
	size_t at = timer->at;

	while (at > 0 && before(timer, timers->heap[(at - 1) / 2])) {
		put(timers, at, timers->heap[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	put(timers, at, timer);
}

static void sift_down(struct timers *timers, struct loop_timer *timer)
{
	size_t at = timer->at;

	for (;;) {
		size_t child = at * 2 + 1;

		if (child + 1 < timers->count &&
		    before(timers->heap[child + 1], timers->heap[child]))
			child++;
		if (child >= timers->count || !before(timers->heap[child], timer))
			break;
		put(timers, at, timers->heap[child]);
		at = child;
	}
	put(timers, at, timer);
}

static void take_out(struct timers *timers, struct loop_timer *timer)
{
	struct loop_timer *last = timers->heap[--timers->count];

	if (last != timer) {
		put(timers, timer->at, last);
		sift_up(timers, last);
		sift_down(timers, last);
	}
	timer->at = FIRING;
}

struct loop_timer *timers_add(struct timers *timers, msec due, loop_timer_fn *fn, void *ctx)
{
	struct loop_timer *timer = mem_alloc(sizeof(*timer));

	if (timers->count == timers->room) {
		timers->room = timers->room ? timers->room * 2 : 16;
		timers->heap = mem_grow(timers->heap, timers->room, sizeof(*timers->heap));
	}
	*timer = (struct loop_timer){
	    .timers = timers, .due = due, .made = timers->made++, .fn = fn, .ctx = ctx};
	put(timers, timers->count++, timer);
	sift_up(timers, timer);
	return timer;
}

void loop_cancel(struct loop_timer *timer)
{
	if (!timer || timer->at == FIRING)
		return;
	take_out(timer->timers, timer);
	free(timer);
}

size_t timers_fire(struct timers *timers, msec now, const bool *stop)
{
	uint64_t mark = timers->made;
	size_t fired = 0;

	while (timers->count && !*stop) {
		struct loop_timer *timer = timers->heap[0];

		if (timer->due > now || timer->made >= mark)
			break;
		take_out(timers, timer);
		timer->fn(timer->ctx);
		free(timer);
		fired++;
	}
	return fired;
}

msec timers_wait(const struct timers *timers, msec now)
{
	if (!timers->count)
		return -1;
	return timers->heap[0]->due > now ? timers->heap[0]->due - now : 0;
}

void timers_release(struct timers *timers)
{
	for (size_t i = 0; i < timers->count; i++)
		free(timers->heap[i]);
	free(timers->heap);
	*timers = (struct timers){0};
}
