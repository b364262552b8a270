/* `fsops history`: the runs that there were, and forgetting old ones. Invariant: what is removed is said,
 * and nothing is removed without --prune and --keep. */
#include "cli/command.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/clock.h"
#include "fsops/history.h"
#include "fsops/mem.h"
#include "fsops/state.h"
#include "fsops/value.h"

/* So many are shown to a person who did not say how many. */
#define LIMIT_TEXT 20

static int history_run(struct cli *cli);

const struct command command_history = {
    .name = "history",
    .usage = "[RUNBOOK] [OPTIONS]",
    .help = "the runs that there were, newest first",
    .about =
        "Lists the runs of this machine and user: when they began, how long they took, how they\n"
        "ended. One that was killed, or stopped by a signal, is `interrupted`: `fsops resume`\n"
        "goes on with it. --prune removes what is older than --keep, for good, and not what is\n"
        "running; those that were interrupted are named.",
    .options = OPTIONS_COMMON | OPTION_BIT(OPTION_FORMAT) | OPTION_BIT(OPTION_SINCE) |
               OPTION_BIT(OPTION_FAILED) | OPTION_BIT(OPTION_LIMIT) | OPTION_BIT(OPTION_PRUNE) |
               OPTION_BIT(OPTION_KEEP),
    .formats = "text or json",
    .args_max = 1,
    .examples = "fsops history --failed --since 7d\twhat went wrong this week\n"
                "fsops history --prune --keep 90d\tforget what is older than that\n",
    .statuses = "0\tlisted, or removed\n"
                "64\twrong usage: neither a run nor a runbook of that name\n",
    .run = history_run,
};

/* ---- forgetting ---- */

static bool add_forgotten(void *ctx, const struct history_entry *entry)
{
	json_array_append_new(ctx, history_object(entry));
	return true;
}

/* Those that could have been gone on with are always named. */
static void print_forgotten(
    struct cli *cli, struct buf *out, const json_t *runs, const struct history_pruned *pruned)
{
	for (size_t i = 0; i < json_array_size(runs); i++) {
		const json_t *run = json_array_get(runs, i);
		bool resumable = json_is_true(json_object_get(run, "resumable"));

		if (!resumable && !cli->options.verbose)
			continue;
		buf_adds(out, "  ");
		print_safe(out, value_get_text(run, "run"), strlen(value_get_text(run, "run")));
		buf_adds(out, resumable ? " (interrupted)\n" : "\n");
	}
	if (pruned->resumable)
		buf_addf(out, "%zu of them had been interrupted, and cannot be resumed any more.\n",
		    pruned->resumable);
}

static void print_pruned(struct cli *cli, struct buf *out, const json_t *runs,
    const struct history_pruned *pruned, msec before, msec now)
{
	char when[CLOCK_TEXT_MAX];

	if (cli_format(cli, "json")) {
		print_history_json(out, runs);
		return;
	}
	clock_format_local(before, now, when);
	if (!cli->options.quiet || pruned->resumable)
		buf_addf(out, "%zu run%s removed that began before %s.\n", pruned->removed,
		    pruned->removed == 1 ? "" : "s", when);
	print_forgotten(cli, out, runs, pruned);
}

static int forget(struct cli *cli, msec before, msec now)
{
	struct history_pruned pruned;
	json_t *runs = json_array();
	struct buf text;
	struct err err;
	int failed = history_prune(before, add_forgotten, runs, &pruned, &err);
	int status = failed ? complain_err(&err) : EXIT_OK;

	buf_init(&text, UI_TEXT_MAX);
	if (!failed || pruned.removed)
		print_pruned(cli, &text, runs, &pruned, before, now);
	json_decref(runs);
	return cli_print(cli, &text, status);
}

static int prune(struct cli *cli, msec now)
{
	const char *keep = cli->options.keep;
	struct err err;
	msec span;

	if (keep && clock_parse_span(keep, &span) == 0)
		return forget(cli, now - span, now);
	err_set(&err, ERR_USAGE,
	    keep ? "--keep must be a duration such as 90d, not '%s'"
	         : "--prune removes runs for good: say how much to keep, such as --keep 90d",
	    keep);
	return complain_err(&err);
}

/* ---- listing ---- */

/* So much text is made before it is written: there may be any number of runs. */
#define PIECE ((size_t)64 * 1024)

struct listing {
	struct cli *cli;
	const struct history_filter *filter;
	msec now;
	size_t limit; /* 0: none */
	size_t count;
	bool more; /* there were more than that */
	struct history_page *page;
	struct buf text;
};

typedef void run_fn(struct listing *listing, const json_t *run);

struct pass {
	struct listing *listing;
	run_fn *fn;
};

static bool take_run(void *ctx, const struct history_entry *entry)
{
	const struct pass *pass = ctx;
	struct listing *listing = pass->listing;
	json_t *run;

	if (listing->limit && listing->count == listing->limit) {
		listing->more = true;
		return false;
	}
	run = history_object(entry);
	pass->fn(listing, run);
	listing->count++;
	json_decref(run);
	return !listing->cli->out.gone && !listing->cli->out.error;
}

/* FN is called for each that is to be listed. */
static int each_run(struct listing *listing, run_fn *fn, struct err *err)
{
	struct pass pass = {listing, fn};

	listing->count = 0;
	return history_each(listing->filter, take_run, &pass, err);
}

