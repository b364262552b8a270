/*
 * One run that changes things at a time, for each runbook and platform.
 *
 *	struct lock *lock = lock_take(&spec, &err);
 *	if (!lock)
 *		…                          // ERR_LOCKED (status 75): err.text says by whom, since when, at which step
 *	…
 *	lock_release(lock);
 *
 * A lock is flock(2) on STATE/locks/PLATFORM.RUNBOOK, so that it goes with its process, and the
 * holder's name in that file, so that a dead holder is noticed. Taking over puts a new file in its
 * place; the old holder sees that before its next change (lock_check) and soon after.
 */
#ifndef FSOPS_LOCK_H
#define FSOPS_LOCK_H

#include <jansson.h>
#include <stdbool.h>

#include "fsops/err.h"

struct lock;

struct lock_spec {
	const char *platform;
	const char *runbook;
	const char *run; /* the id of the run that wants it */
	bool take_over;  /* from a holder that is alive, or on another host, too */
};

/* NULL: ERR_LOCKED, or ERR_SYSTEM when it cannot be told. */
struct lock *lock_take(const struct lock_spec *spec, struct err *err);

/* Who held it before and did not let go: {"run", "user", "host", "pid", "since", "dead": bool};
 * borrowed; NULL: nobody. */
const json_t *lock_before(const struct lock *lock);

/* -1 (ERR_LOCKED): it was taken over; the text says by whom. */
int lock_check(const struct lock *lock, struct err *err);

/* Who took it over, as lock_before(); NULL: it is still ours. A new reference. */
json_t *lock_taker(const struct lock *lock);

void lock_release(struct lock *lock); /* NULL is allowed */

#endif
