/*
 * Claims on a lock: a file for each run that holds it, or did, or waits for it. For lock.c only.
 *
 * The claim of epoch N on the lock PATH is the file PATH.N. It begins with one letter, which alone
 * changes while the run is alive, and in one byte, so that nobody ever reads half of it:
 *
 *	w   it waits until older claims are quiet
 *	-   it holds the lock, and no change is in flight
 *	!   a change is in flight
 *
 * Then come two lines: the holder, and the traces of the change (traces.h) with
 *	"until": milliseconds on the monotonic clock: fsops itself ends the change by then
 *	"local": it is a process of ours and what came of it, and over when these are
 *	"command": for people
 * The file is locked (flock(2)) as long as its run is alive, and gone when that ended with nothing in
 * flight.
 */
#ifndef FSOPS_JOURNAL_CLAIM_H
#define FSOPS_JOURNAL_CLAIM_H

#include <jansson.h>
#include <stdbool.h>

#include "fsops/buf.h"
#include "fsops/clock.h"
#include "fsops/err.h"

#define CLAIM_WAITS   'w'
#define CLAIM_IDLE    '-'
#define CLAIM_CHANGES '!'

struct claim {
	char *path;
	int fd; /* -1: none */
	size_t note_at;
};

/* Make the claim PATH.EPOCH for the holder whose LINE it is, locked by us. */
int claim_make(struct claim *claim, const char *path, json_int_t epoch, const char *line,
    char letter, struct err *err);
int claim_set(const struct claim *claim, char letter, struct err *err);
/* What is in flight; before CLAIM_CHANGES, or again while it is. */
int claim_note(const struct claim *claim, const json_t *note, struct err *err);
/* Over: nothing is in flight, nobody need look at it any more. */
void claim_drop(struct claim *claim);
/* Close it, and leave its file as it is. */
void claim_close(struct claim *claim);

/* ---- those of others ---- */

enum claim_state {
	CLAIM_GONE,    /* its run ended; or died while it waited, or before it had said who it is */
	CLAIM_QUIET,   /* it may begin no change without looking who holds the lock by then */
	CLAIM_BUSY,    /* a change of it may be in flight */
	CLAIM_STRANGE, /* something else than a claim, and of no process that is seen */
};

struct claim_seen {
	struct claim claim;
	json_int_t epoch;
	enum claim_state state;
	bool alive;      /* its process is; false: it has died, or that cannot be seen from here */
	bool here;       /* on this host */
	bool waits;      /* it has not held the lock yet */
	json_t *holder;  /* NULL: not known */
	json_t *note;    /* NULL: not known */
	struct buf runs; /* of a dead one's change: which processes go on */
};

/* All claims on the lock PATH, the oldest first. */
int claims_read(const char *path, struct claim_seen **list, size_t *count, struct err *err);
/* Look at one again. RUN, which wants the lock, answers itself for what it left on servers. */
void claim_look(struct claim_seen *seen, const char *run);
/* Its run is gone and so is what it did. */
void claim_seen_forget(struct claim_seen *seen);
void claims_free(struct claim_seen *list, size_t count);

/* Until when fsops would have ended its change, on the monotonic clock; 0: not known. */
msec claim_until(const struct claim_seen *seen);
/* "; its change 'COMMAND' still runs (pid 12: sleep 8): …" of one that is busy and has died. */
void claim_add_why(struct buf *out, const struct claim_seen *seen);

#endif
