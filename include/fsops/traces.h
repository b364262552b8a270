/*
 * What a process leaves running when it is killed: known by others, afterwards.
 *
 * Before a process starts what must not go on unseen, it notes where it stands:
 *
 *	json_t *traces = traces_begin();        // {"boot", "ns", "pid", "mark", "ticks", "groups"}
 *	traces_add(traces, pid);                // each command that was started since, at once
 *	… kept where others can read it
 *
 * When it has died, another process of this machine tells from that note whether anything that it
 * had started since still runs (traces_look): by the marks and the FSOPS_CALL that descendants
 * inherit (child.h), and by process groups for those that cannot be looked into (sudo).
 */
#ifndef FSOPS_TRACES_H
#define FSOPS_TRACES_H

#include <jansson.h>
#include <stdbool.h>

#include "fsops/buf.h"

/* {"boot", "ns", "pid"}: this start of the machine, the process numbers that are seen from here,
 * and ours among them. What the system does not tell (no /proc) is not there. A new object. */
json_t *traces_here(void);

/* The same, and from where on what we start counts. */
json_t *traces_begin(void);
/* A command was started: its process, which leads a group of its own. */
void traces_add(json_t *traces, int pid);

/* Whether they were noted under this kernel since it was started; false as well when that is not
 * known. */
bool traces_same_boot(const json_t *traces);
/* The same machine was started anew since, so that nothing of it runs. SAME_HOST: by its name. */
bool traces_rebooted(const json_t *traces, bool same_host);

enum traces_left {
	TRACES_NONE,
	TRACES_SOME,
	TRACES_UNSEEN, /* other process numbers than ours, or a system that does not tell */
};
/* The process itself must be dead. OUT gets a name or two of what still runs: "pid 12: sleep 8". */
enum traces_left traces_look(const json_t *traces, struct buf *out);

#endif
