/*
 * The catalog: all files loaded, in an order that lets each refer to all others.
 *
 * First every file is read and the platform decoded, then the runbooks, then the names are
 * known and references and expressions are checked. Invariant: a problem in a runbook's file
 * marks that runbook as broken and no other.
 */
#include <stdlib.h>
#include <string.h>

#include "catalog.h"
#include "catalog_files.h"
#include "fsops/mem.h"
#include "fsops/text.h"

/* ---- reading ---- */

static const struct node *read_file(
    struct catalog *catalog, const char *path, struct problems *list)
{
	struct document *document = document_load(path, list);

	if (!document)
		return NULL;
	MEM_PUSH_ROOM(catalog->documents, catalog->document_count);
	catalog->documents[catalog->document_count++] = document; /* transferred */
	return document->root;
}

static void load_platform(struct catalog *catalog, const char *path, struct problems *list)
{
	struct decode d = {.list = list, .catalog = catalog};
	size_t errors = list->errors;
	const struct node *root;

	catalog->platform->broken = true;
	if (!path)
		return;
	catalog->platform->file = mem_text(path);
	root = read_file(catalog, path, list);
	if (root) {
		catalog->platform->broken = false; /* so that its own references are checked */
		platform_decode(&d, root, catalog->platform);
	}
	catalog->platform->broken = !root || list->errors != errors;
}

/* The name of a runbook that does not say its own. */
static char *stem(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;

	return mem_textn(name, strlen(name) - strlen(".yaml"));
}

static void load_runbook(struct catalog *catalog, const char *path, struct problems *list)
{
	struct decode d = {.list = list, .catalog = catalog};
	size_t errors = list->errors;
	const struct node *root = read_file(catalog, path, list);
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

/* ---- the whole ---- */

static void check_all(struct catalog *catalog, enum catalog_check check, struct problems *list)
{
	platform_check(catalog, list);
	for (size_t i = 0; i < catalog->runbook_count && check == CATALOG_CHECK_ALL; i++)
		runbook_check(catalog, catalog->runbooks[i], list);
}

struct catalog *catalog_load(const struct catalog_paths *paths, struct problems *problems)
{
	struct catalog *catalog = mem_alloc(sizeof(*catalog));
	struct catalog_files files;

	catalog->platform = mem_alloc(sizeof(*catalog->platform));
	catalog->index = mem_alloc(sizeof(*catalog->index));
	catalog_files_find(paths, &files, problems);
	catalog->folder = mem_text(files.folder);
	load_platform(catalog, files.platform, problems);
	for (size_t i = 0; i < files.count; i++)
		load_runbook(catalog, files.items[i], problems);
	if (catalog->runbook_count)
		qsort(
		    catalog->runbooks, catalog->runbook_count, sizeof(*catalog->runbooks), by_name);
	for (size_t i = 0; i < catalog->runbook_count; i++)
		put_names(catalog, catalog->runbooks[i], problems);
	check_all(catalog, paths->check, problems);
	problems_sort(problems);
	catalog_files_release(&files);
	return catalog;
}

void catalog_free(struct catalog *catalog)
{
	if (!catalog)
		return;
	platform_release(catalog->platform);
	free(catalog->platform);
	for (size_t i = 0; i < catalog->runbook_count; i++) {
		runbook_release(catalog->runbooks[i]);
		free(catalog->runbooks[i]);
	}
	free(catalog->runbooks);
	for (size_t i = 0; i < catalog->document_count; i++)
		document_free(catalog->documents[i]);
	free(catalog->documents);
	free(catalog->folder);
	problems_release(&catalog->problems);
	names_release(&catalog->index->runbooks);
	names_release(&catalog->index->targets);
	names_release(&catalog->index->metrics);
	free(catalog->index);
	free(catalog);
}
