/*
 * The runs that there were, newest first, from one file that has a line a run: STATE/history. It is
 * made from the journals and can be made from them again; the journals are what counts.
 *
 * A run adds a line when it begins and another when it ends. One that has begun and not ended is
 * alive (its journal is locked) or was interrupted.
 */
#ifndef FSOPS_HISTORY_H
#define FSOPS_HISTORY_H

#include <stdbool.h>
#include <stddef.h>

#include "fsops/clock.h"
#include "fsops/err.h"
#include "fsops/metric.h"
#include "fsops/sha256.h"

struct history_entry {
	const char *run; /* texts are borrowed until the callback returns */
	const char *runbook;
	const char *platform;
	bool check;       /* --check: it only read */
	msec started;     /* wall time, milliseconds since 1970 */
	msec finished;    /* 0: not */
	enum level level; /* when finished */
	int exit;         /* the same */
	bool live;        /* not finished, and its process is alive */
	bool resumable;   /* `fsops resume` can go on with it */
	/* Digest of the last line that its journal had when the history was last told of an end; "": not
	 * known. Lines may have come after it. */
	char last[SHA256_TEXT];
};

/* ---- for the journal ---- */

/* Of ENTRY what is known at the beginning: run, runbook, platform, check, started. */
int history_begin(const struct history_entry *entry, struct err *err);
int history_end(const struct history_entry *entry, struct err *err);

/* ---- for readers ---- */

struct history_filter {
	const char *runbook;  /* NULL: any */
	const char *platform; /* NULL: any */
	msec since;           /* wall time; 0: any */
	bool failed;          /* only those whose exit status is not 0, interrupted ones too */
};

/* Calls FN for each, newest first, until it returns false. What a history file that is damaged, too old
 * or not there does not tell, the journals do; that works, too, when nothing can be written. */
typedef bool history_fn(void *ctx, const struct history_entry *entry);
int history_each(const struct history_filter *filter, history_fn *fn, void *ctx, struct err *err);

/* The id of the run that NAME means: an id, the beginning of one that is no other's, a runbook's name
 * or the beginning of one and no other (its newest run), NULL (the newest of all). A new string; NULL: none, ERR (ERR_USAGE) says what
 * there is. */
char *history_find(const char *name, struct err *err);

struct history_pruned {
	size_t removed;
	size_t resumable; /* of those: a `fsops resume` could have gone on with them */
};

/* Remove the journals of runs that began before BEFORE, not those that are alive. FN (NULL is allowed) is
 * called for each that is gone, newest first. When some could not be removed the others are all the
 * same, and ERR tells of one. */
int history_prune(
    msec before, history_fn *fn, void *ctx, struct history_pruned *pruned, struct err *err);

#endif
