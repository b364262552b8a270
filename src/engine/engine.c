/* Runs a plan: makes what a run needs, and ends it. Invariant: when it returns, nothing is left that the run
 * has begun: no child, no timer, no question. */
#include <signal.h>
#include <stdlib.h>

#include "engine/host/host.h"
#include "engine/run/attempt.h"
#include "engine/run/climb.h"
#include "engine/run/kubectl_version.h"
#include "engine/run/run_facts.h"
#include "engine/run/run_state.h"
#include "engine/run/tunnels.h"
#include "fsops/inherit.h"
#include "fsops/mem.h"
#include "fsops/run.h"
#include "fsops/signals.h"

/* ---- what comes from outside ---- */

static bool was_stopped(const struct run *run)
{
	return run->world.tally.stop == STOP_SIGNAL;
}

static void on_ended(void *ctx, struct run *run)
{
	run->over = true; /* a signal stops nothing any more */
	/* After a signal nothing is waited for. */
	kubectl_version_finish(was_stopped(run) ? NULL : ctx, run->world.tools.loop);
}

static void on_signal(void *ctx, int signal, int count)
{
	struct run *run = ctx;

	run->hurry = count > 1 || run->over;
	if (run->hurry)
		loop_stop(run->world.tools.loop); /* children_free() kills what is left */
	if (!was_stopped(run) && !run->over)
		run_interrupt(run, signal);
}

/* Nobody can be asked any more, and nobody has said anything: as a hangup, to be gone on with. */
static void on_terminal_lost(void *ctx)
{
	struct run *run = ctx;

	if (!was_stopped(run))
		run_interrupt(run, SIGHUP);
}

/* ---- the beginning ---- */

/* The asker, and whoever else wants to know the loop. */
static void connect(struct tools *tools, const struct run_options *options)
{
	if (options->asker_new)
		tools->asker = options->asker_new(tools->loop, options->asker_ctx);
	if (options->on_loop)
		options->on_loop(tools->loop, tools->children, options->on_loop_ctx);
}

static struct run *create(
    struct plan *plan, const struct run_options *options, const struct tools *tools)
{
	struct run *run = run_create(plan, options, tools);

	run->world.tools.ctx = run;
	return run;
}

/* Before anything is begun: a person may stop it yet. */
static void note_missing(const struct run *run)
{
	json_t *missing = plan_missing(run->world.plan);

	for (size_t i = 0; i < json_array_size(missing); i++)
		world_warn(&run->world, json_string_value(json_array_get(missing, i)));
	json_decref(missing);
}

/* Known before anybody is asked anything; the journal itself says why. */
static void look_for_record(struct run *run)
{
	struct err err;

	if (!run->world.options->past && events_secure(run->world.tools.events, &err) < 0)
		run->unrecorded = err.kind != ERR_LOCKED;
}

static void tell_beginning(struct run *run)
{
	const struct run_options *options = run->world.options;

	if (options->past) {
		run_emit_resumed(run);
	} else {
		run_emit_started(run);
		note_missing(run); /* of one that goes on it is on record */
	}
	if (options->on_started)
		options->on_started(run->world.tools.events, options->on_started_ctx);
	look_for_record(run);
}

/* ---- the run and its end ---- */

/* How the last change ended must be on record too: a run that is not is not all well. */
static void secure_the_end(struct run *run)
{
	struct tally *tally = &run->world.tally;
	struct err err;

	if (tally->changed && events_secure(run->world.tools.events, &err) < 0 &&
	    err.kind != ERR_LOCKED)
		tally_add_level(tally, LEVEL_WARNING);
}

static void tell_end(struct run *run, struct run_result *result)
{
	secure_the_end(run);
	if (was_stopped(run) && !run->finishing) /* hurried: nothing was waited for */
		run_note_not_run(run);
	run_emit_finished(run);
	if (run->world.options->notices)
		notices_finish(run->world.options->notices, run->hurry);
	*result =
	    (struct run_result){.level = run->world.tally.level, .exit = run_exit_status(run)};
}

/* From its first event to its last. */
static struct kubectl_version *go_through(struct run *run, struct run_result *result)
{
	const struct tools *tools = &run->world.tools;
	struct kubectl_version *version;
	struct climb *climb;

	tell_beginning(run);
	version =
	    kubectl_version_start(run->world.plan, tools->loop, tools->children, tools->events);
	run_on_end(run, on_ended, version);
	climb = climb_start(&run->world);
	run_begin(run);
	loop_run(tools->loop);
	climb_free(climb);
	tell_end(run, result);
	return version;
}

int run_plan(struct plan *plan, const struct run_options *options, struct events *events,
    struct run_result *result, struct err *err)
{
	struct tools tools = {
	    .events = events, .host = &host_services, .terminal_lost = on_terminal_lost};
	struct signals *signals = NULL;
	struct run *run = NULL;
	struct kubectl_version *version = NULL;
	int done = -1;

	if (run_allowed(plan, options, err) < 0)
		return -1;
	tools.loop = loop_new(&clock_system);
	tools.children = children_new(tools.loop, err);
	if (!tools.children)
		goto out;
	children_withhold(tools.children, inherit_withheld(plan->catalog));
	tools.tunnels = tunnels_new(tools.loop, tools.children, events);
	connect(&tools, options);
	run = create(plan, options, &tools);
	signals = signals_new(tools.loop, on_signal, run, err);
	if (!signals)
		goto out;
	version = go_through(run, result);
	done = 0;
out:
	if (tools.asker)
		tools.asker->ops->close(tools.asker);
	/* What is killed only now is still told to the run, and a third signal must not hit it. */
	children_free(tools.children);
	kubectl_version_free(version);
	tunnels_free(tools.tunnels);
	if (run && options->on_loop)
		options->on_loop(NULL, NULL, options->on_loop_ctx);
	signals_free(signals);
	run_free(run);
	loop_free(tools.loop);
	return done;
}
