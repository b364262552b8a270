/*
 * What is kept from one action to the next: connections that nobody uses now.
 *
 *	thing = keep_take(loop, &my_kind, key);      // NULL: make one; it is yours alone now
 *	birth = keep_birth(loop, &my_kind);          // when one is made
 *	keep_give(loop, &my_kind, key, thing, fd, birth); // it is the keeper's now, or closed already
 *
 * A thing is with the keeper or with one user, never with two. The keeper closes it when nobody has taken it
 * for KEEP_IDLE_MAX, when it is older than KEEP_LIFE_MAX, when there are more than KEEP_MAX, when its descriptor has anything to say (the other side has
 * closed it, or speaks without being asked), after keep_forget(), and when the loop ends. What lies here doesn't keep
 * loop_run() going.
 */
#ifndef FSOPS_KEEP_H
#define FSOPS_KEEP_H

#include <stdbool.h>
#include <stddef.h>

#include "fsops/loop.h"

/* How long a thing lies here, in milliseconds. */
#define KEEP_IDLE_MAX ((msec)10000)

/* How old a thing may be that is taken or given: where its name leads to may be another place by then, and nobody tells
 * (a failover behind an address). */
#define KEEP_LIFE_MAX ((msec)10000)

/* How many lie here at most: the one that has lain longest goes first. */
#define KEEP_MAX 32

struct keep_kind {
	const char *name;
	void (*close)(void *thing); /* MUST not block */
	bool
	    session; /* it occupies something that a change may want: a database can't be dropped under it */
};

/* When a thing was made: how often all was to be forgotten by then, and the time on the loop's clock. */
struct keep_birth {
	unsigned age;
	msec at;
};

/* The one of KIND and KEY that came last, out of the keeper; NULL: there is none that is alive. */
void *keep_take(struct loop *loop, const struct keep_kind *kind, const char *key);

/* Give THING, which was made at BIRTH, to be kept under KEY (copied). FD: its descriptor, which has nothing to say
 * while it lies here; -1: it has none. It is closed at once when it is too old, or when something was changed since it was made. */
void keep_give(struct loop *loop, const struct keep_kind *kind, const char *key, void *thing,
    int fd, struct keep_birth birth);

/* How many of KIND lie here. */
size_t keep_count(struct loop *loop, const struct keep_kind *kind);

/* Close all of KIND that lie here: their servers are short of connections. How many there were. */
size_t keep_close(struct loop *loop, const struct keep_kind *kind);

/* Close those of KIND and KEY that lie here. How many there were. */
size_t keep_drop(struct loop *loop, const struct keep_kind *kind, const char *key);

/* Something was changed: where a name leads to may be another place now, and a kept connection would lead to the
 * old one. All that lies here is closed, and what is in use is when it is given back. */
void keep_forget(struct loop *loop);

/* Something is about to be changed: the same for the sessions alone, which may be in its way. */
void keep_yield(struct loop *loop);

/* Of what is made now. */
struct keep_birth keep_birth(struct loop *loop, const struct keep_kind *kind);

/* Is a thing of KIND that was made at BIRTH not to be used by the next one? */
bool keep_is_over(struct loop *loop, const struct keep_kind *kind, struct keep_birth birth);

#endif
