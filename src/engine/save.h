/*
 * `save:`: the full output of an action in a file, mode 0600, never over one that
 * is there, with its SHA-256.
 */
#ifndef FSOPS_ENGINE_SAVE_H
#define FSOPS_ENGINE_SAVE_H

#include <jansson.h>
#include <stddef.h>

#include "fsops/err.h"

struct save;

/* Errors: the file is there already, its folder is not, no permission. */
struct save *save_open(const char *path, struct err *err);

/* Keeps the first failure (a full disk) for save_close(). */
void save_add(struct save *save, const char *data, size_t len);

/* Another attempt begins: what the one before it printed does not count. */
void save_restart(struct save *save);

/* Flush to disk and free. {"path", "bytes", "sha256"}, a new object; NULL and ERR when not
 * everything could be written: the incomplete file is left, and said to be so. */
json_t *save_close(struct save *save, struct err *err);

#endif
