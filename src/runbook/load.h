/*
 * The runbooks' files, read and decoded, several at once: parsing YAML is most of what
 * starting costs, and the files know nothing of each other yet.
 */
#ifndef FSOPS_RUNBOOK_LOAD_H
#define FSOPS_RUNBOOK_LOAD_H

#include "runbook/catalog/catalog.h"

struct loaded {
	const char *file;          /* that is to be read; the rest begins as zeros */
	struct document *document; /* NULL: there is no tree */
	struct runbook *runbook;   /* NULL: the file is another platform's */
	struct problems problems;  /* in this file */
};

/* CATALOG has its platform and is only read; what was loaded is the caller's. */
void load_file(struct catalog *catalog, struct loaded *out);
void load_files(struct catalog *catalog, struct loaded *loaded, size_t count);

#endif
