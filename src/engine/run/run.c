/* Decides what a run does next: metrics before, steps, recovery, on_failure, always, metrics after.
 * Invariants: one step at a time; `ended` comes once, when nothing of the run is alive. */
#include "fsops/run.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "approval.h"
#include "attempt.h"
#include "climb.h"
#include "kubectl_version.h"
#include "tunnels.h"
#include "engine/resume/past.h"
#include "fsops/inherit.h"
#include "fsops/mem.h"
#include "fsops/signals.h"
#include "fsops/value.h"
#include "measure.h"
#include "run_facts.h"
#include "run_state.h"
#include "step_run.h"
#include "take.h"

static void next_step(struct run *run);

/* ---- making and freeing ---- */

static json_t *run_facts(const struct run *run)
{
	return json_pack("{s:s, s:s, s:s, s:b}", "id", events_run_id(run->events), "runbook",
	    run->plan->runbook->name, "platform", run->plan->catalog->platform->name, "check",
	    run->options->check);
}

static void set_names(struct run *run)
{
	run->names = json_copy(run->plan->names);
	run->vars = json_copy(run->plan->vars);
	json_object_set(run->names, "vars", run->vars);
	run->results = json_object();
	run->metrics = json_object();
	json_object_set_new(run->names, "results", run->results);
	json_object_set_new(run->names, "metrics", run->metrics);
	json_object_set_new(run->names, "run", run_facts(run));
	run->scope = (struct scope){
	    .names = run->names, .clock = &clock_system, .redact = run->plan->redact};
}

struct run *run_create(struct plan *plan, struct run *outer)
{
	struct run *run = mem_alloc(sizeof(*run));

	run->plan = plan;
	run->outer = outer;
	run->left = json_array();
	run->not_run = json_array();
	if (outer) {
		run->options = outer->options;
		run->loop = outer->loop;
		run->children = outer->children;
		run->tunnels = outer->tunnels;
		run->events = outer->events;
		run->asker = outer->asker;
		run->prefix = mem_printf("%s%s/", outer->prefix, step_id(outer->step));
		set_names(run);
	}
	return run;
}

void run_free(struct run *run)
{
	if (!run)
		return;
	step_free(run->step);
	loop_cancel(run->beginning);
	json_decref(run->names);
	json_decref(run->vars);
	json_decref(run->var_sizes);
	json_decref(run->result_sizes);
	json_decref(run->left);
	json_decref(run->not_run);
	json_decref(run->asked);
	past_free(run->past);
	free(run->prefix);
	free(run->why);
	free(run);
}

static void note(const struct run *run, const char *text)
{
	event_emit(run->events, "note",
	    json_pack("{s:o, s:s}", "text", value_text(text, strlen(text)), "level", "warning"));
}

/* Before anything is begun: a person may stop it yet. */
static void note_missing(const struct run *run)
{
	json_t *missing = plan_missing(run->plan);

	for (size_t i = 0; i < json_array_size(missing); i++)
		note(run, json_string_value(json_array_get(missing, i)));
	json_decref(missing);
}

void run_add_level(struct run *run, enum level level)
{
	run->level = level_worst(run->level, level);
}

bool run_is_stopped(const struct run *run)
{
	return run->stop != STOP_NONE && run->stop != STOP_UNRECORDED;
}

void run_stop(struct run *run, enum stop stop, const char *why)
{
	/* While it is undone, or only looks. */
	bool aborted =
	    stop == STOP_ABORT && (run->stop == STOP_FAILED || run->stop == STOP_UNRECORDED);

	if (run->stop != STOP_NONE && stop != STOP_SIGNAL && !aborted)
		return;
	run->stop = stop;
	free(run->why);
	run->why = mem_text(why);
	/* What a signal cut short was not seen to its end: it is not known to be well. */
	run_add_level(run, stop == STOP_SIGNAL ? LEVEL_UNKNOWN : LEVEL_CRITICAL);
}

