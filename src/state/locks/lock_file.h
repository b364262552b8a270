/*
 * Lock files: where they are, and whose. For lock.c only.
 *
 * A lock counts while its descriptor has the flock and the path still leads to that very file:
 * whoever takes over puts another file there.
 */
#ifndef FSOPS_JOURNAL_LOCK_FILE_H
#define FSOPS_JOURNAL_LOCK_FILE_H

#include "fsops/err.h"

/* "STATE/locks/PLATFORM.RUNBOOK", a new string, and its folder made. No two pairs of names have the
 * same, and none is outside the folder. */
char *lock_file_path(const char *platform, const char *runbook, struct err *err);

/* Open it, made when it is not there, close-on-exec. Errors: no permission, no regular file. */
int lock_file_open(const char *path, struct err *err);

enum lock_try {
	LOCK_TRY_GOT,
	LOCK_TRY_HELD,  /* another process has it */
	LOCK_TRY_MOVED, /* another file is at PATH by now: open that */
};
/* Whose is it? Does not wait. */
int lock_file_try(int fd, const char *path, enum lock_try *out, struct err *err);

/* Does PATH lead to what FD has open? 1, 0, or -1 when that cannot be told. */
int lock_file_is_at(int fd, const char *path, struct err *err);

/* Make TEXT all that is in it, on the disk; at no moment does it hold less than the old text or the
 * new one. */
int lock_file_write(int fd, const char *path, const char *text, struct err *err);

#endif
