/* `fsops schedule`: what to install so that the scheduled runbooks run. Invariant: it is printed whole
 * or not at all; a runbook that could not be read might have a schedule, so it is an error. */
#include "cli/command.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/unit_files.h"
#include "fsops/mem.h"

#define IMAGE "fsops:" FSOPS_VERSION

static int schedule_run(struct cli *cli);

const struct command command_schedule = {
    .name = "schedule",
    .usage = "[OPTIONS]",
    .help = "what to install so that the scheduled runbooks run: cron, systemd, Kubernetes",
    .about =
        "Prints lines for a crontab, or with --systemd units and timers, or with --kubernetes "
        "cron\n"
        "jobs, accounts and roles, for the runbooks that have a schedule. Each is started at its\n"
        "time in the zone, once: where clocks skip that time, right after; where they show it\n"
        "twice, the first time. A runbook that changes things is only looked at (--check), unless\n"
        "-y approves its changes, and --yes-destroy its destruction.",
    .options = OPTIONS_COMMON | OPTION_BIT(OPTION_FORMAT) | OPTION_BIT(OPTION_CRON) |
               OPTION_BIT(OPTION_SYSTEMD) | OPTION_BIT(OPTION_KUBERNETES) |
               OPTION_BIT(OPTION_ZONE) | OPTION_BIT(OPTION_INTO) | OPTION_BIT(OPTION_IMAGE) |
               OPTION_BIT(OPTION_YES) | OPTION_BIT(OPTION_YES_DESTROY),
    .formats = "text or json",
    .args_max = 0,
    .examples = "fsops schedule --zone Europe/Berlin\tlines for a crontab\n"
                "fsops schedule --systemd --into /etc/systemd/system\tunits and timers\n"
                "fsops schedule --kubernetes -y | kubectl apply --server-side -f -\tcron jobs; "
                "their changes approved\n",
    .statuses = "0\tprinted\n"
                "64\twrong usage: no such zone, a path with a newline, or a variable has no value\n"
                "65\tthe platform file or a runbook is wrong\n",
    .run = schedule_run,
};

/* ---- where this program and its files are ---- */

struct places {
	char program[PATH_MAX];
	char runbooks[PATH_MAX];
	char platform[PATH_MAX];
};

static int find_places(
    struct places *places, const struct cli *cli, const struct catalog *catalog, struct err *err)
{
	const char *platform = cli->options.platform;
	ssize_t len = readlink("/proc/self/exe", places->program, sizeof(places->program) - 1);

	if (len < 0)
		snprintf(places->program, sizeof(places->program), FSOPS_PREFIX "/bin/fsops");
	else
		places->program[len] = '\0';
	if (!catalog->folder || !realpath(catalog->folder, places->runbooks))
		return err_set(err, ERR_SYSTEM, "the folder of the runbooks cannot be found again");
	if (platform && !realpath(platform, places->platform))
		return err_set(err, ERR_SYSTEM, "'%s' cannot be found again", platform);
	return 0;
}

static bool is_harmless(const char *text)
{
	struct buf shown;
	bool same;

	buf_init(&shown, UI_TEXT_MAX);
	print_safe(&shown, text, strlen(text));
	same = shown.len == strlen(text) && memcmp(shown.data, text, shown.len) == 0;
	buf_release(&shown);
	return same;
}

/* A newline in a word begins a line of the crontab or the unit, whatever quotes are around it; and JSON and YAML
 * cannot hold a byte that is no UTF-8. */
static int check_text(const char *what, const char *text, struct err *err)
{
	if (!text || !*text || is_harmless(text))
		return 0;
	return err_set(err, ERR_USAGE,
	    "%s '%s' has a control character, one that hides text, or a byte that is no UTF-8: "
	    "it cannot be written into a timetable",
	    what, text);
}

/* All that is not from a file whose texts are known to be good. */
static int check_texts(const struct timetable *table, struct err *err)
{
	if (check_text("the program's path", table->program, err) < 0 ||
	    check_text("the folder of the runbooks", table->runbooks, err) < 0 ||
	    check_text("the platform file", table->platform, err) < 0 ||
	    check_text("the image", table->image, err) < 0)
		return -1;
	return 0;
}

/* ---- printing ---- */

static int print_text(
    struct cli *cli, const struct timetable *table, struct buf *text, struct err *err)
{
	if (cli_format(cli, "json")) {
		print_schedule_json(text, table);
		return 0;
	}
	if (cli->options.kubernetes)
		return print_schedule_kubernetes(text, table, err);
	if (cli->options.systemd)
		return print_schedule_systemd(text, table, err);
	return print_schedule_cron(text, table, err);
}

