/* `fsops escalate`: who is to be called now, how, and when the next level comes. Invariant: without
 * --notify it only calculates: nothing is sent, and nothing is looked up but the files. */
#include "cli/command.h"

#include <stdlib.h>

#include "fsops/escalation.h"
#include "fsops/mem.h"
#include "fsops/notices.h"
#include "fsops/text.h"
#include "fsops/value.h"

static int escalate_run(struct cli *cli);

const struct command command_escalate = {
    .name = "escalate",
    .usage = "[RUNBOOK | ALERT | SEVERITY] [OPTIONS]",
    .help = "who is to be called now, how, and when the next level comes",
    .about =
        "Says whom to call, from the escalation levels of platform.yaml, what broke, how severe\n"
        "it is and when it began (now, unless --at or --since says otherwise). An incident\n"
        "begins at the level that names its runbook, else at the level of its severity, else at\n"
        "the lowest. What is only \"info\" never goes up by itself. Without a name it is a\n"
        "warning. --notify tells the channels of platform.yaml that are told of escalations.",
    .options = OPTIONS_COMMON | OPTION_BIT(OPTION_FORMAT) | OPTION_BIT(OPTION_AT) |
               OPTION_BIT(OPTION_SINCE) | OPTION_BIT(OPTION_NOTIFY),
    .formats = "text or json",
    .args_max = 1,
    .examples = "fsops escalate high-error-rate --at 14:05\tit began at five past two\n"
                "fsops escalate critical --since 20m\tnothing is known but how bad it is\n"
                "fsops escalate high-error-rate --at 14:05 --notify\ttell them, too\n",
    .statuses = "0\tsomebody is named\n"
                "2\ta channel could not be told\n"
                "3\tthe platform file has no escalation levels\n"
                "64\twrong usage: no such runbook, alert or severity, no such time\n"
                "65\tthe platform file is wrong\n",
    .run = escalate_run,
};

static int set_start(struct incident *incident, const struct options *options, struct err *err)
{
	msec span;

	if (options->at && options->since)
		return err_set(err, ERR_USAGE, "--at and --since both say when it began: give one");
	if (options->at && clock_parse_time(options->at, incident->now, &incident->began) < 0)
		return err_set(err, ERR_USAGE,
		    "--at must be a time such as 14:05, 2026-11-25T14:05 or 2026-11-25T14:05:00Z, "
		    "not '%s'",
		    options->at);
	if (options->since && clock_parse_span(options->since, &span) < 0)
		return err_set(err, ERR_USAGE,
		    "--since must be a duration such as 40m or 1h30m, not '%s'; --at takes a time",
		    options->since);
	if (options->since)
		incident->began = incident->now - span;
	if (incident->began > incident->now)
		return err_set(
		    err, ERR_USAGE, "--at %s is still to come: it must have begun", options->at);
	return 0;
}

static void set_alert(
    struct incident *incident, const struct catalog *catalog, const struct alert *alert)
{
	struct err err;

	incident->name = alert->name;
	incident->severity = alert->severity;
	if (alert->runbook)
		incident->runbook = catalog_find(catalog, alert->runbook, &err);
}

static bool set_severity(struct incident *incident, const char *name)
{
	enum level level;

	if (level_parse(name, &level) < 0 || level == LEVEL_OK || level == LEVEL_UNKNOWN)
		return false;
	incident->severity = level;
	return true;
}

/* It may have been meant as any of the three. */
static int no_such_name(const struct catalog *catalog, const char *name, struct err *err)
{
	const struct platform *platform = catalog->platform;
	const char **names =
	    mem_alloc((platform->alert_count + catalog->runbook_count + 1) * sizeof(*names));
	size_t count = 0;
	int found;

	for (size_t i = 0; i < platform->alert_count; i++)
		names[count++] = platform->alerts[i].name;
	for (size_t i = 0; i < catalog->runbook_count; i++)
		names[count++] = catalog->runbooks[i]->name;
	found = text_pick(name, names, count, "runbook, alert or severity", err);
	if (found >= 0)
		err_set(err, ERR_USAGE,
		    "there is no runbook, alert or severity '%s'; did you mean '%s'?", name,
		    names[found]);
	free(names);
	return -1;
}

static int set_name(
    struct incident *incident, const struct catalog *catalog, const char *name, struct err *err)
{
	const struct alert *alert;
	struct err no_alert;

