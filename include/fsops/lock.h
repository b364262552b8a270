/*
 * One run that changes things at a time, for each runbook and platform.
 *
 *	struct lock *lock = lock_take(&spec, &err);
 *	if (!lock)
 *		…       // ERR_LOCKED (status 75): err.text says by whom, since when, at which step
 *	…
 *	lock_release(lock);
 *
 * A lock is flock(2) on STATE/locks/PLATFORM.RUNBOOK, so that it goes with its process, and the
 * holder's name in that file, so that a dead holder is noticed. Taking over puts a new file in its
 * place; the old holder sees that before its next change (lock_check) and soon after.
 *
 * A holder is told as {"run", "user", "host", "pid", "since"}; what is not known of it is
 * not there.
 */
#ifndef FSOPS_LOCK_H
#define FSOPS_LOCK_H

#include <jansson.h>
#include <stdbool.h>

#include "fsops/clock.h"
#include "fsops/err.h"

/* So long a taker waits for the change that the old holder has in flight. */
#define LOCK_TAKE_OVER_WAIT ((msec)10000)

struct lock;

struct lock_spec {
	const char *platform;
	const char *runbook;
	const char *run; /* the id of the run that wants it */
	bool take_over;  /* from a holder that is alive, or on another host, too */
	msec wait;       /* at a take-over: for the old holder to let go */
	/* Told once, before that wait begins; or NULL. */
	void (*waiting)(void *ctx, const char *text);
	void *ctx;
};

/* NULL: ERR_LOCKED, or ERR_SYSTEM when it cannot be told. May take a second, and with TAKE_OVER as
 * long as WAIT: not for the loop. */
struct lock *lock_take(const struct lock_spec *spec, struct err *err);

/* Who held it before and did not release it: a holder, and
 *	"dead": its process has ended
 *	"let_go": it has none in flight; false: it may still be changing things
 * Borrowed; NULL: nobody. */
const json_t *lock_before(const struct lock *lock);

/* -1: it is not ours any more, the text says whose it is (ERR_LOCKED); or that cannot be told
 * (ERR_SYSTEM). */
int lock_check(const struct lock *lock, struct err *err);

/* Who took it over, a new reference; an empty object: not known; NULL: it is still ours. */
json_t *lock_taker(const struct lock *lock);

/* It was taken over, and no change of ours is in flight: whoever took it need wait no longer. */
void lock_let_go(struct lock *lock);

const char *lock_runbook(const struct lock *lock); /* borrowed, both */
const char *lock_platform(const struct lock *lock);

void lock_release(struct lock *lock); /* NULL is allowed */

#endif
