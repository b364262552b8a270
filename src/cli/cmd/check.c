/* `fsops check`: the baseline metrics, measured now. Invariant: the exit status is that of the
 * worst level, whatever the format. */
#include "cli/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/run.h"
#include "fsops/text.h"

static int check_run(struct cli *cli);

const struct command command_check = {
    .name = "check",
    .usage = "[METRIC]... [OPTIONS]",
    .help = "measure the baseline metrics; name the runbook each breach leads to",
    .about = "Measures the metrics of platform.yaml, all at once, or only those named. With\n"
             "--format nagios it is a Nagios or Icinga check: one line with performance data, and\n"
             "files that cannot be used are UNKNOWN (3).",
    .options = OPTIONS_COMMON | OPTION_BIT(OPTION_FORMAT),
    .formats = "text, json or nagios",
    .args_max = 1000,
    .examples = "fsops check\tevery metric against its baseline\n"
                "fsops check error_rate --format nagios\tone metric, for a monitoring system\n",
    .statuses =
        "0\tall inside their baseline, or only \"info\"\n"
        "1\tthe worst is a warning\n"
        "2\tthe worst is critical\n"
        "3\tsomething could not be measured, and nothing is worse; or there are no metrics\n"
        "130\tstopped by Ctrl-C (143: by SIGTERM)\n",
    .run = check_run,
};

static void print_metrics(struct cli *cli, struct buf *text, const struct catalog *catalog,
    const json_t *metrics, enum level worst)
{
	if (cli_format(cli, "json"))
		print_check_json(text, catalog->platform, metrics, worst);
	else if (cli_format(cli, "nagios"))
		print_check_nagios(text, metrics, worst, catalog->platform);
	else
		print_check_text(text, catalog->platform, metrics, &cli->look, cli->options.quiet);
}

/* A monitoring system reads stdout and knows only the statuses 0 to 3. */
static int nagios_unknown(struct cli *cli, int status, const char *why)
{
	struct buf text;

	if (!cli_format(cli, "nagios") || status <= EXIT_UNKNOWN)
		return status;
	buf_init(&text, BUF_TEXT_MAX);
	buf_adds(&text, "FSOPS UNKNOWN - ");
	print_safe(&text, why, strcspn(why, "\n"));
	for (char *bar = text.data; (bar = strchr(bar, '|'));)
		*bar = '/'; /* behind a bar stands performance data */
	buf_addc(&text, '\n');
	return cli_print(cli, &text, EXIT_UNKNOWN);
}

/* The metrics that the arguments mean, by their whole names: a new list of borrowed texts, or NULL. */
static const char **wanted(const struct cli *cli, const struct platform *platform, struct err *err)
{
	const char **known = mem_alloc((platform->metric_count + 1) * sizeof(*known));
	const char **names = mem_alloc((cli->arg_count + 1) * sizeof(*names));
	int found = 0;

	for (size_t i = 0; i < platform->metric_count; i++)
		known[i] = platform->metrics[i].name;
	for (size_t i = 0; i < cli->arg_count && found >= 0; i++) {
		found = text_pick(cli->args[i], known, platform->metric_count, "metric", err);
		if (found >= 0)
			names[i] = known[found];
	}
	free(known);
	if (found >= 0)
		return names;
	free(names);
	return NULL;
}

static int measure(struct cli *cli, const struct catalog *catalog)
{
	struct err err;
	struct buf text;
	enum level worst;
	const char **names = wanted(cli, catalog->platform, &err);
	json_t *metrics =
	    names ? measure_metrics(catalog, names, cli->arg_count, &worst, &err) : NULL;

	free(names);
	if (!metrics)
		return nagios_unknown(cli, complain_err(&err), err.text);
	if (json_array_size(metrics) == 0)
		worst = LEVEL_UNKNOWN; /* nothing was measured: nothing is known to be well */
	buf_init(&text, UI_TEXT_MAX);
	print_metrics(cli, &text, catalog, metrics, worst);
	json_decref(metrics);
	return cli_print(cli, &text, level_exit_status(worst));
}

/* What was wrong has been printed, a line each: too much for one line. */
static const char *load_failure(int status)
{
	return status == EXIT_BAD_FILE
	           ? "a runbook or platform file is wrong: `fsops check` says more"
	           : "the check could not be made: `fsops check` says more";
}

static int check_run(struct cli *cli)
{
	struct catalog *catalog;
	int status;

	catalog = cli_load(cli, NULL, NULL, &status);
	if (!catalog)
		return nagios_unknown(cli, status, load_failure(status));
	status = measure(cli, catalog);
	catalog_free(catalog);
	return status;
}