/* ---- metrics before and after ---- */

static void emit_metrics(struct run *run, const json_t *metrics, const char *when)
{
	for (size_t i = 0; i < json_array_size(metrics); i++) {
		json_t *fields = json_copy(json_array_get(metrics, i));

		json_object_set(run->metrics, value_get_text(fields, "name"), fields);
		json_object_set_new(fields, "when", json_string(when));
		event_emit(run->events, "metric.measured", fields);
	}
}

static void measure(struct run *run, const struct metric **metrics, size_t count, measure_fn *done)
{
	run->measure = measure_start(&(struct measure_spec){
	    .loop = run->loop,
	    .children = run->children,
	    .tunnels = run->tunnels,
	    .plan = run->plan,
	    .scope = &run->scope,
	    .metrics = metrics,
	    .count = count,
	    .done = done,
	    .ctx = run,
	});
}

static void on_before(void *ctx, const json_t *metrics, enum level worst)
{
	struct run *run = ctx;

	(void)worst; /* what the runbook is there to repair does not count against it */
	run->measure = NULL;
	emit_metrics(run, metrics, "before");
	next_step(run);
}

static void on_after(void *ctx, const json_t *metrics, enum level worst)
{
	struct run *run = ctx;

	run->measure = NULL;
	emit_metrics(run, metrics, "after");
	run_add_level(run, worst);
	run->ended(run->ctx, run);
}

static bool is_listed(const struct runbook *runbook, const struct metric *metric)
{
	for (size_t i = 0; i < runbook->metric_count; i++)
		if (runbook->metrics[i] == metric)
			return true;
	return false;
}

/* Those that the runbook names, and those that its conditions look at. */
static void measure_before(struct run *run)
{
	const struct platform *platform = run->plan->catalog->platform;
	const struct metric **metrics = mem_alloc((platform->metric_count + 1) * sizeof(*metrics));
	json_t *looked_at = json_object_get(run->plan->refs, "metrics");
	size_t count = 0;

	if (take_before(run)) {
		next_step(run);
		free(metrics);
		return;
	}
	for (size_t i = 0; i < platform->metric_count; i++) {
		const struct metric *metric = &platform->metrics[i];

		if (is_listed(run->plan->runbook, metric) ||
		    json_object_get(looked_at, metric->name))
			metrics[count++] = metric;
	}
	if (count)
		measure(run, metrics, count, on_before);
	else
		next_step(run);
	free(metrics);
}

static struct run *outermost(struct run *run)
{
	while (run->outer)
		run = run->outer;
	return run;
}

void run_note_asked(struct run *run, json_int_t seq)
{
	struct run *whole = outermost(run);

	if (!whole->asked)
		whole->asked = json_array();
	json_array_append_new(whole->asked, json_integer(seq));
}

/* A signal ends the run as it stands, so that it can be resumed: what was to run always did not. */
static void note_not_run(struct run *run)
{
	json_t *not_run = outermost(run)->not_run;

	for (size_t i = run->stopped_at; i < run->plan->step_count; i++) {
		const struct plan_step *step = &run->plan->steps[i];
		char *text;

		if (step->section != SECTION_ALWAYS || !step->selected)
			continue;
		text = mem_printf("stopped by a signal: '%s' (always) was not run", step->title);
		note(run, text);
		json_array_append_new(not_run,
		    json_pack("{s:o, s:s}", "step", json_sprintf("%s%s", run->prefix, step->id),
		        "title", step->title));
		free(text);
	}
}

/* Changes that were in flight, and that the runbook does not come to any more. */
static void tell_unasked(struct run *run)
{
	json_t *texts = past_unasked(run->past, run->asked);

	for (size_t i = 0; i < json_array_size(texts); i++) {
		note(run, json_string_value(json_array_get(texts, i)));
		run_add_level(run, LEVEL_UNKNOWN);
	}
	json_decref(texts);
}

