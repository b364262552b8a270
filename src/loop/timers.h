/*
 * The loop's timers: a binary heap, earliest first, equal times in the order they were made.
 * Used by loop.c only.
 */
#ifndef FSOPS_LOOP_TIMERS_H
#define FSOPS_LOOP_TIMERS_H

#include <stddef.h>
#include <stdint.h>

#include "fsops/loop.h"

struct timers {
	struct loop_timer **heap;
	size_t count;
	size_t room;
	uint64_t made; /* how many so far: the order among equals */
};

struct loop_timer *timers_add(struct timers *timers, msec due, loop_timer_fn *fn, void *ctx);

/* Fire those that are due at NOW, but none that is made meanwhile, until *STOP is set. How many. */
size_t timers_fire(struct timers *timers, msec now, const bool *stop);

/* Milliseconds until the first is due, 0 when it is; -1: there is none. */
msec timers_wait(const struct timers *timers, msec now);

void timers_release(struct timers *timers);

#endif
