/* Why a run starts no further step; `stop` in its events. */
#ifndef FSOPS_ENGINE_STOP_H
#define FSOPS_ENGINE_STOP_H

#include <stdbool.h>

enum stop {
	STOP_NONE,
	STOP_FAILED,     /* a change failed, or an action said on_failure: stop */
	STOP_ABORT,      /* a person said abort */
	STOP_REFUSED,    /* a change was not approved and nobody could be asked */
	STOP_LOCKED,     /* the lock was taken over: nothing more may be changed */
	STOP_UNRECORDED, /* what it would do cannot be put on record */
	STOP_SIGNAL,
};

/* A stop as `stop` in events; NULL for STOP_NONE. */
const char *stop_name(enum stop stop);

/* The same way back; STOP_NONE for NULL and what is not known. */
enum stop stop_parse(const char *name);

/* Is what was left undone to be done by a later `fsops resume`? */
bool stop_is_resumable(enum stop stop);

/* `outcome` of a run that was stopped so. */
const char *stop_outcome(enum stop stop);

#endif
