/* `fsops show`: one runbook for reading. Invariant: the commands come from its plan, so that what
 * is read is what would run. */
#include "cli/command.h"

static int show_run(struct cli *cli);

const struct command command_show = {
    .name = "show",
    .usage = "RUNBOOK [OPTIONS]",
    .help = "one runbook for reading: symptoms, steps, budgets, effects, commands",
    .about = "Prints a runbook for a person to read. Nothing is run. A value that is known only\n"
             "during a run stands as its name, ${...}.",
    .options = OPTIONS_COMMON | OPTION_BIT(OPTION_FORMAT) | OPTION_BIT(OPTION_VAR),
    .formats = "text or json",
    .args_min = 1,
    .args_max = 1,
    .examples = "fsops show high-error-rate\twhat it would do, and when\n"
                "fsops show outage | less\tby an alias, in a pager\n",
    .statuses = "0\tshown\n"
                "64\tno such runbook, or the name is ambiguous\n"
                "65\tthe runbook or the platform file is wrong\n",
    .run = show_run,
};

static int show_plan(struct cli *cli, const struct plan *plan)
{
	struct buf text;

	buf_init(&text, UI_TEXT_MAX);
	if (cli_format(cli, "json"))
		print_plan_json(&text, plan);
	else
		print_show_text(&text, plan, &cli->look);
	return cli_print(cli, &text, EXIT_OK);
}

static int show_run(struct cli *cli)
{
	const struct plan_options options = {
	    .vars = cli->options.vars.items,
	    .var_count = cli->options.vars.count,
	    .lenient = true,
	};
	const struct runbook *runbook;
	struct catalog *catalog;
	struct plan *plan;
	struct err err;
	int status;

	catalog = cli_load(cli, cli->args[0], &runbook, &status);
	if (!catalog)
		return status;
	plan = plan_new(catalog, runbook, &options, &err);
	status = plan ? show_plan(cli, plan) : complain_err(&err);
	plan_free(plan);
	catalog_free(catalog);
	return status;
}
