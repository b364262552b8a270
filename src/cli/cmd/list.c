/* `fsops list`: the runbooks there are. Invariant: a broken runbook is listed as broken, never
 * left out; its problems are all printed. */
#include "cli/command.h"

#include <string.h>

#include "fsops/history.h"

static int list_run(struct cli *cli);

const struct command command_list = {
    .name = "list",
    .usage = "[OPTIONS]",
    .help = "the runbooks: name, title, severity, budget in all, schedule, last run",
    .about = "Lists every runbook found. A runbook that has problems is listed as broken, and its\n"
             "problems are printed on stderr.",
    .options = OPTIONS_COMMON | OPTION_BIT(OPTION_FORMAT),
    .formats = "text or json",
    .examples = "fsops list\twhat can be run here\n"
                "fsops list --format json\tthe same for a program\n",
    .statuses = "0\teverything could be read\n"
                "65\ta runbook or platform file is wrong\n",
    .run = list_run,
};

/* Until every runbook has one: then older runs need not be looked at. */
struct lasts {
	const struct catalog *catalog;
	json_t *by_name;
	size_t wanted;
};

static bool is_in(const struct catalog *catalog, const char *name)
{
	for (size_t i = 0; i < catalog->runbook_count; i++)
		if (strcmp(catalog->runbooks[i]->name, name) == 0)
			return true;
	return false;
}

static bool take_last(void *ctx, const struct history_entry *entry)
{
	struct lasts *lasts = ctx;

	if (!json_object_get(lasts->by_name, entry->runbook) &&
	    is_in(lasts->catalog, entry->runbook))
		json_object_set_new(lasts->by_name, entry->runbook, history_object(entry));
	return json_object_size(lasts->by_name) < lasts->wanted;
}

/* A history that cannot be read (NULL) is no reason not to list the runbooks. */
static json_t *last_runs(const struct catalog *catalog)
{
	const struct history_filter filter = {.platform = catalog->platform->name};
	struct lasts lasts = {catalog, json_object(), catalog->runbook_count};
	struct err err;

	if (lasts.wanted && history_each(&filter, take_last, &lasts, &err) < 0) {
		complain("warning: %s", err.text);
		json_decref(lasts.by_name);
		return NULL;
	}
	return lasts.by_name;
}

static int list_run(struct cli *cli)
{
	const struct catalog_paths paths = {
	    .platform = cli->options.platform,
	    .runbooks = cli->options.runbooks,
	    .check = CATALOG_CHECK_FOUND,
	};
	struct problems problems = {0};
	struct catalog *catalog = catalog_load(&paths, &problems);
	int status = problems.errors ? EXIT_BAD_FILE : EXIT_OK;
	json_t *last = last_runs(catalog);
	struct buf text;

	buf_init(&text, UI_TEXT_MAX);
	if (cli_format(cli, "json"))
		print_list_json(&text, catalog, last);
	else
		print_list_text(
		    &text, catalog, last, clock_system.wall(clock_system.ctx), &cli->look);
	status = cli_print(cli, &text, status);
	json_decref(last);
	if (problems.errors || cli->options.verbose)
		complain_problems(&problems);
	catalog_free(catalog);
	problems_release(&problems);
	return status;
}