	if (set_severity(incident, name))
		return 0;
	incident->runbook = catalog_find(catalog, name, err);
	if (incident->runbook) {
		incident->name = incident->runbook->name;
		incident->severity = incident->runbook->severity;
		return 0;
	}
	alert = platform_alert(catalog->platform, name, &no_alert);
	if (!alert)
		return err->kind == ERR_USAGE ? no_such_name(catalog, name, err) : -1;
	set_alert(incident, catalog, alert);
	return 0;
}

static int print(struct cli *cli, const struct incident *incident, int status)
{
	struct buf text;

	buf_init(&text, UI_TEXT_MAX);
	if (cli_format(cli, "json"))
		print_escalation_json(&text, incident);
	else
		print_escalation_text(&text, incident, &cli->look);
	return cli_print(cli, &text, status);
}

/* ---- telling ---- */

/* What the incident is known by, so that telling it again is no other incident. */
static char *incident_id(const struct incident *incident)
{
	const char *name = incident->name ? incident->name : level_name(incident->severity);
	char began[CLOCK_TEXT_MAX];

	clock_format_rfc3339(incident->began, began);
	return mem_printf("%s %s %s", incident->platform->name, name, began);
}

static json_t *facts_of(const struct incident *incident)
{
	char *id = incident_id(incident);
	json_t *facts = json_pack("{s:s, s:s, s:s, s:s}", "run", id, "runbook",
	    incident->runbook ? incident->runbook->name : "", "title",
	    incident->name ? incident->name : "An incident", "severity",
	    level_name(incident->severity));

	free(id);
	return facts;
}

static json_t *event_of(const struct incident *incident)
{
	const msec elapsed = incident->now - incident->began;
	const struct escalation_state state =
	    escalation_at(incident->platform, incident->runbook, incident->severity, elapsed);
	char time[CLOCK_TEXT_MAX];
	struct buf text;
	json_t *event;

	buf_init(&text, BUF_TEXT_MAX);
	escalation_add_text(&text, incident->platform, &state, elapsed, incident->now);
	clock_format_rfc3339(incident->now, time);
	event = json_pack("{s:i, s:o, s:s}", "level", state.level, "text",
	    value_text(text.data, text.len), "time", time);
	buf_release(&text);
	return event;
}

/* The worst of what became of it, as an exit status. */
static int told_status(const json_t *told)
{
	json_t *one;
	size_t i;

	json_array_foreach((json_t *)told, i, one) {
		if (!json_is_true(json_object_get(one, "delivered")))
			return EXIT_FAILED;
	}
	return EXIT_OK;
}

static int tell_and_print(struct cli *cli, struct incident *incident)
{
	json_t *facts = facts_of(incident);
	json_t *event = event_of(incident);
	struct err err;
	json_t *told = notices_by_hand(incident->platform, facts, event, &err);
	int status = told ? told_status(told) : complain_err(&err);

	incident->told = told;
	if (told && !json_array_size(told)) {
		complain("%s has no channel with `on: [escalated]`: nobody was told",
		    incident->platform->file);
		status = EXIT_FAILED;
	}
	status = print(cli, incident, status);
	json_decref(told);
	json_decref(event);
	json_decref(facts);
	return status;
}

static int escalate(struct cli *cli, const struct catalog *catalog)
{
	struct incident incident = {.platform = catalog->platform, .severity = LEVEL_WARNING};
	struct err err;

	incident.began = incident.now = clock_system.wall(clock_system.ctx);
	if (set_start(&incident, &cli->options, &err) < 0)
		return complain_err(&err);
	if (cli->arg_count && set_name(&incident, catalog, cli->args[0], &err) < 0)
		return complain_err(&err);
	if (!catalog->platform->escalation_count) {
		complain("%s has no 'escalation': `fsops contacts` lists who is known",
		    catalog->platform->file);
		return EXIT_UNKNOWN;
	}
	if (cli->options.notify)
		return tell_and_print(cli, &incident);
	return print(cli, &incident, EXIT_OK);
}

static int escalate_run(struct cli *cli)
{
	struct catalog *catalog;
	int status;

	catalog = cli_load(cli, NULL, NULL, &status);
	if (!catalog)
		return status;
	status = escalate(cli, catalog);
	catalog_free(catalog);
	return status;
}
