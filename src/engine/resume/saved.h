/* The file that an action saved its output in, when a run goes on. */
#ifndef FSOPS_ENGINE_SAVED_H
#define FSOPS_ENGINE_SAVED_H

#include <jansson.h>
#include <stdbool.h>

/* Is the file that SAVED, as engine/run/save.h makes it, tells of still there, whole and unchanged? That is
 * looked at: its size and its SHA-256. */
bool saved_is_whole(const json_t *saved);

#endif
