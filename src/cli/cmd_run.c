/* `fsops run`: plan a runbook, then print the plan or run it. Invariant: the plan that is printed
 * and the plan that is run come from the same call. */
#include "command.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fsops/journal.h"
#include "fsops/locks.h"
#include "fsops/mem.h"
#include "fsops/run.h"
#include "fsops/state.h"

/* So many are drawn before a taken one is put up with. */
#define ID_DRAWS_MAX 20

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
               OPTION_BIT(OPTION_ONLY),
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

/* Where a run's output goes, and the terminal, if there is one. */
struct stage {
	struct out *out;
	struct screen *screen;
	struct sink *terminal; /* the sink that draws on it, or NULL */
	struct prompt_place prompt;
	struct locks *locks;
	int tty; /* -1: none; a person is there when standard input is a terminal */
};

static void stage_open(struct stage *stage, struct cli *cli)
{
	bool drawing = cli->look.width > 0 && !cli_format(cli, "json");

	*stage = (struct stage){.out = &cli->out, .tty = -1};
	if (isatty(STDIN_FILENO)) {
		stage->tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
		if (stage->tty < 0)
			stage->tty = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	}
	if (drawing)
		stage->screen = screen_new(STDOUT_FILENO);
	else if (stage->tty >= 0)
		stage->screen = screen_new(stage->tty);
	stage->prompt = (struct prompt_place){
	    .screen = stage->screen,
	    .after = &cli->out,
	    .in = stage->tty,
	    .look = look_for(stage->tty, cli->options.no_color || cli->options.plain),
	};
}

/* Nothing that is written during the run may hold up the run's deadlines. */
static void stage_on_loop(struct loop *loop, void *ctx)
{
	struct stage *stage = ctx;

	out_on_loop(stage->out, loop);
	locks_on_loop(stage->locks, loop);
	if (stage->screen)
		screen_on_loop(stage->screen, loop);
	if (stage->terminal)
		sink_terminal_on_loop(stage->terminal, loop);
}

/* Signals have their usual effect again: Ctrl-C ends the wait for a reader that has stopped. */
static void stage_close(struct stage *stage)
{
	out_drain(stage->out);
	screen_free(stage->screen);
	if (stage->tty >= 0)
		close(stage->tty);
}

static struct sink *make_sink(struct cli *cli, struct stage *stage)
{
	const struct sink_options options = {
	    .look = cli->look,
	    .quiet = cli->options.quiet,
	    .verbose = cli->options.verbose,
	};

	if (cli_format(cli, "json"))
		return sink_json_new(&cli->out);
	if (!cli->look.width)
		return sink_plain_new(&cli->out, &options);
	stage->terminal = sink_terminal_new(stage->screen, &options);
	return stage->terminal;
}

static void tell_waiting(void *ctx, const char *text)
{
	(void)ctx;
	complain("%s", text);
}

static struct locks *take_locks(
    struct cli *cli, const struct plan *plan, const char *id, struct err *err)
{
	const struct locks_options options = {
	    .run = id,
	    .check = cli->options.check,
	    .take_over = cli->options.take_over,
	    .waiting = tell_waiting,
	};

	return locks_take(plan, &options, err);
}

static void on_started(struct events *events, void *ctx)
{
	struct stage *stage = ctx;

	locks_on_started(stage->locks, events);
}

/* The sinks of a run. The guard of the locks comes before the journal, which comes last. */
static struct events *make_events(
    struct cli *cli, struct stage *stage, const struct plan *plan, const char *id)
{
	struct events *events = events_new(&clock_system, id, plan->redact);
	struct journal *journal;
	struct err err;

	events_add_sink(events, make_sink(cli, stage));
	events_add_sink(events, locks_sink(stage->locks));
	journal = journal_create(id, &err);
	if (!journal)
		journal = journal_missing(err.text);
	events_add_sink(events, journal_sink(journal, events));
	return events;
}

/* An id that no run has yet. Two runs of one second may draw the same two characters; a folder that
 * cannot be looked into is the journal's to complain about. */
static char *new_id(const struct plan *plan)
{
	char *id = NULL;
	bool taken = true;

	for (int i = 0; taken && i < ID_DRAWS_MAX; i++) {
		char *name, *path;

		free(id);
		id = run_id_new(&clock_system, plan->runbook->name);
		name = mem_printf("runs/%s.jsonl", id);
		path = state_path(name, NULL);
		taken = path && access(path, F_OK) == 0;
		free(path);
		free(name);
	}
	return id;
}

static int real_run(struct cli *cli, struct plan *plan)
{
	struct run_result result = {.exit = EXIT_FAILED};
	struct events *events;
	struct stage stage;
	struct err err;
	char *id = new_id(plan);
	int status = -1;

	stage_open(&stage, cli);
	const struct run_options options = {
	    .check = cli->options.check,
	    .yes = cli->options.yes,
	    .yes_destroy = cli->options.yes_destroy,
	    .interactive = stage.tty >= 0,
	    .asker_new = stage.tty >= 0 ? prompt_new : nobody_new,
	    .asker_ctx = &stage.prompt,
	    .on_loop = stage_on_loop,
	    .on_loop_ctx = &stage,
	    .on_started = on_started,
	    .on_started_ctx = &stage,
	};
	if (run_allowed(plan, &options, &err) == 0)
		stage.locks = take_locks(cli, plan, id, &err);
	if (stage.locks) {
		events = make_events(cli, &stage, plan, id);
		status = run_plan(plan, &options, events, &result, &err);
		events_free(events);
	}
	locks_free(stage.locks);
	stage_close(&stage);
	free(id);
	return status < 0 ? complain_err(&err) : result.exit;
}

static int plan_and_run(
    struct cli *cli, const struct catalog *catalog, const struct runbook *runbook)
{
	const struct plan_options options = {
	    .vars = cli->options.vars.items,
	    .var_count = cli->options.vars.count,
	    .from = cli->options.from,
	    .only = cli->options.only.items,
	    .only_count = cli->options.only.count,
	};
	struct err err;
	struct plan *plan = plan_new(catalog, runbook, &options, &err);
	int status;

	if (!plan)
		return complain_err(&err);
	status = cli->options.dry_run ? dry_run(cli, plan) : real_run(cli, plan);
	plan_free(plan);
	return status;
}

static int run_run(struct cli *cli)
{
	const struct runbook *runbook;
	struct catalog *catalog;
	struct err err;
	int status;

	if (settle_dry_run(&cli->options, &err) < 0)
		return complain_err(&err);
	catalog = cli_load(cli, cli->args[0], &runbook, &status);
	if (!catalog)
		return status;
	status = plan_and_run(cli, catalog, runbook);
	catalog_free(catalog);
	return status;
}
