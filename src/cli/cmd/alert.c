/* `fsops alert`: from an alert to what is to be done. Invariant: an alert that is not matched, or
 * whose runbook cannot be run as it is, is never a success; a payload alone changes nothing. */
#include "cli/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/alert_payload.h"
#include "fsops/mem.h"
#include "fsops/value.h"

/* Runs that one payload may lead to. */
#define RUNS_MAX 16

/* Of what a sender warns of. */
#define WARNINGS_SHOWN 5

static int alert_run(struct cli *cli);

const struct command command_alert = {
    .name = "alert",
    .usage = "[ALERT | -] [OPTIONS]",
    .help = "an alert's severity, respond-by time, action, runbook and contact",
    .about =
        "Without a name: the alert response matrix. With one: what to do about that alert, and by\n"
        "when. With \"-\": alerts are read from standard input: a webhook payload of Alertmanager\n"
        "or Grafana, or what Alertmanager's API (GET /api/v2/alerts) or Prometheus' answers. Each\n"
        "that is firing is matched by the labels of `match:` in platform.yaml, else by the "
        "runbook\n"
        "that its annotation runbook_url or runbook names, else by its name. A label becomes the\n"
        "variable of the runbook that has its name, or names it with `from:`, and only where it\n"
        "fits the variable's pattern; without one, a plain name or number. One that is malformed\n"
        "is told, and the others are not left out.",
    .options = OPTIONS_COMMON | OPTION_BIT(OPTION_FORMAT) | OPTION_BIT(OPTION_RUN) |
               OPTION_BIT(OPTION_YES) | OPTION_BIT(OPTION_YES_DESTROY) |
               OPTION_BIT(OPTION_PROMETHEUS_RULES),
    .formats = "text or json",
    .args_max = 1,
    .examples =
        "fsops alert \"High Error Rate\"\twhat to do, and by when\n"
        "fsops alert - --run <payload.json\twhat is firing, and what the runbooks' reads find\n"
        "fsops alert --prometheus-rules >rules.yml\trules for Prometheus\n",
    .statuses =
        "0\tevery alert is known; with --run: the runbooks ended well\n"
        "3\tan alert is not known, its runbook cannot be run as it is, or alerts may be missing\n"
        "64\twrong usage: no such alert\n"
        "65\tthe payload, the platform file or a runbook is wrong\n"
        "\twith --run otherwise the worst of the runs, see `fsops run --help`\n",
    .run = alert_run,
};

/* ---- running ---- */

/* ok < unknown < warning < critical < whatever kept it from running. */
static int worse(int a, int b)
{
	static const int ranks[] = {0, 2, 3, 1};
	int one = a < (int)COUNT_OF(ranks) ? ranks[a] : a;
	int other = b < (int)COUNT_OF(ranks) ? ranks[b] : b;

	return other > one ? b : a;
}

static bool runnable(const struct notice *notice)
{
	return notice->runbook && !notice->problem;
}

/* Two alerts of one trouble are one run. */
static bool seen_before(const struct notice *notices, size_t at)
{
	for (size_t i = 0; i < at; i++) {
		const struct notice *other = &notices[i];

		if (runnable(other) && other->runbook == notices[at].runbook &&
		    (other->vars == notices[at].vars || json_equal(other->vars, notices[at].vars)))
			return true;
	}
	return false;
}

/* A notice's variables as --var; the texts are added to OWNED, their names to FOUND. */
static void set_vars(
    struct options *options, const struct notice *notice, struct text_list *owned, json_t *found)
{
	const char *name;
	json_t *value;

	json_object_foreach(notice->vars, name, value) {
		MEM_PUSH_ROOM(owned->items, owned->count);
		owned->items[owned->count++] = mem_printf("%s=%s", name, json_string_value(value));
		json_array_append_new(found, json_string(name));
	}
	options->vars = *owned;
	options->found = found;
}

