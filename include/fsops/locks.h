/*
 * The locks of one run: of its runbook, and of every runbook inside it that may change something.
 *
 *	struct locks *locks = locks_take(plan, &options, &err);      // all or none
 *	events_add_sink(events, locks_sink(locks));
 *	… locks_on_loop(locks, loop, children)   // when the run has them; NULL before they are gone
 *	… locks_on_started(locks, events)     // after run.started: tells whose place was taken
 *	events_free(events);
 *	locks_free(locks);
 *
 * While the run runs they are watched: once one was taken over, `secure` of the sink refuses every
 * further change, the run's own events say by whom, and the lock is let go of as soon as no change
 * is in flight. A change is in flight from its action.started to its action.finished, but for the time
 * that a person is asked whether to try it again.
 */
#ifndef FSOPS_LOCKS_H
#define FSOPS_LOCKS_H

#include "fsops/child.h"
#include "fsops/event.h"
#include "fsops/loop.h"
#include "fsops/plan.h"

/* So soon a run notices that its place was taken, between its changes too. */
#define LOCKS_LOOK_EVERY ((msec)500)

struct locks;

struct locks_options {
	const char *run; /* its id */
	bool check;      /* nothing will be changed: no lock is needed */
	bool take_over;
	/* As in lock.h; or NULL. */
	void (*waiting)(void *ctx, const char *text);
	void *ctx;
};

/* None, and no error, for a plan that changes nothing. NULL: as lock_take(). */
struct locks *locks_take(
    const struct plan *plan, const struct locks_options *options, struct err *err);

/* LOCKS stay the caller's and must outlive it. */
struct sink *locks_sink(struct locks *locks);

void locks_on_loop(struct locks *locks, struct loop *loop, struct children *children);
void locks_on_started(struct locks *locks, struct events *events);

void locks_free(struct locks *locks); /* lets go of them; NULL is allowed */

#endif