static void measure(struct listing *listing, const json_t *run)
{
	history_page_measure(listing->page, run);
}

static void write_piece(struct listing *listing)
{
	if (listing->text.len < PIECE)
		return;
	out_write(&listing->cli->out, listing->text.data, listing->text.len);
	buf_clear(&listing->text);
}

static void add_text(struct listing *listing, const json_t *run)
{
	history_page_add(listing->page, &listing->text, run);
	write_piece(listing);
}

static void add_json(struct listing *listing, const json_t *run)
{
	history_json_add(&listing->text, listing->count, run);
	write_piece(listing);
}

static int read_limit(const struct cli *cli, size_t *limit, struct err *err)
{
	const char *text = cli->options.limit;
	unsigned long number;
	char *end;

	*limit = cli_format(cli, "json") ? 0 : LIMIT_TEXT;
	if (!text)
		return 0;
	errno = 0;
	number = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno)
		return err_set(
		    err, ERR_USAGE, "--limit must be a number, 0 (all) or more, not '%s'", text);
	*limit = number;
	return 0;
}

/* "7d", or a moment. */
static int read_since(const struct cli *cli, msec now, msec *since, struct err *err)
{
	const char *text = cli->options.since;
	msec span;

	*since = 0;
	if (!text || clock_parse_time(text, now, since) == 0)
		return 0;
	if (clock_parse_span(text, &span) < 0)
		return err_set(err, ERR_USAGE,
		    "--since must be a duration such as 7d, or a time such as 2026-11-25 14:05, "
		    "not '%s'",
		    text);
	*since = now - span;
	return 0;
}

static void begin_text(struct listing *listing)
{
	struct err err;
	char *folder = state_folder(&err);
	char *real = folder ? mem_realpath(folder) : NULL;

	history_page_begin(listing->page, &listing->text, real ? real : folder ? folder : "");
	free(real);
	free(folder);
}

/* Twice, to be measured and to be shown. A first run that begins in between is not shown: there is no head for it. */
static int list_text(struct listing *listing, struct err *err)
{
	int result;

	listing->page = history_page_new(&listing->cli->look, listing->now);
	result = each_run(listing, measure, err);
	if (result == 0) {
		begin_text(listing);
		if (listing->count)
			result = each_run(listing, add_text, err);
	}
	if (listing->more)
		buf_addf(&listing->text, "(there were more: --limit 0 lists all)\n");
	history_page_free(listing->page);
	return result;
}

static int list_json(struct listing *listing, struct err *err)
{
	int result = each_run(listing, add_json, err);

	if (result == 0)
		history_json_end(&listing->text, listing->count);
	return result;
}

/* An alias is known only to the runbooks; a history outlives them, so that any name will do. ERR is set
 * when it is none of theirs, too. */
static char *runbook_name(struct cli *cli, struct err *err)
{
	const struct catalog_paths paths = {
	    .platform = cli->options.platform,
	    .runbooks = cli->options.runbooks,
	    .check = CATALOG_READ_FOUND,
	};
	struct problems problems = {0};
	struct catalog *catalog = catalog_load(&paths, &problems);
	const struct runbook *runbook = catalog_find(catalog, cli->args[0], err);
	char *name = mem_text(runbook ? runbook->name : cli->args[0]);

	catalog_free(catalog);
	problems_release(&problems);
	return name;
}

static bool is_there(void *ctx, const struct history_entry *entry)
{
	(void)entry;
	*(bool *)ctx = true;
	return false;
}

/* A name that is known neither here nor there was mistyped. NO_RUNBOOK: what the runbooks said of it. */
static int check_name(const char *name, const struct err *no_runbook, struct err *err)
{
	const struct history_filter filter = {.runbook = name};
	bool there = false;

	if (no_runbook->kind != ERR_USAGE)
		return 0;
	if (history_each(&filter, is_there, &there, err) < 0)
		return -1;
	return there ? 0 : err_set(err, ERR_USAGE, "no run was of that name: %s", no_runbook->text);
}

static int list_runs(struct listing *listing)
{
	struct cli *cli = listing->cli;
	struct err err;
	int result;

	buf_init(&listing->text, UI_TEXT_MAX);
	result = cli_format(cli, "json") ? list_json(listing, &err) : list_text(listing, &err);
	if (result == 0)
		return cli_print(cli, &listing->text, EXIT_OK);
	buf_release(&listing->text);
	return complain_err(&err);
}

static int history_run(struct cli *cli)
{
	msec now = clock_system.wall(clock_system.ctx);
	struct history_filter filter = {.failed = cli->options.failed};
	struct listing listing = {.cli = cli, .filter = &filter, .now = now};
	struct err no_runbook = {0};
	char *name = NULL;
	struct err err;
	int status;

	if (cli->options.prune)
		return prune(cli, now);
	if (read_limit(cli, &listing.limit, &err) < 0 ||
	    read_since(cli, now, &filter.since, &err) < 0)
		return complain_err(&err);
	if (cli->arg_count)
		filter.runbook = name = runbook_name(cli, &no_runbook);
	if (name && check_name(name, &no_runbook, &err) < 0)
		status = complain_err(&err);
	else
		status = list_runs(&listing);
	free(name);
	return status;
}
