/*
 * What `fsops list` shows of the runbooks, kept in STATE/list behind the very texts that it was made of: to read and
 * compare these is a small part of what it costs to parse them.
 *
 *	struct buf texts;
 *	json_t *list = kept_list_take(&paths, &texts);
 *	if (!list) { list = …; kept_list_put(&paths, &texts, list); }
 *	buf_release(&texts);
 */
#ifndef FSOPS_CLI_KEPT_LIST_H
#define FSOPS_CLI_KEPT_LIST_H

#include <jansson.h>

#include "fsops/buf.h"
#include "fsops/model.h"

/* As runbook_list_of(), a new object. NULL: there is none, or the files, or this program, are others by now. TEXTS, new,
 * are those that are there; empty: they cannot be read, or may not be used. */
json_t *kept_list_take(const struct catalog_paths *paths, struct buf *texts);

/* Keep LIST, which was made of files without any problem, unless TEXTS are no longer what is there. That it cannot be
 * kept is no error. */
void kept_list_put(const struct catalog_paths *paths, const struct buf *texts, const json_t *list);

#endif
