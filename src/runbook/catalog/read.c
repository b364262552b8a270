/*
 * Reading runbooks' files: all at once, or each when a name asks for it.
 *
 * Invariant: every runbook that was read has its names in the index, unless an earlier one
 * had them, which is a problem of both; a file is read once at most. A file is taken to hold
 * the runbook that it is called after until it is read; if that is not so, all others are read.
 */
#include <stdlib.h>
#include <string.h>

#include "catalog.h"
#include "fsops/mem.h"
#include "runbook/load.h"

#define SUFFIX ".yaml"

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* What was read becomes the catalog's. */
static void adopt(struct catalog *catalog, struct loaded *loaded, struct problems *list)
{
	catalog_keep(catalog, loaded->document);
	problems_append(list, &loaded->problems);
	problems_release(&loaded->problems);
	if (!loaded->runbook)
		return; /* the file is another platform's: -P names it */
	MEM_PUSH_ROOM(catalog->runbooks, catalog->runbook_count);
	catalog->runbooks[catalog->runbook_count++] = loaded->runbook; /* transferred */
}

/* ---- names ---- */

/* Two runbooks of one name: neither may be run, for nobody knows which is meant. */
static void put_name(struct catalog *catalog, struct runbook *runbook, const char *name,
    const struct node *node, struct problems *list)
{
	const struct runbook *first = names_put(&catalog->index->runbooks, name, runbook);

	if (!first)
		return;
	problem_add(list, PROBLEM_ERROR, node ? node->pos : runbook->pos,
	    "the name '%s' is taken: %s has it too", name, first->file);
	runbook->broken = true;
	((struct runbook *)first)->broken = true;
}

/* The place of an alias: its own, unless some of them were no names and left out. */
static const struct node *alias_node(const struct runbook *runbook, size_t i)
{
	const struct node *aliases = node_get(runbook->node, "aliases");

	return aliases && aliases->count == runbook->alias_count ? aliases->items[i] : aliases;
}

static void put_names(struct catalog *catalog, struct runbook *runbook, struct problems *list)
{
	const struct node *name = runbook->node ? node_get(runbook->node, "runbook") : NULL;

	put_name(catalog, runbook, runbook->name, name, list);
	for (size_t i = 0; i < runbook->alias_count; i++)
		put_name(catalog, runbook, runbook->aliases[i], alias_node(runbook, i), list);
}

static int by_name(const void *left, const void *right)
{
	const struct runbook *a = *(struct runbook *const *)left;
	const struct runbook *b = *(struct runbook *const *)right;
	int names = strcmp(a->name, b->name);

	return names ? names : strcmp(a->file, b->file);
}

/* The runbooks from FIRST on are new: they take their names in the order of these. */
static void name_new(struct catalog *catalog, size_t first, struct problems *list)
{
	struct runbook **runbooks = catalog->runbooks;

	if (first == catalog->runbook_count)
		return;
	qsort(runbooks + first, catalog->runbook_count - first, sizeof(*runbooks), by_name);
	for (size_t i = first; i < catalog->runbook_count; i++)
		put_names(catalog, runbooks[i], list);
	qsort(runbooks, catalog->runbook_count, sizeof(*runbooks), by_name);
}

/* ---- which and when ---- */

/* The file that is called after NAME and has not been read, or NULL. */
static char **waiting_file(const struct catalog *catalog, const char *name)
{
	const struct catalog_files *files = &catalog->index->files;
	size_t len = strlen(name);

	for (size_t i = 0; i < files->count; i++) {
		const char *file = files->items[i] ? base_name(files->items[i]) : "";

		if (strncmp(file, name, len) == 0 && strcmp(file + len, SUFFIX) == 0)
			return &files->items[i];
	}
	return NULL;
}

static void read_waiting(struct catalog *catalog, char **file, struct problems *list)
{
	struct loaded loaded = {.file = *file};

	load_file(catalog, &loaded);
	adopt(catalog, &loaded, list);
	free(*file);
	*file = NULL;
}

void catalog_read_all(struct catalog *catalog, struct problems *list)
{
	struct catalog_files *files = &catalog->index->files;
	struct loaded *loaded = mem_alloc((files->count + 1) * sizeof(*loaded));
	size_t first = catalog->runbook_count;
	size_t count = 0;

	for (size_t i = 0; i < files->count; i++)
		if (files->items[i])
			loaded[count++].file = files->items[i];
	load_files(catalog, loaded, count);
	for (size_t i = 0; i < count; i++)
		adopt(catalog, &loaded[i], list);
	for (size_t i = 0; i < files->count; i++)
		free(files->items[i]);
	files->count = 0;
	free(loaded);
	name_new(catalog, first, list);
}

bool catalog_has(const struct catalog *catalog, const char *name)
{
	return names_get(&catalog->index->runbooks, name) || waiting_file(catalog, name);
}

struct runbook *catalog_get(struct catalog *catalog, const char *name)
{
	const struct names *names = &catalog->index->runbooks;
	char **file = names_get(names, name) ? NULL : waiting_file(catalog, name);
	size_t first = catalog->runbook_count;

	if (file) {
		read_waiting(catalog, file, &catalog->problems);
		name_new(catalog, first, &catalog->problems);
	}
	if (!names_get(names, name))
		catalog_read_all(catalog, &catalog->problems);
	return (struct runbook *)names_get(names, name);
}
