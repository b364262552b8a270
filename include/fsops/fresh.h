/*
 * A new file, written piece by piece, that appears under its name when it is whole: nothing that
 * was there is ever overwritten, and nobody else may read it (mode 0600).
 *
 *	struct fresh *file = fresh_open(&(struct fresh_place){.path = path, .fixed = fixed}, &err);
 *	fresh_write(file, data, len, &err) …
 *	if (fresh_finish(file, &err) < 0) …        // now it has its name
 *	else kept = fresh_leave(file);             // or: half of it is worth keeping
 *	fresh_free(file);                          // takes away what has no name yet
 */
#ifndef FSOPS_FRESH_H
#define FSOPS_FRESH_H

#include <stdbool.h>
#include <stddef.h>

#include "fsops/err.h"

struct fresh;

#define FRESH_FIXED ((size_t)-1)

struct fresh_place {
	const char *path;
	size_t
	    fixed; /* so many bytes of it were written by a person, up to a '/' or all (FRESH_FIXED). The
	                 rest was filled in: no folder in it is a link, so that it leads nowhere else */
	bool
	    folder; /* make the folder that it is in (mode 0700) if that is not there; not the ones above */
};

/* Errors: PATH is there already, its folder is not, no permission, a link as above. */
struct fresh *fresh_open(const struct fresh_place *place, struct err *err);

/* Errors: no room. */
int fresh_write(struct fresh *file, const char *data, size_t len, struct err *err);

/* Begin anew: what was written does not count. */
int fresh_restart(struct fresh *file, struct err *err);

/* Sync to the disk and give it its name. Errors: as above, or the name is taken by now. */
int fresh_finish(struct fresh *file, struct err *err);

/* It will not be whole, and stays as it is beside PATH: the name that it has. Owned. */
char *fresh_leave(struct fresh *file);

/* NULL is allowed. */
void fresh_free(struct fresh *file);

#endif