static int print(struct cli *cli, const struct timetable *table)
{
	struct buf text;
	struct err err;

	buf_init(&text, UI_TEXT_MAX);
	if (cli->options.into) {
		if (unit_files_write(table, cli->options.into, &text, &err) == 0)
			return cli_print(cli, &text, EXIT_OK);
	} else if (print_text(cli, table, &text, &err) == 0) {
		return cli_print(cli, &text, EXIT_OK);
	}
	buf_release(&text);
	return complain_err(&err);
}

static int fill_and_print(struct cli *cli, struct timetable *table)
{
	struct err err;
	int status;

	if (check_texts(table, &err) < 0 ||
	    timetable_fill(table, cli->options.yes, cli->options.yes_destroy, &err) < 0)
		return complain_err(&err);
	if (!table->count && !cli->options.quiet)
		complain("no runbook has a schedule");
	status = table->count || cli_format(cli, "json") ? print(cli, table) : EXIT_OK;
	timetable_release(table);
	return status;
}

/* ---- time zones ---- */

static struct zone *open_zone(const char *name, struct err *err)
{
	/* An offset such as +02:00 is a zone too, but not one that systemd and Kubernetes know. */
	bool offset = strchr("+-0123456789", *name) != NULL;
	struct zone *zone = offset ? NULL : zone_open(name, strlen(name));

	if (!zone)
		err_set(err, ERR_USAGE,
		    "there is no time zone '%.64s' here: it must be a name such as Europe/Berlin, "
		    "and the package tzdata must be installed",
		    name);
	return zone;
}

/* The one that is asked for, else this process's. */
static struct zone *wanted_zone(const struct cli *cli, struct err *err)
{
	char *name = cli->options.zone ? mem_text(cli->options.zone) : zone_of_process(err);
	struct zone *zone = name ? open_zone(name, err) : NULL;

	free(name);
	return zone;
}

static struct zone *machine_zone(struct err *err)
{
	char *name = zone_of_machine(err);
	struct zone *zone = name ? open_zone(name, err) : NULL;

	free(name);
	return zone;
}

static int schedule_catalog(struct cli *cli, const struct catalog *catalog)
{
	struct places places;
	struct err err;
	struct zone *zone = wanted_zone(cli, &err);
	struct zone *machine = zone ? machine_zone(&err) : NULL;
	int status;

	if (machine && find_places(&places, cli, catalog, &err) == 0) {
		struct timetable table = {
		    .catalog = catalog,
		    .zone = zone,
		    .machine = machine,
		    .program = places.program,
		    .runbooks = places.runbooks,
		    .platform = cli->options.platform ? places.platform : NULL,
		    .image = cli->options.image ? cli->options.image : IMAGE,
		    .now = clock_system.wall(clock_system.ctx) / 1000,
		};

		status = fill_and_print(cli, &table);
	} else {
		status = complain_err(&err);
	}
	zone_free(zone);
	zone_free(machine);
	return status;
}

/* ---- the command ---- */

static int check_usage(const struct options *options, struct err *err)
{
	if (options->cron + options->systemd + options->kubernetes > 1)
		return err_set(
		    err, ERR_USAGE, "--cron, --systemd and --kubernetes: give one of them");
	if (options->into && !options->systemd)
		return err_set(
		    err, ERR_USAGE, "--into goes with --systemd, which makes several files");
	if (options->image && !options->kubernetes)
		return err_set(err, ERR_USAGE, "--image goes with --kubernetes");
	if (options->yes_destroy && !options->yes)
		return err_set(err, ERR_USAGE, "--yes-destroy goes with -y");
	if (options->format && strcmp(options->format, "json") == 0 &&
	    (options->cron || options->systemd || options->kubernetes))
		return err_set(err, ERR_USAGE,
		    "--format json is a form of its own: it goes with none "
		    "of --cron, --systemd and --kubernetes");
	return 0;
}

static int schedule_run(struct cli *cli)
{
	const struct catalog_paths paths = {
	    .platform = cli->options.platform,
	    .runbooks = cli->options.runbooks,
	    .check = CATALOG_CHECK_FOUND,
	};
	struct problems problems = {0};
	struct catalog *catalog;
	struct err err;
	int status = EXIT_BAD_FILE;

	if (check_usage(&cli->options, &err) < 0)
		return complain_err(&err);
	catalog = catalog_load(&paths, &problems);
	if (problems.errors)
		complain_problems(&problems);
	else
		status = schedule_catalog(cli, catalog);
	catalog_free(catalog);
	problems_release(&problems);
	return status;
}
