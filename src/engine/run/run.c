/* Decides what a run does next: metrics before, steps, recovery, on_failure, always, metrics after.
 * Invariants: one step at a time; `ended` comes once, when nothing of the run is alive. */
#include "run_state.h"

#include <signal.h>
#include <stdlib.h>

#include "fsops/mem.h"
#include "fsops/value.h"
#include "measure.h"
#include "step_run.h"
#include "take.h"

/* A report draws no more. */
#define CURVE_POINTS_MAX 240
/* A shorter run has no curve: scrapes are further apart. */
#define CURVE_SECONDS_MIN 5

static void next_step(struct run *run);

/* ---- making and freeing ---- */

struct run *run_create(
    struct plan *plan, const struct run_options *options, const struct tools *tools)
{
	struct run *run = mem_alloc(sizeof(*run));

	world_init(&run->world, plan, options, tools);
	return run;
}

struct run *run_create_inside(struct plan *plan, const struct place *place, bool again)
{
	struct run *run = mem_alloc(sizeof(*run));

	world_init_inside(&run->world, plan, place->world, place->step, place->budget);
	if (!again && place->past.inner)
		run->world.past = past_inside(
		    place->world->past, place->step, place->action->id, plan, run->world.prefix);
	return run;
}

void run_on_end(struct run *run, void (*ended)(void *ctx, struct run *run), void *ctx)
{
	run->ended = ended;
	run->ctx = ctx;
}

void run_free(struct run *run)
{
	if (!run)
		return;
	step_free(run->step);
	loop_cancel(run->beginning);
	world_release(&run->world);
	free(run);
}

static struct tally *tally_of(struct run *run)
{
	return &run->world.tally;
}

static bool is_whole(const struct run *run)
{
	return !run->world.tally.outer;
}

static const struct plan *plan_of(const struct run *run)
{
	return run->world.plan;
}

/* ---- metrics before and after ---- */

static void emit_metrics(struct run *run, const json_t *metrics, const char *when)
{
	for (size_t i = 0; i < json_array_size(metrics); i++) {
		json_t *fields = json_copy(json_array_get(metrics, i));

		world_set_metric(&run->world, fields);
		json_object_set_new(fields, "when", json_string(when));
		event_emit(run->world.tools.events, "metric.measured", fields);
	}
}

