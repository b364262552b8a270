/*
 * One run that changes things at a time, for each runbook and platform.
 *
 *	struct lock *lock = lock_take(&spec, &err);
 *	if (!lock)
 *		…       // ERR_LOCKED (status 75): err.text says by whom, since when, at which step
 *	…
 *	lock_release(lock);
 *
 * Each run that takes a lock gets the next epoch of it, a number that only grows. The file
 * STATE/locks/PLATFORM.RUNBOOK holds the newest epoch and whose it is: the lock is that run's, and no
 * other's ever again. Beside it each run has a claim (state/locks/claim.h), by which others see whether it is
 * alive and whether a change of it is in flight. So that never two are:
 *
 *	lock_begin(lock, note)  says that a change is in flight, and only then looks whether the lock
 *	                        is still ours: the change begins only if it is
 *	lock_end(lock)
 *
 * and whoever takes over writes its epoch, and only then looks whether an older one has a change in
 * flight; as long as one may have, it waits. A change of a run that was killed is in flight as long
 * as a process of it runs; one that a server was asked for, until fsops would have ended it.
 *
 * A holder is told as {"run", "user", "host", "pid", "since", "epoch"}; what is not known of it is
 * not there.
 */
#ifndef FSOPS_LOCK_H
#define FSOPS_LOCK_H

#include <jansson.h>
#include <stdbool.h>

#include "fsops/clock.h"
#include "fsops/err.h"

/* So long at least a taker waits for a change in flight; longer as long as the old holder itself would
 * let it go on. */
#define LOCK_TAKE_OVER_WAIT ((msec)10000)

struct lock;

struct lock_spec {
	const char *platform;
	const char *runbook;
	const char *run; /* the id of the run that wants it */
	bool take_over;  /* from a holder that is alive, or on another host, too */
	msec wait;       /* at a take-over: at least so long for a change in flight */
	/* Told once, before that wait begins; or NULL. */
	void (*waiting)(void *ctx, const char *text);
	void *ctx;
};

/* NULL: ERR_LOCKED, ERR_SYSTEM when it cannot be told, or ERR_INTERRUPTED or ERR_TERMINATED when that came
 * while it waited. May take a second, and with TAKE_OVER as
 * long as the change that is in flight: not for the loop. */
struct lock *lock_take(const struct lock_spec *spec, struct err *err);

json_int_t lock_epoch(const struct lock *lock);

/* Who held it before and did not release it: a holder, and
 *	"dead": its process has ended
 *	"let_go": nothing of it is in flight; false: that cannot be seen from here
 * Borrowed; NULL: nobody. */
const json_t *lock_before(const struct lock *lock);

/* -1: it is not ours any more, the text says whose it is (ERR_LOCKED); or that cannot be told
 * (ERR_SYSTEM). */
int lock_check(const struct lock *lock, struct err *err);

/* Who took it over, a new reference; an empty object: not known; NULL: it is still ours. */
json_t *lock_taker(const struct lock *lock);

/* A change is about to begin: NOTE is an object with the members of state/locks/claim.h that are known. -1, and
 * nothing is in flight: as lock_check(), or that cannot be written. */
int lock_begin(struct lock *lock, const json_t *note, struct err *err);
/* While it is: more is known of it. */
void lock_note(struct lock *lock, const json_t *note);
/* It has ended. */
void lock_end(struct lock *lock);

/* It was taken over, and no change of ours is in flight: nobody need look at us any more. */
void lock_let_go(struct lock *lock);

const char *lock_runbook(const struct lock *lock); /* borrowed, both */
const char *lock_platform(const struct lock *lock);

/* A change that is still said to be in flight stays so, for those who come. NULL is allowed. */
void lock_release(struct lock *lock);

#endif
