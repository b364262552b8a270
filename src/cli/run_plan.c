/* Runs a plan. Invariant: nothing is begun before its locks are held and its journal is open, and both
 * are let go of when nothing runs any more. */
#include "run_plan.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fsops/locks.h"
#include "fsops/mem.h"
#include "fsops/run.h"
#include "fsops/state.h"
#include "fsops/value.h"
#include "report_files.h"
#include "stage.h"

/* So many are drawn before a taken one is put up with. */
#define ID_DRAWS_MAX 20

struct running {
	struct cli *cli;
	struct plan *plan;
	const struct earlier *earlier; /* NULL: it is new */
	struct stage stage;
	struct locks *locks;
	struct notices *notices;
	struct report_files *reports;
	char *unlocked; /* why there is no lock, though it changes things; NULL: all is well */
	char *id;
};

/* ---- the name ---- */

static bool is_taken(const char *id)
{
	char *name = mem_printf("runs/%s.jsonl", id);
	char *path = state_path(name, NULL);
	bool taken = path && access(path, F_OK) == 0;

	free(path);
	free(name);
	return taken;
}

/* An id that no run has yet. Two runs of one second may draw the same two characters; a folder that
 * cannot be looked into is the journal's to complain about. */
static char *new_id(const struct plan *plan)
{
	char *id = run_id_new(&clock_system, plan->runbook->name, 0);

	for (int draw = 1; draw < ID_DRAWS_MAX && is_taken(id); draw++) {
		free(id);
		id = run_id_new(&clock_system, plan->runbook->name, draw);
	}
	return id;
}

/* ---- it goes on, but its files have changed ---- */

static int agree(struct running *running, struct err *err)
{
	const json_t *changed = running->earlier->changed;
	const struct platform *platform = running->plan->catalog->platform;
	struct question question = {
	    .kind = QUESTION_CHANGED,
	    .platform = platform->name,
	    .color = platform_color(platform),
	};
	struct buf text;
	int result = 0;

	buf_init(&text, BUF_TEXT_MAX);
	for (size_t i = 0; i < json_array_size(changed); i++) {
		const char *line = json_string_value(json_array_get(changed, i));

		buf_addf(&text, "%s%.*s", i ? "\n" : "", (int)strcspn(line, "\n"), line);
	}
	question.text = text.data;
	switch (stage_ask(&running->stage, &question)) {
	case ANSWER_YES:
		break;
	case ANSWER_NOBODY:
		result = err_set(err, ERR_REFUSED,
		    "things have changed since the run began, and there is nobody to ask whether "
		    "to go on: resume it on a terminal\n%s",
		    text.data);
		break;
	default:
		result = err_set(err, ERR_REFUSED, "not resumed: nothing was run");
	}
	buf_release(&text);
	return result;
}

/* ---- locks and journal ---- */

static void tell_waiting(void *ctx, const char *text)
{
	(void)ctx;
	complain("%s", text);
}

/* Where no lock can be held, nothing may be changed; a new run may still look. */
static int take_locks(struct running *running, struct err *err)
{
	struct locks_options options = {
	    .run = running->id,
	    .check = running->cli->options.check,
	    .take_over = running->cli->options.take_over,
	    .waiting = tell_waiting,
	};

	running->locks = locks_take(running->plan, &options, err);
	if (!running->locks && err->kind == ERR_SYSTEM && !running->earlier) {
		running->unlocked = mem_text(err->text);
		options.check = true;
		running->locks = locks_take(running->plan, &options, err);
	}
	return running->locks ? 0 : -1;
}

/* A new run that cannot be recorded may still look; one that goes on must go on in its own journal. */
static struct journal *open_journal(const struct running *running, struct err *err)
{
	struct journal *journal;

	if (running->earlier)
		return journal_continue(running->earlier->reader, err);
	if (running->unlocked)
		return journal_missing(running->unlocked);
	journal = journal_create(running->id, err);
	return journal ? journal : journal_missing(err->text);
}

/* The sinks of a run. The guard of the locks comes before the journal, which comes last. */
static struct events *make_events(struct running *running, struct err *err)
{
	struct journal *journal = open_journal(running, err);
	struct events *events;
	struct sink *early;

	if (!journal)
		return NULL;
	events = events_new(&clock_system, running->id, running->plan->redact);
	if (running->earlier)
		events_continue(events, journal_facts(running->earlier->reader)->last_seq);
	events_add_sink(events, stage_sink(&running->stage, running->cli));
	early = stage_early_sink(&running->stage);
	if (early)
		events_add_sink(events, early);
	events_add_sink(events, report_files_sink(running->reports));
	events_add_sink(events, notices_sink(running->notices, events));
	events_add_sink(events, locks_sink(running->locks));
	events_add_sink(events, journal_sink(journal, events));
	return events;
}

/* ---- the run ---- */

static void on_started(struct events *events, void *ctx)
{
	struct running *running = ctx;

	cli_due_end(running->cli); /* from now on the history tells */
	locks_on_started(running->locks, events);
}

static void on_loop(struct loop *loop, struct children *children, void *ctx)
{
	struct running *running = ctx;

	stage_on_loop(&running->stage, loop);
	locks_on_loop(running->locks, loop, children);
	notices_on_loop(running->notices, loop);
}

static json_t *past_facts(const struct running *running)
{
	const struct earlier *earlier = running->earlier;

	if (!earlier)
		return NULL;
	return json_pack("{s:I, s:O}", "torn", (json_int_t)journal_facts(earlier->reader)->torn,
	    "changed", earlier->changed);
}

static int run_it(struct running *running, struct run_result *result, struct err *err)
{
	const struct options *asked = &running->cli->options;
	bool person = running->stage.tty >= 0;
	const struct run_options options = {
	    .check = asked->check,
	    .yes = asked->yes,
	    .yes_destroy = asked->yes_destroy,
	    .interactive = person,
	    .past = running->earlier ? running->earlier->record : NULL,
	    .past_facts = past_facts(running),
	    .asker_new = person ? prompt_new : nobody_new,
	    .asker_ctx = &running->stage.prompt,
	    .on_loop = on_loop,
	    .on_loop_ctx = running,
	    .notices = running->notices,
	    .on_started = on_started,
	    .on_started_ctx = running,
	};
	struct events *events = NULL;
	int status = -1;

	if (run_allowed(running->plan, &options, err) == 0 && take_locks(running, err) == 0)
		events = make_events(running, err);
	if (events)
		status = run_plan(running->plan, &options, events, result, err);
	events_free(events);
	if (status == 0)
		result->exit = report_files_write(running->reports, result->exit);
	json_decref(options.past_facts);
	return status;
}

int cli_run_plan(struct cli *cli, struct plan *plan, const struct earlier *earlier)
{
	struct running running = {.cli = cli, .plan = plan, .earlier = earlier};
	struct run_result result = {.exit = EXIT_FAILED};
	struct err err;
	int status = 0;

	running.reports = report_files_new(&cli->options, earlier ? earlier->record : NULL, &err);
	if (!running.reports)
		return complain_err(&err);
	running.notices = notices_new(plan, earlier ? earlier->record : NULL, cli->options.check);
	running.id = earlier ? mem_text(earlier->run) : new_id(plan);
	stage_open(&running.stage, cli);
	if (earlier && json_array_size(earlier->changed))
		status = agree(&running, &err);
	if (status == 0)
		status = run_it(&running, &result, &err);
	locks_free(running.locks);
	notices_free(running.notices);
	stage_close(&running.stage);
	report_files_free(running.reports);
	free(running.unlocked);
	free(running.id);
	return status < 0 ? complain_err(&err) : result.exit;
}
