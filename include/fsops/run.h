/*
 * The engine's front door: run a plan, or measure metrics. Both make a loop of
 * their own and return when everything has ended and no child process is left.
 *
 *	struct plan *plan = plan_new(catalog, runbook, &options, &err);
 *	struct events *events = events_new(&clock_system, id, plan->redact);
 *	events_add_sink(events, sink_plain_new(stdout, …));
 *	if (run_plan(plan, &run_options, events, &result, &err) < 0)
 *		…                         // refused before its first step: err says why
 *	return result.exit;
 */
#ifndef FSOPS_RUN_H
#define FSOPS_RUN_H

#include <stdbool.h>

#include "fsops/event.h"
#include "fsops/notices.h"
#include "fsops/plan.h"
#include "fsops/question.h"
#include "fsops/record.h"

struct run_options {
	bool check;       /* run the reads, show the changes */
	bool yes;         /* approve changes */
	bool yes_destroy; /* approve destruction too */
	bool interactive; /* ASKER can reach a person */
	/* What was told of this run before it was interrupted: it goes on from there. NULL: it is new.
	 * EVENTS go on with its last number (events_continue()). */
	const struct record *past;
	json_t *past_facts; /* `torn` and `changed` of run.resumed; borrowed, or NULL */
	/* Made on the run's loop by this function; NULL: nobody is ever asked. */
	struct asker *(*asker_new)(struct loop *loop, void *ctx);
	void *asker_ctx;
	/* Told of the loop before the run starts, so that output and a terminal's clock can use it,
	 * and of NULL before it is gone; or NULL. */
	void (*on_loop)(struct loop *loop, struct children *children, void *ctx);
	void *on_loop_ctx;
	/* What people are told of the run, and its `notify:` steps; NULL: nobody is. Borrowed. */
	struct notices *notices;
	/* Called right after run.started, for what is to be told at the beginning; or NULL. */
	void (*on_started)(struct events *events, void *ctx);
	void *on_started_ctx;
};

struct run_result {
	enum level level;
	int exit; /* product.md, "Exit status" */
};

/* May it start at all? -1 (ERR_REFUSED): it holds changes, named in ERR, and nobody could approve
 * them; or one was interrupted and nobody could say whether it is done. Ask before doing what must
 * not be done for a run that is refused; run_plan() looks, too. */
int run_allowed(const struct plan *plan, const struct run_options *options, struct err *err);

/* -1: refused before anything was started (ERR_REFUSED: changes without anybody to approve them,
 * named in ERR). The events tell everything else. */
int run_plan(struct plan *plan, const struct run_options *options, struct events *events,
    struct run_result *result, struct err *err);

/*
 * Measure metrics of the platform, all at once. NAMES empty: all. Returns a new array of objects
 * (name, title, unit, value, level, baseline, warning, critical, runbook, error), in the order of
 * platform.yaml, and the worst level; NULL and ERR for a name that is not there.
 */
json_t *measure_metrics(const struct catalog *catalog, const char *const *names, size_t count,
    enum level *worst, struct err *err);

#endif
