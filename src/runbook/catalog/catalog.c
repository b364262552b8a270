/*
 * The catalog: the files loaded, in an order that lets each refer to all others.
 *
 * First the platform is read and decoded, then the runbooks, then the names are known and
 * references and expressions are checked. Invariant: a problem in a runbook's file marks that
 * runbook as broken and no other.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "catalog.h"
#include "fsops/mem.h"

/* ---- reading ---- */

void catalog_keep(struct catalog *catalog, struct document *document)
{
	if (!document)
		return;
	MEM_PUSH_ROOM(catalog->documents, catalog->document_count);
	catalog->documents[catalog->document_count++] = document; /* transferred */
}

static void load_platform(struct catalog *catalog, struct problems *list)
{
	const struct catalog_files *files = &catalog->index->files;
	struct decode d = {.list = list, .catalog = catalog};
	size_t errors = list->errors;
	struct document *document;

	catalog->platform->broken = true;
	if (!files->platform)
		return;
	catalog->platform->file = mem_text(files->platform);
	document = document_load_checked(files->platform,
	    files->unchecked ? NULL : catalog_file_check, &files->platform_rule, list);
	catalog_keep(catalog, document);
	if (document) {
		catalog->platform->broken = false; /* so that its own references are checked */
		platform_decode(&d, document->root, catalog->platform);
	}
	/* Whose folder may not be used may not be meant: its platform alone is not gone on with. */
	catalog->platform->broken = list->errors != errors || files->refused;
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
	struct catalog_files *files;

	catalog->platform = mem_alloc(sizeof(*catalog->platform));
	catalog->index = mem_alloc(sizeof(*catalog->index));
	files = &catalog->index->files;
	catalog_files_find(paths, files, problems);
	catalog->folder = mem_text(files->folder);
	catalog->refused = mem_text(files->refused);
	catalog->folder_from = files->from;
	catalog->platform->runbooks = files->folder ? mem_realpath(files->folder) : NULL;
	load_platform(catalog, problems);
	if (paths->check != CATALOG_READ_FOUND)
		catalog_read_all(catalog, problems);
	check_all(catalog, paths->check, problems);
	problems_sort(problems);
	return catalog;
}

/* ---- what would not be used ---- */

static void warn_of_file(const struct catalog *catalog, const char *file, struct problems *list)
{
	const struct catalog_files *files = &catalog->index->files;
	bool platform = files->platform && strcmp(files->platform, file) == 0;
	struct err err;

	if (access(file, F_OK) == 0 &&
	    catalog_file_check(-1, file, platform ? &files->platform_rule : &files->rule, &err) < 0)
		problem_add(list, PROBLEM_WARNING, (struct pos){file, 0, 0}, "%s", err.text);
}

/* What is in a folder that is not used needs no line of its own. */
void catalog_warn_unused(const struct catalog *catalog, const char *named, struct problems *list)
{
	struct catalog_files *files = &catalog->index->files;
	struct err err;

	if (named) {
		warn_of_file(catalog, named, list);
		return;
	}
	if (files->folder && catalog_folder_check(files, &err) < 0) {
		problem_add(
		    list, PROBLEM_WARNING, (struct pos){files->folder, 0, 0}, "%s", err.text);
		return;
	}
	for (size_t i = 0; i < catalog->document_count; i++)
		warn_of_file(catalog, catalog->documents[i]->file, list);
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
	free(catalog->refused);
	problems_release(&catalog->problems);
	catalog_files_release(&catalog->index->files);
	names_release(&catalog->index->runbooks);
	names_release(&catalog->index->targets);
	names_release(&catalog->index->metrics);
	free(catalog->index);
	free(catalog);
}