static void finish(struct run *run)
{
	const struct runbook *runbook = run->plan->runbook;
	bool measures = runbook->metric_count && run->stop != STOP_SIGNAL;

	run->finishing = true;
	if (!run->number && !run->outer && run->stop == STOP_NONE) {
		run_add_level(run, LEVEL_UNKNOWN);
		note(run, "no step was run: those that were chosen run only after a failure");
	}
	if (run->stop == STOP_SIGNAL)
		note_not_run(run);
	if (!run->outer && !stop_is_resumable(run->stop))
		tell_unasked(run);
	if (measures)
		measure(run, runbook->metrics, runbook->metric_count, on_after);
	else
		run->ended(run->ctx, run);
}

/* ---- steps ---- */

static bool runs_now(const struct run *run, const struct plan_step *step)
{
	if (!step->selected || run->stop == STOP_SIGNAL)
		return false;
	switch (step->section) {
	case SECTION_ON_FAILURE:
		return run->stop == STOP_FAILED;
	case SECTION_ALWAYS:
		return true;
	case SECTION_RECOVERY: /* no use to wait for what was not begun */
		return run->stop == STOP_NONE;
	default:
		return !run_is_stopped(run);
	}
}

static bool counts(const struct run *run, const struct plan_step *step)
{
	return step->selected && (step->section != SECTION_ON_FAILURE || run->stop == STOP_FAILED);
}

size_t run_steps_in_all(const struct run *run)
{
	size_t count = 0;

	for (size_t i = 0; i < run->plan->step_count; i++)
		count += counts(run, &run->plan->steps[i]);
	return count;
}

/* It had ended before the run was interrupted. */
static bool is_taken(struct run *run, const struct plan_step *step)
{
	char *id = past_step_id(run->past, step);
	bool taken = take_step(run, id);

	free(id);
	return taken;
}

static void next_step(struct run *run)
{
	while (run->next < run->plan->step_count) {
		const struct plan_step *step = &run->plan->steps[run->next++];

		run->number += counts(run, step);
		if (is_taken(run, step))
			continue;
		if (runs_now(run, step)) {
			run->step = step_start(run, step);
			return;
		}
	}
	finish(run);
}

void run_step_ended(struct run *run)
{
	struct step_run *step = run->step;

	run->step = NULL;
	step_free(step);
	next_step(run);
}

static void on_begin(void *ctx)
{
	struct run *run = ctx;

	run->beginning = NULL;
	if (run->stop == STOP_NONE)
		measure_before(run);
	else
		finish(run);
}

void run_begin(struct run *run)
{
	run->started = loop_now(run->loop);
	run->beginning = loop_after(run->loop, 0, on_begin, run);
}

static void on_measure_gone(void *ctx)
{
	struct run *run = ctx;

	run->measure = NULL;
	if (run->finishing)
		run->ended(run->ctx, run);
	else
		next_step(run);
}

void run_interrupt(struct run *run, int signal)
{
	if (run->asker && !run->outer) /* else it would be asked again below the note */
		run->asker->ops->withdraw(run->asker);
	if (!run->outer)
		note(run, "stopping: what runs is being ended; a second signal ends it at once");
	run->signal = signal;
	run->stopped_at = run->next;
	run_stop(
	    run, STOP_SIGNAL, signal == SIGHUP ? "the terminal was lost" : "stopped by a signal");
	if (run->measure)
		measure_cancel(run->measure, on_measure_gone, run);
	else if (run->step)
		step_interrupt(run->step);
}

void run_lost_terminal(struct run *run)
{
	run = outermost(run);
	if (run->stop != STOP_SIGNAL)
		run_interrupt(run, SIGHUP);
}

/* ---- the whole ---- */

static void on_whole_ended(void *ctx, struct run *run)
{
	run->over = true; /* a signal stops nothing any more */
	/* After a signal nothing is waited for. */
	kubectl_version_finish(run->stop == STOP_SIGNAL ? NULL : ctx, run->loop);
}

