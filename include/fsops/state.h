/*
 * The state folder: what outlives a run. $FSOPS_STATE, else $XDG_STATE_HOME/fsops, else
 * ~/.local/state/fsops.
 *
 *	STATE/runs/RUN.jsonl     the journal of a run (journal.h)
 *	STATE/history            a line a run, so that a list of runs need not read them (history.h)
 *	STATE/locks/…            who may change what (lock.h)
 *	STATE/list               what `fsops list` shows of the runbooks, as long as their files stay the same
 *
 * Folders are made when they are needed, mode 0700; files have mode 0600.
 */
#ifndef FSOPS_STATE_H
#define FSOPS_STATE_H

#include "fsops/err.h"

/* The path of the state folder, whether it is there or not; a new string. NULL (ERR_SYSTEM): neither
 * variable is set and there is no home folder. */
char *state_folder(struct err *err);

/* "STATE/NAME", a new string. NAME may hold slashes. NULL: as above, or the state folder is there and
 * others may have written what is in it (trust.h). */
char *state_path(const char *name, struct err *err);

/* Whether nobody else can have written what FD was opened from. As buf_check_fn; CTX is not used. */
int state_check_file(int fd, const char *path, const void *ctx, struct err *err);

/* Make "STATE/NAME" (NULL: the state folder itself) and what is above it, if it is not there. Errors:
 * no permission, no room, something else is in its place, others may write into it. */
int state_make_folder(const char *name, struct err *err);

#endif