/* OVER: NULL, or the time that they are asked about. */
static void measure(struct run *run, const struct metric **metrics, size_t count,
    const struct adapter_span *over, measure_fn *done)
{
	run->measure = measure_start(&(struct measure_spec){
	    .loop = run->world.tools.loop,
	    .children = run->world.tools.children,
	    .tunnels = run->world.tools.tunnels,
	    .plan = plan_of(run),
	    .scope = &run->world.scope,
	    .metrics = metrics,
	    .count = count,
	    .over = over,
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

/* ---- how they went meanwhile ---- */

static void on_curves(void *ctx, const json_t *curves, enum level worst)
{
	struct run *run = ctx;

	(void)worst;
	run->measure = NULL;
	for (size_t i = 0; i < json_array_size(curves); i++)
		event_emit(run->world.tools.events, "metric.curve",
		    json_incref(json_array_get(curves, i)));
	run->ended(run->ctx, run);
}

/* The time of the run until now. */
static struct adapter_span span_of(const struct run *run)
{
	long long seconds = (loop_now(run->world.tools.loop) - run->started) / 1000;
	long long end = clock_system.wall(clock_system.ctx) / 1000;

	return (struct adapter_span){
	    .begin = end - seconds, .end = end, .step = seconds / CURVE_POINTS_MAX + 1};
}

/* Of what was measured in this run; a short one has seen it all. */
static void measure_curves(struct run *run)
{
	const struct platform *platform = plan_of(run)->catalog->platform;
	const struct metric **metrics = mem_alloc((platform->metric_count + 1) * sizeof(*metrics));
	struct adapter_span span = span_of(run);
	bool wanted = is_whole(run) && span.end - span.begin >= CURVE_SECONDS_MIN;
	size_t count = 0;

	for (size_t i = 0; wanted && i < platform->metric_count; i++)
		if (json_object_get(run->world.metrics, platform->metrics[i].name) &&
		    measure_is_kept(&platform->metrics[i]))
			metrics[count++] = &platform->metrics[i];
	run->looking_back = true;
	if (count)
		measure(run, metrics, count, &span, on_curves);
	else
		run->ended(run->ctx, run);
	free(metrics);
}

static void on_after(void *ctx, const json_t *metrics, enum level worst)
{
	struct run *run = ctx;

	run->measure = NULL;
	emit_metrics(run, metrics, "after");
	tally_add_level(tally_of(run), worst);
	measure_curves(run);
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
	const struct platform *platform = plan_of(run)->catalog->platform;
	const struct metric **metrics = mem_alloc((platform->metric_count + 1) * sizeof(*metrics));
	json_t *looked_at = json_object_get(plan_of(run)->refs, "metrics");
	size_t count = 0;

	if (take_before(&run->world)) {
		next_step(run);
		free(metrics);
		return;
	}
	for (size_t i = 0; i < platform->metric_count; i++) {
		const struct metric *metric = &platform->metrics[i];

		if (is_listed(plan_of(run)->runbook, metric) ||
		    json_object_get(looked_at, metric->name))
			metrics[count++] = metric;
	}
	if (count)
		measure(run, metrics, count, NULL, on_before);
	else
		next_step(run);
	free(metrics);
}

/* A signal ends the run as it stands, so that it can be resumed: what was to run always did not. */
void run_note_not_run(struct run *run)
{
	json_t *not_run = tally_whole(tally_of(run))->not_run;

	for (size_t i = run->stopped_at; i < plan_of(run)->step_count; i++) {
		const struct plan_step *step = &plan_of(run)->steps[i];
		char *text;

		if (step->section != SECTION_ALWAYS || !step->selected)
			continue;
		text = mem_printf("stopped by a signal: '%s' (always) was not run", step->title);
		world_warn(&run->world, text);
		json_array_append_new(not_run,
		    json_pack("{s:o, s:s}", "step",
		        json_sprintf("%s%s", run->world.prefix, step->id), "title", step->title));
		free(text);
	}
}

/* Changes that were in flight, and that the runbook does not come to any more. */
static void tell_unasked(struct run *run)
{
	json_t *texts = past_unasked(run->world.past, run->world.tally.asked);

	for (size_t i = 0; i < json_array_size(texts); i++) {
		world_warn(&run->world, json_string_value(json_array_get(texts, i)));
		tally_add_level(tally_of(run), LEVEL_UNKNOWN);
	}
	json_decref(texts);
}

static void finish(struct run *run)
{
	const struct runbook *runbook = plan_of(run)->runbook;
	bool measures = runbook->metric_count && run->world.tally.stop != STOP_SIGNAL;

	run->finishing = true;
	if (!run->number && is_whole(run) && run->world.tally.stop == STOP_NONE) {
		tally_add_level(tally_of(run), LEVEL_UNKNOWN);
		world_warn(&run->world,
		    "no step was run: those that were chosen run only after a failure");
	}
	if (run->world.tally.stop == STOP_SIGNAL)
		run_note_not_run(run);
	if (is_whole(run) && !stop_is_resumable(run->world.tally.stop))
		tell_unasked(run);
	if (measures)
		measure(run, runbook->metrics, runbook->metric_count, NULL, on_after);
	else if (run->world.tally.stop != STOP_SIGNAL)
		measure_curves(run);
	else
		run->ended(run->ctx, run);
}

/* ---- steps ---- */

static bool runs_now(const struct run *run, const struct plan_step *step)
{
	if (!step->selected || run->world.tally.stop == STOP_SIGNAL)
		return false;
	switch (step->section) {
	case SECTION_ON_FAILURE:
		return run->world.tally.stop == STOP_FAILED;
	case SECTION_ALWAYS:
		return true;
	case SECTION_RECOVERY: /* no use to wait for what was not begun */
		return run->world.tally.stop == STOP_NONE;
	default:
		return !tally_is_stopped(&run->world.tally);
	}
}

static bool counts(const struct run *run, const struct plan_step *step)
{
	return step->selected &&
	       (step->section != SECTION_ON_FAILURE || run->world.tally.stop == STOP_FAILED);
}

static char *step_id(const struct run *run, const struct plan_step *step)
{
	return mem_printf("%s%s", run->world.prefix, step->id);
}

/* It had ended before the run was interrupted. */
static bool is_taken(struct run *run, const struct plan_step *step)
{
	char *id = step_id(run, step);
	bool taken = take_step(&run->world, id);

	free(id);
	return taken;
}

static size_t steps_in_all(const struct run *run)
{
	size_t count = 0;

	for (size_t i = 0; i < plan_of(run)->step_count; i++)
		count += counts(run, &plan_of(run)->steps[i]);
	return count;
}

static void on_step_ended(void *ctx)
{
	struct run *run = ctx;
	struct step_run *step = run->step;

	run->step = NULL;
	step_free(step);
	next_step(run);
}

static void start_step(struct run *run, const struct plan_step *step)
{
	run->step = step_start(&(struct step_spec){
	    .world = &run->world,
	    .plan = step,
	    .id = step_id(run, step),
	    .number = run->number,
	    .of = steps_in_all(run),
	    .ended = on_step_ended,
	    .ctx = run,
	});
}

static void next_step(struct run *run)
{
	while (run->next < plan_of(run)->step_count) {
		const struct plan_step *step = &plan_of(run)->steps[run->next++];

		run->number += counts(run, step);
		if (is_taken(run, step))
			continue;
		if (runs_now(run, step)) {
			start_step(run, step);
			return;
		}
	}
	finish(run);
}

static void on_begin(void *ctx)
{
	struct run *run = ctx;

	run->beginning = NULL;
	if (run->world.tally.stop == STOP_NONE)
		measure_before(run);
	else
		finish(run);
}

void run_begin(struct run *run)
{
	run->started = loop_now(run->world.tools.loop);
	run->beginning = loop_after(run->world.tools.loop, 0, on_begin, run);
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
	if (run->looking_back) { /* all is done but for what a report draws */
		if (run->measure)
			measure_cancel(run->measure, on_measure_gone, run);
		return;
	}
	if (run->world.tools.asker &&
	    is_whole(run)) /* else it would be asked again below the note */
		run->world.tools.asker->ops->withdraw(run->world.tools.asker);
	if (is_whole(run))
		world_warn(&run->world,
		    "stopping: what runs is being ended; a second signal ends it at once");
	run->signal = signal;
	run->stopped_at = run->next;
	tally_stop(tally_of(run), STOP_SIGNAL,
	    signal == SIGHUP ? "the terminal was lost" : "stopped by a signal");
	if (run->measure)
		measure_cancel(run->measure, on_measure_gone, run);
	else if (run->step)
		step_interrupt(run->step);
}
