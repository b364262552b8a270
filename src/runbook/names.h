/*
 * Names to things: a hash table over borrowed texts, so that no check of a large
 * file looks through a list once for each of its names.
 */
#ifndef FSOPS_RUNBOOK_NAMES_H
#define FSOPS_RUNBOOK_NAMES_H

#include <stddef.h>

struct names_slot {
	const char *name; /* borrowed; NULL: free */
	const void *thing;
};

/* All zero is an empty table. */
struct names {
	struct names_slot *slots;
	size_t cap; /* a power of two, or 0 */
	size_t count;
};

/* Put THING (not NULL) under NAME, unless there is one already: then that is returned, else NULL. */
const void *names_put(struct names *names, const char *name, const void *thing);
/* The same, but THING takes the place of what was there. */
void names_set(struct names *names, const char *name, const void *thing);
const void *names_get(const struct names *names, const char *name);
void names_release(struct names *names);

#endif
