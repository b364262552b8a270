/* `fsops list`: the runbooks there are. Invariant: a broken runbook is listed as broken, never
 * left out; its problems are all printed. */
#include "command.h"

#include <unistd.h>

static int list_run(struct cli *cli);

const struct command command_list = {
    .name = "list",
    .usage = "[OPTIONS]",
    .help = "the runbooks: name, title, severity, budget in all, schedule",
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
	struct buf text;

	buf_init(&text, UI_TEXT_MAX);
	if (cli_format(cli, "json"))
		print_list_json(&text, catalog);
	else
		print_list_text(&text, catalog, &cli->look);
	status = cli_print(cli, &text, status);
	if (problems.errors || cli->options.verbose)
		complain_problems(&problems);
	catalog_free(catalog);
	problems_release(&problems);
	return status;
}
