/* `fsops log`: a run told again from its journal, also while it runs. Invariant: the journal is only
 * read; what is wrong with it is always said. */
#include "command.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fsops/history.h"
#include "fsops/journal.h"
#include "fsops/mem.h"
#include "fsops/value.h"

/* How often a run that is followed is looked at. */
#define FOLLOW_EVERY ((msec)200)

static int log_run(struct cli *cli);

const struct command command_log = {
    .name = "log",
    .usage = "[RUN] [OPTIONS]",
    .help = "a run told again from its journal; --follow one that runs",
    .about =
        "Tells a run as it was told when it ran. RUN is a run's id, the beginning of one, or a\n"
        "runbook's name; without it, the last run. --follow goes on until the run ends: so a\n"
        "second terminal can watch. --verify checks that nothing was changed or taken away:\n"
        "each line holds the SHA-256 of the one before it.",
    .options = OPTIONS_COMMON | OPTION_BIT(OPTION_FORMAT) | OPTION_BIT(OPTION_FOLLOW) |
               OPTION_BIT(OPTION_VERIFY),
    .formats = "text or json (the events, one a line)",
    .args_max = 1,
    .examples = "fsops log --follow\twatch the run that was begun last\n"
                "fsops log high-error-rate --verify\twas its journal changed since?\n",
    .statuses = "0\tall of it could be read\n"
                "64\tno such run\n"
                "65\tthe journal is damaged\n",
    .run = log_run,
};

struct telling {
	struct cli *cli;
	struct journal_reader *reader;
	struct sink *sink;
	size_t complaints; /* lines that are no events */
	bool ended;        /* the last event was the run's end */
};

/* Everything that is there by now. */
static void tell(struct telling *telling)
{
	json_t *event;
	struct err err;
	int got;

	while ((got = journal_next(telling->reader, &event, &err)) != 0) {
		if (got < 0) {
			telling->complaints++;
			complain("%s", err.text);
			if (err.kind == ERR_SYSTEM)
				return;
			continue;
		}
		telling->ended = strcmp(value_get_text(event, "type"), "run.finished") == 0;
		if (telling->sink)
			telling->sink->ops->event(telling->sink, event);
		json_decref(event);
	}
}

static void follow(struct telling *telling)
{
	const struct timespec pause = {.tv_nsec = FOLLOW_EVERY * 1000000};
	bool live = journal_is_live(telling->reader);

	while (live && !telling->cli->out.gone) {
		nanosleep(&pause, NULL);
		live =
		    journal_is_live(telling->reader); /* before: it may write and end meanwhile */
		tell(telling);
	}
}

/* How far it goes, when it does not go to the run's end. */
static void say_how_it_stops(const struct telling *telling, const char *run)
{
	const struct journal_facts *facts = journal_facts(telling->reader);

	if (telling->cli->options.quiet)
		return;
	if (journal_is_live(telling->reader))
		complain("the run is alive: --follow watches it");
	else if (!facts->events)
		complain("%s: nothing is recorded in it", journal_path(telling->reader));
	else if (!telling->ended && facts->torn)
		complain(
		    "the run was interrupted while it wrote a line, of which there are %zu bytes: "
		    "`fsops resume %s` goes on with it",
		    facts->torn, run);
	else if (!telling->ended)
		complain("the run was interrupted: `fsops resume %s` goes on with it", run);
}

/* ---- is it as it was written? ---- */

struct known {
	const char *run;
	char last[SHA256_TEXT];
};

static bool take_known(void *ctx, const struct history_entry *entry)
{
	struct known *known = ctx;

	if (strcmp(entry->run, known->run) != 0)
		return true;
	memcpy(known->last, entry->last, sizeof(known->last));
	return false;
}

/* A chain cannot tell that its last lines are gone; the history knows how it ended. */
static bool was_cut(const struct telling *telling, const char *run)
{
	const struct history_filter all = {0};
	struct known known = {.run = run};

	if (journal_is_live(telling->reader) || history_each(&all, take_known, &known, NULL) < 0)
		return false;
	return known.last[0] && strcmp(known.last, journal_facts(telling->reader)->last) != 0;
}

static int verify(struct telling *telling, const char *run)
{
	const struct journal_facts *facts = journal_facts(telling->reader);
	const char *path = journal_path(telling->reader);
	struct buf text;

	if (facts->bad_line) {
		complain("%s:%zu: %s", path, facts->bad_line, facts->why);
		return EXIT_BAD_FILE;
	}
	if (!facts->events) {
		complain(
		    "%s: %s", path, facts->torn ? "there is no whole line in it" : "it is empty");
		return EXIT_BAD_FILE;
	}
	if (was_cut(telling, run)) {
		complain(
		    "%s: lines are missing at its end: the run had come to its end, and this stops "
		    "before it",
		    path);
		return EXIT_BAD_FILE;
	}
	buf_init(&text, BUF_TEXT_MAX);
	buf_addf(&text, "%s: %zu events, each sealed by the next; the last is %s\n", run,
	    facts->events, facts->last);
	if (facts->torn)
		buf_addf(&text, "behind it there are %zu bytes of a line that was being written\n",
		    facts->torn);
	return cli_print(telling->cli, &text, EXIT_OK);
}

/* ---- the command ---- */

static struct sink *make_sink(struct cli *cli)
{
	const struct sink_options options = {
	    .look = cli->look, .quiet = cli->options.quiet, .verbose = cli->options.verbose};

	if (cli->options.verify)
		return NULL;
	return cli_format(cli, "json") ? sink_json_new(&cli->out)
	                               : sink_plain_new(&cli->out, &options);
}

static int tell_run(struct cli *cli, struct journal_reader *reader, const char *run)
{
	struct telling telling = {.cli = cli, .reader = reader, .sink = make_sink(cli)};
	int status = EXIT_OK;

	tell(&telling);
	if (cli->options.follow)
		follow(&telling);
	if (telling.sink)
		telling.sink->ops->close(telling.sink);
	if (cli->options.verify)
		return verify(&telling, run);
	say_how_it_stops(&telling, run);
	if (telling.complaints)
		status = EXIT_BAD_FILE;
	return status;
}

static int log_run(struct cli *cli)
{
	struct err err;
	char *run = history_find(cli->arg_count ? cli->args[0] : NULL, &err);
	struct journal_reader *reader = run ? journal_open(run, &err) : NULL;
	int status = reader ? tell_run(cli, reader, run) : complain_err(&err);

	journal_close(reader);
	free(run);
	return status;
}
