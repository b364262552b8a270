/* `fsops run`: plan a runbook, then print the plan or run it. Invariant: the plan that is printed
 * and the plan that is run come from the same call. */
#include "cli/command.h"

#include <string.h>

#include "cli/run_plan.h"
#include "cli/var_environment.h"
#include "fsops/plan.h"

static int run_run(struct cli *cli);

const struct command command_run = {
    .name = "run",
    .usage = "RUNBOOK [OPTIONS]",
    .help = "run a runbook; --dry-run prints what it would do",
    .about = "Runs a runbook step by step. Reads just run. A change is shown as the exact command\n"
             "and asked for; without a terminal it needs -y. Destruction wants the name typed, or\n"
             "--yes-destroy.",
    .options = OPTIONS_COMMON | OPTION_BIT(OPTION_FORMAT) | OPTION_BIT(OPTION_DRY_RUN) |
               OPTION_BIT(OPTION_CHECK) | OPTION_BIT(OPTION_YES) | OPTION_BIT(OPTION_YES_DESTROY) |
               OPTION_BIT(OPTION_TAKE_OVER) | OPTION_BIT(OPTION_VAR) | OPTION_BIT(OPTION_FROM) |
               OPTION_BIT(OPTION_ONLY) | OPTION_BIT(OPTION_REPORT) | OPTION_BIT(OPTION_JUNIT) |
               OPTION_BIT(OPTION_IF_DUE),
    .formats = "text or json (one event a line)",
    .args_min = 1,
    .args_max = 1,
    .examples = "fsops run high-error-rate --dry-run\tsee every command first\n"
                "fsops run high-error-rate\trun it, asking before each change\n",
    .statuses = "0\tok: all that ran passed, metrics inside their baseline\n"
                "1\ta warning\n"
                "2\tcritical: a step failed or timed out, or a metric is critical\n"
                "3\tsomething could not be evaluated\n"
                "64\twrong usage: no such runbook, option or variable\n"
                "65\tthe runbook or the platform file is wrong\n"
                "75\tanother run may change the same things\n"
                "77\tit holds changes, and there is nobody to ask\n"
                "130\tstopped by Ctrl-C (143: by SIGTERM)\n",
    .run = run_run,
};

static int dry_run(struct cli *cli, const struct plan *plan)
{
	const char *format = cli->options.dry_run;
	struct buf text;

	buf_init(&text, UI_TEXT_MAX);
	if (strcmp(format, "json") == 0)
		print_plan_json(&text, plan);
	else if (strcmp(format, "sh") == 0)
		print_plan_sh(&text, plan);
	else
		print_plan_text(&text, plan, &cli->look);
	return cli_print(cli, &text, EXIT_OK);
}

/* `--format json` makes a plain --dry-run one in JSON; the two must not contradict each other. */
static int settle_dry_run(struct options *options, struct err *err)
{
	const char *form = options->dry_run;
	bool json;

	if (form && (options->reports.count || options->junit))
		return err_set(err, ERR_USAGE,
		    "--dry-run runs nothing, so that there is nothing to report: leave out --%s",
		    options->reports.count ? "report" : "junit");
	if (!form || !options->format)
		return 0;
	json = strcmp(options->format, "json") == 0;
	/* Only without a value of its own it is the table's. */
	if (json && form == option_table[OPTION_DRY_RUN].otherwise)
		options->dry_run = "json";
	else if (json != (strcmp(form, "json") == 0))
		return err_set(err, ERR_USAGE,
		    "--dry-run=%s and --format %s contradict each other: leave one out", form,
		    options->format);
	return 0;
}

int cli_run(struct cli *cli, const struct catalog *catalog, const struct runbook *runbook)
{
	const struct plan_options options = {
	    .vars = cli->options.vars.items,
	    .var_count = cli->options.vars.count,
	    .found = cli->options.found,
	    .from = cli->options.from,
	    .only = cli->options.only.items,
	    .only_count = cli->options.only.count,
	    .script = cli->options.dry_run && strcmp(cli->options.dry_run, "sh") == 0,
	};
	struct err err;
	struct plan *plan = plan_new(catalog, runbook, &options, &err);
	bool begin = false;
	int status;

	var_environment_warn(catalog->platform, runbook);
	if (!plan)
		return complain_err(&err);
	if (cli->options.dry_run)
		status = dry_run(cli, plan);
	else
		status = cli_due_begin(cli, plan, &begin);
	if (begin)
		status = cli_run_plan(cli, plan, NULL);
	cli_due_end(cli);
	plan_free(plan);
	return status;
}

static int run_run(struct cli *cli)
{
	const struct runbook *runbook;
	struct catalog *catalog;
	struct err err;
	bool due = true;
	int status;

	if (settle_dry_run(&cli->options, &err) < 0)
		return complain_err(&err);
	catalog = cli_load(cli, cli->args[0], &runbook, &status);
	if (!catalog)
		return status;
	if (cli->options.if_due)
		status = cli_due(cli, runbook, &due);
	if (status == EXIT_OK && due)
		status = cli_run(cli, catalog, runbook);
	catalog_free(catalog);
	return status;
}
