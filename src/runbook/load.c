/*
 * The runbooks' files, read and decoded by a few threads that live only here.
 *
 * Invariant: a thread writes to the `struct loaded` of the file that it took and to nothing else;
 * the catalog is only read. Adapters' parse() and effect() are functions of their arguments.
 */
#include "load.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fsops/mem.h"

#define SUFFIX           ".yaml"
#define THREADS_MAX      4
#define FILES_PER_THREAD 3 /* fewer are read sooner than a thread is made */

struct loading {
	struct catalog *catalog;
	struct loaded *loaded;
	size_t count;
	atomic_size_t next; /* the file that nobody has taken yet */
};

/* The name of a runbook that does not say its own. */
static char *stem(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	size_t len = strlen(name);
	bool suffix = len > strlen(SUFFIX) && strcmp(name + len - strlen(SUFFIX), SUFFIX) == 0;

	return mem_textn(name, suffix ? len - strlen(SUFFIX) : len);
}

static bool is_platform(const struct document *document)
{
	return document && node_get(document->root, "platform") &&
	       !node_get(document->root, "runbook");
}

void load_file(struct catalog *catalog, struct loaded *out)
{
	struct decode d = {.list = &out->problems, .catalog = catalog};
	const struct catalog_files *files = &catalog->index->files;
	struct runbook *runbook;

	out->document = document_load_checked(
	    out->file, files->unchecked ? NULL : catalog_file_check, &files->rule, &out->problems);
	if (is_platform(out->document))
		return; /* of another platform: -P names it */
	runbook = mem_alloc(sizeof(*runbook));
	runbook->file = mem_text(out->file);
	runbook->pos = (struct pos){runbook->file, 0, 0};
	if (out->document)
		runbook_decode(&d, out->document->root, runbook);
	if (!runbook->name)
		runbook->name = stem(out->file);
	if (!runbook->title)
		runbook->title = mem_text(runbook->name);
	runbook->broken = out->problems.errors > 0;
	out->runbook = runbook;
}

static void *work(void *arg)
{
	struct loading *loading = arg;
	size_t i;

	while ((i = atomic_fetch_add(&loading->next, 1)) < loading->count)
		load_file(loading->catalog, &loading->loaded[i]);
	return NULL;
}

/* How many threads besides this one are worth making. */
static size_t helpers(size_t files)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	size_t most = processors > THREADS_MAX ? THREADS_MAX
	              : processors > 0         ? (size_t)processors
	                                       : 1;
	size_t wanted = files / FILES_PER_THREAD;

	return wanted < most ? wanted : most - 1;
}

/* A thread that cannot be made is no error: the others do its work. */
void load_files(struct catalog *catalog, struct loaded *loaded, size_t count)
{
	struct loading loading = {.catalog = catalog, .loaded = loaded, .count = count};
	pthread_t threads[THREADS_MAX];
	size_t wanted = helpers(count);
	size_t made = 0;

	while (made < wanted && pthread_create(&threads[made], NULL, work, &loading) == 0)
		made++;
	work(&loading);
	for (size_t i = 0; i < made; i++)
		pthread_join(threads[i], NULL);
}
