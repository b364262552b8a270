/* Which files are read: the folder of the runbooks, the platform's file, and what is in the folder. */
#ifndef FSOPS_RUNBOOK_CATALOG_FILES_H
#define FSOPS_RUNBOOK_CATALOG_FILES_H

#include "fsops/model.h"

struct catalog_files {
	char *folder;   /* or NULL: none was found */
	char *platform; /* never NULL when there is a folder or a -P */
	char **items;   /* the runbooks' files, sorted */
	size_t count;
};

void catalog_files_find(
    const struct catalog_paths *paths, struct catalog_files *out, struct problems *list);
void catalog_files_release(struct catalog_files *files);

#endif