static int run_notice(struct cli *cli, const struct catalog *catalog, const struct notice *notice)
{
	struct text_list owned = {0};
	json_t *found = json_array();
	int status;

	set_vars(&cli->options, notice, &owned, found);
	cli->options.check = !cli->options.yes;
	status = cli_run(cli, catalog, notice->runbook);
	cli->options.vars = (struct text_list){0};
	cli->options.found = NULL;
	json_decref(found);
	for (size_t i = 0; i < owned.count; i++)
		free((char *)owned.items[i]);
	free(owned.items);
	return status;
}

static int run_notices(
    struct cli *cli, const struct catalog *catalog, const struct notice *notices, size_t count)
{
	size_t runs = 0;
	int status = EXIT_OK;

	for (size_t i = 0; i < count; i++)
		runs += runnable(&notices[i]) && !seen_before(notices, i);
	if (runs > RUNS_MAX) {
		complain("these alerts lead to %zu runs, over %d, the most that one payload may: "
		         "nothing was run",
		    runs, RUNS_MAX);
		return EXIT_FAILED;
	}
	for (size_t i = 0; i < count && status < 128; i++)
		if (runnable(&notices[i]) && !seen_before(notices, i))
			status = worse(status, run_notice(cli, catalog, &notices[i]));
	return status;
}

/* ---- printing ---- */

/* Is everything known that is needed to do something about it? */
static int judge(const struct cli *cli, const struct notice *notice)
{
	if (notice->note)
		complain("the alert '%s': %s", notice->name, notice->note);
	if (!notice->matched_by && !notice->problem)
		complain("the alert '%s' matches no alert of the platform file and no runbook",
		    notice->name);
	else if (notice->problem)
		complain("the alert '%s': %s", notice->name, notice->problem);
	else if (cli->options.run && !notice->runbook)
		complain("the alert '%s' has no runbook: it is left to a person", notice->name);
	else
		return EXIT_OK;
	return EXIT_UNKNOWN;
}

/* With --run and JSON standard output has the runs' events, a line each, and nothing else. */
static void print_notices(
    struct cli *cli, const struct catalog *catalog, const struct notice *notices, size_t count)
{
	struct buf text;

	buf_init(&text, UI_TEXT_MAX);
	if (!cli_format(cli, "json"))
		print_notices_text(&text, catalog->platform, notices, count,
		    clock_system.wall(clock_system.ctx), &cli->look);
	else if (!cli->options.run)
		print_notices_json(&text, catalog->platform, notices, count);
	if (cli->options.run && text.len)
		buf_addc(&text, '\n');
	cli_print(cli, &text, EXIT_OK);
}

static int show_and_run(
    struct cli *cli, const struct catalog *catalog, const struct notice *notices, size_t count)
{
	int status = EXIT_OK;

	if (!cli->options.quiet)
		print_notices(cli, catalog, notices, count);
	for (size_t i = 0; i < count; i++)
		status = worse(status, judge(cli, &notices[i]));
	if (cli->options.run)
		status = worse(status, run_notices(cli, catalog, notices, count));
	return status;
}

/* ---- the forms of the command ---- */

static void complain_warning(const json_t *warning)
{
	char *text = value_to_text(warning);

	complain("the sender warns: %.300s", text);
	free(text);
}

/* Who does not know of all alerts does not know that nothing is firing. */
static int judge_payload(const struct payload *payload)
{
	size_t warnings = json_array_size(payload->warnings);

	if (json_is_string(payload->warnings))
		complain_warning(payload->warnings);
	for (size_t i = 0; i < warnings && i < WARNINGS_SHOWN; i++)
		complain_warning(json_array_get(payload->warnings, i));
	if (warnings > WARNINGS_SHOWN)
		complain("the sender warns of %zu things more", warnings - WARNINGS_SHOWN);
	if (payload->partial)
		complain("the sender knows a part only: alerts may be missing");
	if (payload->truncated)
		complain(
		    "the sender left out %zu alerts: raise its max_alerts", payload->truncated);
	return payload->partial || payload->truncated ? EXIT_UNKNOWN : EXIT_OK;
}

