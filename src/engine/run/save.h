/*
 * `save:`: the full output of an action in a file, mode 0600, never over one that is there, with
 * its SHA-256. Output that was cut short is kept beside it, under a name that says so.
 */
#ifndef FSOPS_ENGINE_SAVE_H
#define FSOPS_ENGINE_SAVE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "fsops/err.h"

struct save;

/* The last folder of PATH is made (mode 0700) when it is not there: one for each incident, say. FIXED: as
 * of struct fresh_place. Errors: the file is there already, the folder above it is not, no permission. */
struct save *save_open(const char *path, size_t fixed, struct err *err);

/* Keeps the first failure (a full disk) for save_close(). */
void save_add(struct save *save, const char *data, size_t len);

/* Another attempt begins: what the one before it printed does not count. */
void save_restart(struct save *save);

/*
 * Flush to the disk and free. WHOLE: the output came to its end. SAVED becomes {"path", "bytes",
 * "sha256", "complete"}, a new object, of what is there now; NULL when that is nothing. -1 and ERR
 * when not everything could be written.
 */
int save_close(struct save *save, bool whole, json_t **saved, struct err *err);

#endif
