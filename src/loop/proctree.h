/*
 * The processes of this machine, as far as the system tells: who is whose child, and marks by
 * which a descendant is known however it tried to get away. Used by kill.c and traces.c.
 *
 * A mark is a number that a process inherits through fork, exec, setsid and a cleared
 * environment alike. Linux has no such thing on offer, so it is the soft limit RLIMIT_RTTIME,
 * set to one of its astronomically high values: that limit is only looked at for real-time
 * scheduling, and 2^62 microseconds are never reached.
 */
#ifndef FSOPS_LOOP_PROCTREE_H
#define FSOPS_LOOP_PROCTREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fsops/buf.h"

struct process {
	int pid;
	int parent;
	int group;
	char state;     /* as in /proc/PID/stat */
	bool dead;      /* a zombie: nothing of it runs */
	uint64_t start; /* in proctree_ticks() */
};

struct proctree {
	struct process *items; /* sorted by pid */
	size_t count;
};

/* All processes now. -1: the system doesn't tell (no /proc); only process groups can be used. */
int proctree_read(struct proctree *tree);
void proctree_release(struct proctree *tree);
const struct process *proctree_find(const struct proctree *tree, int pid);

/* The time of now in the unit of `start`. */
uint64_t proctree_ticks(void);

/* Descendants come back to this process when their parent dies. */
void proctree_adopt_orphans(void);

/* A mark is the process number of whoever set it and, in its low bits, how many it had set. */
#define PROCTREE_MARK_BITS 20
#define PROCTREE_MARK_MASK ((UINT64_C(1) << PROCTREE_MARK_BITS) - 1)

/* Mark this process, so that what it starts next is born with MARK (not 0). */
void proctree_mark_self(uint64_t mark);
/* The mark of a process, 0 when there is none or it can't be read. */
uint64_t proctree_mark_of(int pid);

/* Does the environment a process was started with hold this text in the variable NAME? */
bool proctree_env_has(int pid, const char *name, const char *text);
/* Its value in that environment, a new string; NULL: it has none, or it can't be read. */
char *proctree_env_get(int pid, const char *name);

/* The command line of a process as shell words; "[name]" when it has none any more. */
void proctree_command(int pid, struct buf *out);

#endif
