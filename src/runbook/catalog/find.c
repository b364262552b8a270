/* Finding a runbook by what somebody typed. A broken one is never given out. */
#include <stdlib.h>
#include <string.h>

#include "catalog.h"
#include "fsops/buf.h"
#include "fsops/mem.h"
#include "fsops/text.h"

bool runbook_is_called(const struct runbook *runbook, const char *name)
{
	if (strcmp(runbook->name, name) == 0)
		return true;
	for (size_t i = 0; i < runbook->alias_count; i++)
		if (strcmp(runbook->aliases[i], name) == 0)
			return true;
	return false;
}

static bool has_prefix(const struct runbook *runbook, const char *prefix)
{
	size_t len = strlen(prefix);

	if (strncmp(runbook->name, prefix, len) == 0)
		return true;
	for (size_t i = 0; i < runbook->alias_count; i++)
		if (strncmp(runbook->aliases[i], prefix, len) == 0)
			return true;
	return false;
}

static int ambiguous(const struct catalog *catalog, const char *name, struct err *err)
{
	struct buf text;

	buf_init(&text, ERR_TEXT_MAX / 2);
	for (size_t i = 0; i < catalog->runbook_count; i++)
		if (has_prefix(catalog->runbooks[i], name))
			buf_addf(&text, "%s%s", text.len ? ", " : "", catalog->runbooks[i]->name);
	err_set(err, ERR_USAGE, "'%s' can be %s; say which", name, text.data);
	buf_release(&text);
	return -1;
}

static int no_such_name(const struct catalog *catalog, const char *name, struct err *err)
{
	size_t max = catalog->index->runbooks.count;
	const char **names = mem_alloc((max + 1) * sizeof(*names));
	size_t count = 0;
	const char *near;

	for (size_t i = 0; i < catalog->index->runbooks.cap; i++)
		if (catalog->index->runbooks.slots[i].name)
			names[count++] = catalog->index->runbooks.slots[i].name;
	near = text_nearest(name, names, count);
	free(names);
	return err_set(err, ERR_USAGE, "there is no runbook '%s'%s%s%s", name,
	    near ? "; did you mean '" : "; `fsops list` shows all", near ? near : "",
	    near ? "'?" : "");
}

static struct runbook *by_prefix(const struct catalog *catalog, const char *name, struct err *err)
{
	struct runbook *found = NULL;
	size_t count = 0;

	for (size_t i = 0; i < catalog->runbook_count && *name; i++) {
		if (has_prefix(catalog->runbooks[i], name)) {
			found = catalog->runbooks[i];
			count++;
		}
	}
	if (count == 1)
		return found;
	if (count)
		ambiguous(catalog, name, err);
	else
		no_such_name(catalog, name, err);
	return NULL;
}

/* Unless CATALOG_CHECK_ALL, this is the first that looks into its expressions. What is found goes to
 * the catalog's own problems, but not at once: those of files that are read meanwhile are not its. */
static void check(struct catalog *catalog, struct runbook *runbook)
{
	struct problems found = {0};

	if (runbook->checked)
		return;
	runbook_check(catalog, runbook, &found);
	problems_append(&catalog->problems, &found);
	problems_sort(&catalog->problems);
	problems_release(&found);
}

/* A mistake has a place; that the whole file is not used has none, and names the file itself. */
static int refuse_for(const struct runbook *runbook, const struct problem *item, struct err *err)
{
	if (item->line)
		return err_set(err, ERR_INPUT, "'%s' cannot be used: %s:%d:%d: %s", runbook->name,
		    item->file, item->line, item->col, item->text);
	return err_set(
	    err, ERR_INPUT, "'%s' cannot be used: %s: %s", runbook->name, item->file, item->text);
}

static int refuse(const struct catalog *catalog, const struct runbook *runbook, struct err *err)
{
	for (size_t i = 0; i < catalog->problems.count; i++) {
		const struct problem *item = &catalog->problems.items[i];

		if (strcmp(item->file, runbook->file) == 0)
			return refuse_for(runbook, item, err);
	}
	return err_set(err, ERR_INPUT, "'%s' cannot be used: %s has mistakes, which were listed",
	    runbook->name, runbook->file);
}

const struct runbook *catalog_find(const struct catalog *catalog, const char *name, struct err *err)
{
	struct catalog *rest = (struct catalog *)catalog; /* only adds what was left for later */
	struct runbook *runbook = catalog_get(rest, name);

	if (!runbook)
		runbook = by_prefix(catalog, name, err);
	if (!runbook)
		return NULL;
	check(rest, runbook);
	if (!runbook->broken)
		return runbook;
	refuse(catalog, runbook, err);
	return NULL;
}
