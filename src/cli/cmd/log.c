/* `fsops log`: a run told again from its journal, also while it runs. Invariant: the journal is only
 * read; what is wrong with it is always said. */
#include "cli/command.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fsops/event.h"
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
    .formats = "text or json (the events, one a line; of --verify what was found)",
    .args_max = 1,
    .examples = "fsops log --follow\twatch the run that was begun last\n"
                "fsops log high-error-rate --verify\twas its journal changed since?\n",
    .statuses = "0\tall of it could be read\n"
                "64\tno such run\n"
                "65\tthe journal is damaged\n",
    .run = log_run,
};

/* So many damages are told one by one; how many more there are is said. */
#define DAMAGES_MAX 10

struct telling {
	struct cli *cli;
	const char *run;
	struct journal_reader *reader;
	struct sink *sink;
	char known[SHA256_TEXT]; /* digest of a line that must be in it; "": not known */
	bool met;                /* it is */
	bool ended;              /* the last event was the run's end, or who was told of it */
	size_t damaged;          /* how much is wrong with it */
	json_t *damages;         /* texts, the first of them */
};

/* ---- what is wrong with it ---- */

__attribute__((format(printf, 2, 3))) static void note_damage(
    struct telling *telling, const char *fmt, ...)
{
	struct buf text;
	va_list args;

	if (telling->damaged++ >= DAMAGES_MAX)
		return;
	buf_init(&text, BUF_TEXT_MAX);
	va_start(args, fmt);
	buf_vaddf(&text, fmt, args);
	va_end(args);
	complain("%s", text.data);
	json_array_append_new(telling->damages, value_text(text.data, text.len));
	buf_release(&text);
}

static bool take_known(void *ctx, const struct history_entry *entry)
{
	struct telling *telling = ctx;

	if (strcmp(entry->run, telling->run) != 0)
		return true;
	memcpy(telling->known, entry->last, sizeof(telling->known));
	return false;
}

/* A chain cannot tell that its last lines are gone; the history knows one that was there. To be called
 * before the journal is read: it may grow. */
static void learn_end(struct telling *telling)
{
	const struct history_filter all = {0};

	history_each(&all, take_known, telling, NULL);
}

static void note_missing(struct telling *telling)
{
	const struct journal_facts *facts = journal_facts(telling->reader);
	const char *path = journal_path(telling->reader);

	if (!facts->events && !telling->damaged)
		note_damage(telling, "%s: %s", path,
		    facts->torn ? "there is no whole line in it" : "it is empty");
	else if (telling->known[0] && !telling->met && !telling->damaged)
		note_damage(telling,
		    "%s: lines are missing at its end, or its last one was changed: it is not what "
		    "the run wrote last",
		    path);
	if (telling->damaged > DAMAGES_MAX)
		complain("%s: and %zu more lines that are damaged", path,
		    telling->damaged - DAMAGES_MAX);
}

/* ---- telling ---- */

static void take_event(struct telling *telling, const json_t *event)
{
	const struct journal_facts *facts = journal_facts(telling->reader);

	/* Of a chain the first break is what counts; lines that are no events were told before. */
	if (facts->bad_line && !telling->damaged)
		note_damage(telling, "%s:%zu: %s", journal_path(telling->reader), facts->bad_line,
		    facts->why);
	if (!event_is_aftermath(event))
		telling->ended = strcmp(value_get_text(event, "type"), "run.finished") == 0;
	if (strcmp(facts->last, telling->known) == 0)
		telling->met = true;
	if (telling->sink)
		telling->sink->ops->event(telling->sink, event);
}

/* Everything that is there by now. */
static void tell(struct telling *telling)
{
	json_t *event;
	struct err err;
	int got;

	while ((got = journal_next(telling->reader, &event, &err)) != 0) {
		if (got > 0) {
			take_event(telling, event);
			json_decref(event);
			continue;
		}
		note_damage(telling, "%s", err.text);
		if (err.kind == ERR_SYSTEM)
			return;
	}
}

