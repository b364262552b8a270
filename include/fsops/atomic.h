/*
 * Files that are there whole or not at all: a reader never sees half of one, and what was there
 * before stays until the new one is on the disk.
 *
 *	if (atomic_check(path, &err) < 0) …                       // before the work is done
 *	if (atomic_write(path, text.data, text.len, &err) < 0) …  // after it
 */
#ifndef FSOPS_ATOMIC_H
#define FSOPS_ATOMIC_H

#include <stddef.h>

#include "fsops/err.h"

/* Could PATH be written? Errors: no such folder, no permission, it is there and is no file. */
int atomic_check(const char *path, struct err *err);

/*
 * Write LEN bytes of DATA to a new file beside PATH, sync it, and put it in PATH's place. What a
 * symbolic link leads to is replaced, not the link; another user's link is not followed
 * (trust_resolve()). The file keeps the mode of the old one if that is one's own; a new one has 0666
 * without the umask. On an error (as above, or no room) nothing is left behind.
 */
int atomic_write(const char *path, const char *data, size_t len, struct err *err);

#endif
