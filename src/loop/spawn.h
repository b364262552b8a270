/* Starting one process: look-up in PATH, environment, posix_spawn, and a sentence when it fails. */
#ifndef FSOPS_LOOP_SPAWN_H
#define FSOPS_LOOP_SPAWN_H

#include "fsops/child.h"

/* Start SPEC's command in a process group of its own, with default signals. FDS are its standard
 * input (-1: /dev/null), output and error. CALL is the value of FSOPS_CALL. */
int spawn_command(
    const struct child_spec *spec, const char *call, const int fds[3], int *pid, struct err *err);

#endif
