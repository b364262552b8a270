/* `fsops list`: the runbooks there are. Invariant: a broken runbook is listed as broken, never
 * left out; its problems are all printed. */
#include "cli/command.h"

#include <string.h>

#include "cli/kept_list.h"
#include "fsops/history.h"
#include "fsops/value.h"

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
	const json_t *rows;
	json_t *by_name;
};

static bool is_in(const json_t *rows, const char *name)
{
	for (size_t i = 0; i < json_array_size(rows); i++)
		if (strcmp(value_get_text(json_array_get(rows, i), "name"), name) == 0)
			return true;
	return false;
}

static bool take_last(void *ctx, const struct history_entry *entry)
{
	struct lasts *lasts = ctx;

	if (!json_object_get(lasts->by_name, entry->runbook) && is_in(lasts->rows, entry->runbook))
		json_object_set_new(lasts->by_name, entry->runbook, history_object(entry));
	return json_object_size(lasts->by_name) < json_array_size(lasts->rows);
}

/* A history that cannot be read (NULL) is no reason not to list the runbooks. */
static json_t *last_runs(const json_t *list)
{
	const struct history_filter filter = {.platform = value_get_text(list, "platform")};
	struct lasts lasts = {json_object_get(list, "rows"), json_object()};
	struct err err;

	if (json_array_size(lasts.rows) && history_each(&filter, take_last, &lasts, &err) < 0) {
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
	struct buf texts;
	json_t *list = kept_list_take(&paths, &texts);
	struct catalog *catalog = list ? NULL : catalog_load(&paths, &problems);
	int status = problems.errors ? EXIT_BAD_FILE : EXIT_OK;
	struct buf text;
	json_t *last;

	if (catalog)
		list = runbook_list_of(catalog);
	if (catalog && !problems.count)
		kept_list_put(&paths, &texts, list);
	last = last_runs(list);
	buf_init(&text, UI_TEXT_MAX);
	if (cli_format(cli, "json"))
		print_list_json(&text, list, last);
	else
		print_list_text(&text, list, last, clock_system.wall(clock_system.ctx), &cli->look);
	status = cli_print(cli, &text, status);
	buf_release(&texts);
	json_decref(last);
	json_decref(list);
	if (problems.errors || cli->options.verbose)
		complain_problems(&problems);
	catalog_free(catalog);
	problems_release(&problems);
	return status;
}