static int alert_payload(struct cli *cli, const struct catalog *catalog)
{
	struct payload payload;
	struct err err;
	char quiet[32] = "";
	int status;
	int all;

	if (payload_read(&payload, STDIN_FILENO, catalog, &err) < 0)
		return complain_err(&err);
	status = show_and_run(cli, catalog, payload.notices, payload.count);
	if (payload.quiet)
		snprintf(quiet, sizeof(quiet), "%zu", payload.quiet);
	all = judge_payload(&payload);
	status = worse(status, all);
	if (!payload.count && !cli->options.quiet)
		complain("nothing %sis firing; resolved: %zu%s%s",
		    all == EXIT_OK ? "" : "that was sent ", payload.resolved,
		    payload.quiet ? "; silenced, inhibited or pending: " : "", quiet);
	payload_release(&payload);
	return status;
}

static int alert_one(struct cli *cli, const struct catalog *catalog, const char *name)
{
	struct notice notice = {.matched_by = "name", .since = clock_system.wall(clock_system.ctx)};
	struct err err;
	int status;

	notice.alert = platform_alert(catalog->platform, name, &err);
	if (!notice.alert)
		return complain_err(&err);
	notice.name = notice.alert->name;
	notice.severity = notice.alert->severity;
	if (notice.alert->runbook)
		notice.runbook = catalog_find(catalog, notice.alert->runbook, &err);
	if (notice.alert->runbook && !notice.runbook)
		notice.problem = mem_text(err.text);
	status = show_and_run(cli, catalog, &notice, 1);
	notice_release(&notice);
	return status;
}

static int alert_matrix(struct cli *cli, const struct catalog *catalog)
{
	struct buf text;

	buf_init(&text, UI_TEXT_MAX);
	if (cli_format(cli, "json"))
		print_alerts_json(&text, catalog);
	else
		print_alerts_table(&text, catalog->platform, &cli->look);
	return cli_print(cli, &text, EXIT_OK);
}

static int alert_rules(struct cli *cli, const struct catalog *catalog)
{
	struct err err;
	struct buf text;

	buf_init(&text, UI_TEXT_MAX);
	if (print_prometheus_rules(&text, catalog, &err) == 0)
		return cli_print(cli, &text, EXIT_OK);
	buf_release(&text);
	return complain_err(&err);
}

static int check_usage(const struct cli *cli, struct err *err)
{
	const struct options *options = &cli->options;

	if (options->prometheus_rules && (cli->arg_count || options->run || options->format))
		return err_set(err, ERR_USAGE,
		    "--prometheus-rules prints rules for the whole platform: nothing goes with it");
	if (options->run && !cli->arg_count)
		return err_set(err, ERR_USAGE, "--run: say which alert, or \"-\" for a payload");
	if ((options->yes || options->yes_destroy) && !options->run)
		return err_set(err, ERR_USAGE, "-y approves what --run runs: give both");
	if (options->yes_destroy && !options->yes)
		return err_set(
		    err, ERR_USAGE, "--yes-destroy goes with -y: without it only reads are run");
	return 0;
}

static int alert_run(struct cli *cli)
{
	struct catalog *catalog;
	struct err err;
	int status;

	if (check_usage(cli, &err) < 0)
		return complain_err(&err);
	catalog = cli_load(cli, NULL, NULL, &status);
	if (!catalog)
		return status;
	if (cli->options.prometheus_rules)
		status = alert_rules(cli, catalog);
	else if (!cli->arg_count)
		status = alert_matrix(cli, catalog);
	else if (cli->args[0][0] == '-' && !cli->args[0][1])
		status = alert_payload(cli, catalog);
	else
		status = alert_one(cli, catalog, cli->args[0]);
	catalog_free(catalog);
	return status;
}
