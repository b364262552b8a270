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

#define SUFFIX ".yaml"

/* ---- one file ---- */

const struct node *catalog_read_file(
    struct catalog *catalog, const char *path, struct problems *list)
{
	struct document *document = document_load(path, list);

	if (!document)
		return NULL;
	MEM_PUSH_ROOM(catalog->documents, catalog->document_count);
	catalog->documents[catalog->document_count++] = document; /* transferred */
	return document->root;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* The name of a runbook that does not say its own. */
static char *stem(const char *path)
{
	const char *name = base_name(path);

	return mem_textn(name, strlen(name) - strlen(SUFFIX));
}

static void load_runbook(struct catalog *catalog, const char *path, struct problems *list)
{
	struct decode d = {.list = list, .catalog = catalog};
	size_t errors = list->errors;
	const struct node *root = catalog_read_file(catalog, path, list);
	struct runbook *runbook;

	if (root && node_get(root, "platform") && !node_get(root, "runbook"))
		return; /* another platform's file: -P names it */
	runbook = mem_alloc(sizeof(*runbook));
	runbook->file = mem_text(path);
	runbook->pos = (struct pos){runbook->file, 0, 0};
	if (root)
		runbook_decode(&d, root, runbook);
	if (!runbook->name)
		runbook->name = stem(path);
	if (!runbook->title)
		runbook->title = mem_text(runbook->name);
	runbook->broken = list->errors != errors;
	MEM_PUSH_ROOM(catalog->runbooks, catalog->runbook_count);
	catalog->runbooks[catalog->runbook_count++] = runbook; /* transferred */
}

/* ---- names ---- */

/* Two runbooks of one name: neither may be run, for nobody knows which is meant. */
static void put_name(struct catalog *catalog, struct runbook *runbook, const char *name,
    const struct node *node, struct problems *list)
{
	const struct runbook *first = names_put(&catalog->index->runbooks, name, runbook);

	if (!first || (first == runbook && node == NULL))
		return;
	problem_add(list, PROBLEM_ERROR, node ? node->pos : runbook->pos,
	    "the name '%s' is taken: %s has it too", name, first->file);
	runbook->broken = true;
	((struct runbook *)first)->broken = true;
}

static void put_names(struct catalog *catalog, struct runbook *runbook, struct problems *list)
{
	const struct node *aliases = runbook->node ? node_get(runbook->node, "aliases") : NULL;

	put_name(catalog, runbook, runbook->name,
	    runbook->node ? node_get(runbook->node, "runbook") : NULL, list);
	for (size_t i = 0; i < runbook->alias_count; i++)
		put_name(catalog, runbook, runbook->aliases[i],
		    aliases->count == runbook->alias_count ? aliases->items[i] : aliases, list);
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
	if (*file)
		load_runbook(catalog, *file, list);
	free(*file);
	*file = NULL;
}

void catalog_read_all(struct catalog *catalog, struct problems *list)
{
	struct catalog_files *files = &catalog->index->files;
	size_t first = catalog->runbook_count;

	for (size_t i = 0; i < files->count; i++)
		read_waiting(catalog, &files->items[i], list);
	files->count = 0;
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
