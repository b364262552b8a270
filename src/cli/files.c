/* The runbooks and the platform, loaded for a command. Invariant: what a command gets is usable:
 * the platform is whole, and so is the runbook that was asked for. */
#include "command.h"

#include <stdlib.h>

#include "fsops/mem.h"
#include "fsops/text.h"

static size_t count_broken(const struct catalog *catalog)
{
	size_t broken = 0;

	for (size_t i = 0; i < catalog->runbook_count; i++)
		broken += catalog->runbooks[i]->broken;
	return broken;
}

/* A name that is not found may be in a file that could not be read. */
static void warn_broken(const struct cli *cli, const struct catalog *catalog)
{
	size_t broken = count_broken(catalog);

	if (broken && !cli->options.quiet)
		complain("warning: %zu runbook%s problems: `fsops lint` shows them", broken,
		    broken == 1 ? " has" : "s have");
}

/* Everything that was found, in both places, with one count. */
static void complain_all(struct problems *loaded, const struct problems *found)
{
	problems_append(loaded, found);
	problems_sort(loaded);
	complain_problems(loaded);
}

static int find_wanted(struct cli *cli, const struct catalog *catalog, const char *wanted,
    const struct runbook **runbook, struct problems *problems)
{
	struct err err;

	*runbook = catalog_find(catalog, wanted, &err);
	if (*runbook)
		return 0;
	if (err.kind == ERR_INPUT)
		complain_all(problems, &catalog->problems);
	else
		warn_broken(cli, catalog);
	return complain_err(&err);
}

struct catalog *cli_load(
    struct cli *cli, const char *wanted, const struct runbook **runbook, int *status)
{
	const struct catalog_paths paths = {
	    .platform = cli->options.platform,
	    .runbooks = cli->options.runbooks,
	    .check = CATALOG_READ_FOUND,
	};
	struct problems problems = {0};
	struct catalog *catalog = catalog_load(&paths, &problems);

	*status = 0;
	if (catalog->platform->broken) {
		complain_all(&problems, &catalog->problems);
		*status = EXIT_BAD_FILE;
	} else if (wanted && runbook) {
		*status = find_wanted(cli, catalog, wanted, runbook, &problems);
	}
	problems_release(&problems);
	if (*status == 0)
		return catalog;
	catalog_free(catalog);
	return NULL;
}

int cli_pick_key(const struct cli *cli, const json_t *map, const char *what, const char **key)
{
	const char **keys;
	struct err err;
	size_t count = 0;
	int found;

	*key = NULL;
	if (!cli->arg_count)
		return 0;
	keys = mem_alloc((json_object_size(map) + 1) * sizeof(*keys));
	for (void *at = json_object_iter((json_t *)map); at;
	     at = json_object_iter_next((json_t *)map, at))
		keys[count++] = json_object_iter_key(at);
	found = text_pick(cli->args[0], keys, count, what, &err);
	if (found >= 0)
		*key = keys[found];
	else
		complain_err(&err);
	free(keys);
	return found < 0 ? -1 : 0;
}
