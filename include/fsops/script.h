/*
 * What can be read of a shell script without being a shell: the pipes in it.
 *
 * `a | b` ends with the status of b alone (POSIX XCU 2.9.2): that a failed is nobody's business,
 * unless the shell has `set -o pipefail` (POSIX since 2024; dash before 0.5.13 has it not).
 */
#ifndef FSOPS_SCRIPT_H
#define FSOPS_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>

/* Whether SCRIPT has a pipe that drops the status of a command that may fail; AT (NULL: not wanted)
 * gets the offset of its `|`. Not one that only echo, printf, true, yes or seq write into, nor one
 * that `|| true` is said of, nor any when the script itself speaks of pipefail or PIPESTATUS. */
bool script_drops_status(const char *script, size_t *at);

/* Put before a script so that a pipe fails when any part of it does, where sh can do so. It is one
 * line without an end, so that the shell's line numbers stay the script's. */
#define SCRIPT_PIPEFAIL "(set -o pipefail) 2>/dev/null && set -o pipefail; "

#endif