static void on_signal(void *ctx, int signal, int count)
{
	struct run *run = ctx;

	run->hurry = count > 1 || run->over;
	if (run->hurry)
		loop_stop(run->loop); /* children_free() kills what is left */
	if (run->stop != STOP_SIGNAL && !run->over)
		run_interrupt(run, signal);
}

/* Only the command adapters have child processes; theirs belong to a call. */
static void on_killed(void *ctx, void *call, int pid, const char *command)
{
	char *text = mem_printf("%s (pid %d)", command, pid);

	(void)ctx;
	attempt_note_killed(call, text);
	free(text);
}

static void connect(struct run *run, const struct run_options *options, struct events *events)
{
	run->options = options;
	run->events = events;
	run->past = past_new(options->past, run->plan, options->check);
	run->prefix = mem_text("");
	if (options->asker_new)
		run->asker = options->asker_new(run->loop, options->asker_ctx);
	if (options->on_loop)
		options->on_loop(run->loop, run->children, options->on_loop_ctx);
	set_names(run);
}

int run_allowed(const struct plan *plan, const struct run_options *options, struct err *err)
{
	return approval_check(plan, options, err);
}

/* Known before anybody is asked anything; the journal itself says why. */
static void look_for_record(struct run *run)
{
	struct err err;

	if (!run->past && events_secure(run->events, &err) < 0)
		run->unrecorded = err.kind != ERR_LOCKED;
}

/* How the last change ended must be on record too: a run that is not is not all well. */
static void secure_the_end(struct run *run)
{
	struct err err;

	if (run->changed && events_secure(run->events, &err) < 0 && err.kind != ERR_LOCKED)
		run_add_level(run, LEVEL_WARNING);
}

int run_plan(struct plan *plan, const struct run_options *options, struct events *events,
    struct run_result *result, struct err *err)
{
	struct loop *loop = NULL;
	struct children *children = NULL;
	struct tunnels *tunnels = NULL;
	struct signals *signals = NULL;
	struct run *run = NULL;
	struct climb *climb = NULL;
	struct kubectl_version *version = NULL;
	int done = -1;

	if (approval_check(plan, options, err) < 0)
		return -1;
	loop = loop_new(&clock_system);
	children = children_new(loop, err);
	if (!children)
		goto out;
	run = run_create(plan, NULL);
	run->loop = loop;
	run->children = children;
	children_withhold(children, inherit_withheld(plan->catalog));
	run->tunnels = tunnels = tunnels_new(loop, children, events);
	children_on_killed(children, on_killed, run);
	connect(run, options, events);
	run->ended = on_whole_ended;
	signals = signals_new(loop, on_signal, run, err);
	if (!signals)
		goto out;
	if (options->past)
		run_emit_resumed(run);
	else
		run_emit_started(run);
	if (!options->past) /* else it is on record */
		note_missing(run);
	if (options->on_started)
		options->on_started(events, options->on_started_ctx);
	look_for_record(run);
	version = kubectl_version_start(plan, loop, children, events);
	run->ctx = version;
	climb = climb_start(run);
	run_begin(run);
	loop_run(loop);
	climb_free(climb);
	secure_the_end(run);
	if (run->stop == STOP_SIGNAL && !run->finishing) /* hurried: nothing was waited for */
		note_not_run(run);
	run_emit_finished(run);
	if (options->notices)
		notices_finish(options->notices, run->hurry);
	*result = (struct run_result){.level = run->level, .exit = run_exit_status(run)};
	done = 0;
out:
	if (run && run->asker)
		run->asker->ops->close(run->asker);
	/* What is killed only now is still told to the run, and a third signal must not hit it. */
	children_free(children);
	kubectl_version_free(version);
	tunnels_free(tunnels);
	if (run && options->on_loop)
		options->on_loop(NULL, NULL, options->on_loop_ctx);
	signals_free(signals);
	run_free(run);
	loop_free(loop);
	return done;
}
