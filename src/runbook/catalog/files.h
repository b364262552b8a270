/* Which files are read: the folder of the runbooks, the platform's file, and what is in the folder. */
#ifndef FSOPS_RUNBOOK_CATALOG_FILES_H
#define FSOPS_RUNBOOK_CATALOG_FILES_H

#include "fsops/model.h"
#include "fsops/trust.h"

struct catalog_files {
	char *folder;           /* or NULL: none was found */
	char *refused;          /* the one that was found and may not be used, or NULL */
	const char *from;       /* who said where it is: "-R", "here"; NULL: none was found */
	struct trust_rule rule; /* of the files in it */
	struct trust_rule platform_rule; /* of the platform's */
	bool unchecked;                  /* whoever may write them */
	char *platform;                  /* never NULL when there is a folder or a -P */
	char **items;                    /* the runbooks' files, sorted */
	size_t count;
};

void catalog_files_find(
    const struct catalog_paths *paths, struct catalog_files *out, struct problems *list);
/* May the folder be used? Sets the rule of the files in it: they may belong to whom the folder belongs to, if
 * somebody named it. */
int catalog_folder_check(struct catalog_files *files, struct err *err);
/* May what is read from PATH be used? As buf_check_fn: CTX is a struct trust_rule. */
int catalog_file_check(int fd, const char *path, const void *ctx, struct err *err);
void catalog_files_release(struct catalog_files *files);

#endif