static void follow(struct telling *telling)
{
	const struct timespec pause = {.tv_nsec = FOLLOW_EVERY * 1000000};
	bool live = journal_is_live(telling->reader);

	tell(telling); /* what it wrote since, if it has ended by now */
	while (live && !telling->cli->out.gone) {
		nanosleep(&pause, NULL);
		live =
		    journal_is_live(telling->reader); /* before: it may write and end meanwhile */
		tell(telling);
	}
}

/* How far it goes, when it does not go to the run's end. */
static void say_how_it_stops(const struct telling *telling)
{
	const struct journal_facts *facts = journal_facts(telling->reader);

	if (telling->cli->options.quiet || telling->ended)
		return;
	if (journal_is_live(telling->reader))
		complain("the run is alive: --follow watches it");
	else if (telling->damaged)
		complain("of the run's end nothing is on record");
	else if (facts->torn)
		complain(
		    "the run was interrupted while it wrote a line, of which there are %zu bytes: "
		    "`fsops resume %s` goes on with it",
		    facts->torn, telling->run);
	else
		complain(
		    "the run was interrupted: `fsops resume %s` goes on with it", telling->run);
}

/* ---- is it as it was written? ---- */

static void add_verdict_json(struct buf *out, const struct telling *telling)
{
	const struct journal_facts *facts = journal_facts(telling->reader);
	const char *path = journal_path(telling->reader);
	json_t *verdict = json_pack("{s:s, s:o, s:b, s:b, s:I, s:s, s:I, s:I, s:O}", "run",
	    telling->run, "journal", value_text(path, strlen(path)), "ok", telling->damaged == 0,
	    "ended", telling->ended, "events", (json_int_t)facts->events, "last", facts->last,
	    "torn", (json_int_t)facts->torn, "damaged", (json_int_t)telling->damaged, "problems",
	    telling->damages);

	print_json(out, verdict);
	json_decref(verdict);
}

static void add_verdict(struct buf *out, const struct telling *telling)
{
	const struct journal_facts *facts = journal_facts(telling->reader);

	buf_addf(out, "%s: %zu events, each sealed by the next; the last is %s\n", telling->run,
	    facts->events, facts->last);
	if (facts->torn)
		buf_addf(out, "behind it there are %zu bytes of a line that was being written\n",
		    facts->torn);
}

static int verify(const struct telling *telling)
{
	struct buf text;

	buf_init(&text, BUF_TEXT_MAX);
	if (cli_format(telling->cli, "json"))
		add_verdict_json(&text, telling);
	else if (!telling->damaged)
		add_verdict(&text, telling);
	return cli_print(telling->cli, &text, telling->damaged ? EXIT_BAD_FILE : EXIT_OK);
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

static int tell_run(struct cli *cli, const char *run, struct journal_reader *reader)
{
	struct telling telling = {.cli = cli, .run = run, .reader = reader};
	int status;

	telling.damages = json_array();
	telling.sink = make_sink(cli);
	learn_end(&telling);
	tell(&telling);
	if (cli->options.follow)
		follow(&telling);
	if (telling.sink)
		telling.sink->ops->close(telling.sink);
	note_missing(&telling);
	if (cli->options.verify)
		status = verify(&telling);
	else
		status = telling.damaged ? EXIT_BAD_FILE : EXIT_OK;
	if (!cli->options.verify)
		say_how_it_stops(&telling);
	json_decref(telling.damages);
	return status;
}

static int log_run(struct cli *cli)
{
	struct err err;
	char *run = history_find(cli->arg_count ? cli->args[0] : NULL, &err);
	struct journal_reader *reader = run ? journal_open(run, &err) : NULL;
	int status = reader ? tell_run(cli, run, reader) : complain_err(&err);

	journal_close(reader);
	free(run);
	return status;
}
