/* The first and the last event of a run. Invariant: run.started holds all that a later `fsops resume`
 * needs to make the same plan again, and to see what has changed since. */
#include "run_facts.h"

#include "fsops/mem.h"
#include "fsops/record.h"
#include "fsops/whoami.h"

#define STATUS_INTERRUPTED 130
#define STATUS_TERMINATED  143
#define STATUS_LOCKED      75
#define STATUS_REFUSED     77

int run_exit_status(const struct run *run)
{
	switch (run->world.tally.stop) {
	case STOP_SIGNAL:
		return run->signal == 2 ? STATUS_INTERRUPTED : STATUS_TERMINATED;
	case STOP_LOCKED:
		return STATUS_LOCKED;
	case STOP_REFUSED:
		return STATUS_REFUSED;
	default:
		return level_exit_status(run->world.tally.level);
	}
}

static const char *outcome_of_run(const struct run *run)
{
	size_t bad =
	    run->world.tally.counts[OUTCOME_FAILED] + run->world.tally.counts[OUTCOME_TIMED_OUT];

	/* What is only not so is no failure; what could not be told is one, though no action ended. */
	if (run->world.tally.stop == STOP_NONE &&
	    (bad > run->world.tally.findings || run->world.tally.untold))
		return "failed";
	return stop_outcome(run->world.tally.stop);
}

/* ---- the events ---- */

/* What the run is, and who runs it. */
static json_t *name_fields(const struct run *run)
{
	const struct runbook *runbook = run->world.plan->runbook;
	const struct platform *platform = run->world.plan->catalog->platform;

	return json_pack("{s:s, s:s, s:s, s:s?, s:s, s:s, s:s?, s:s, s:o}", "runbook",
	    runbook->name, "title", runbook->title, "platform", platform->name, "runbooks",
	    platform->runbooks, "color", platform_color(platform), "severity",
	    level_name(runbook->severity), "summary", runbook->summary, "mode",
	    run->world.options->check ? "check" : "run", "by", whoami());
}

void run_emit_started(const struct run *run)
{
	const struct runbook *runbook = run->world.plan->runbook;
	json_t *fields = name_fields(run);
	json_t *metrics = json_array();

	for (size_t i = 0; i < runbook->metric_count; i++)
		json_array_append_new(metrics, json_string(runbook->metrics[i]->name));
	json_object_set(fields, "vars", run->world.plan->vars);
	json_object_set_new(fields, "metrics", metrics);
	json_object_set_new(fields, "plan", plan_json(run->world.plan));
	json_object_set_new(fields, "files", plan_files(run->world.plan));
	json_object_update(fields, run->world.plan->chosen);
	event_emit(run->world.tools.events, "run.started", fields);
}

void run_emit_resumed(const struct run *run)
{
	json_t *fields = name_fields(run);

	json_object_set(fields, "after", json_object_get(run->world.options->past->last, "seq"));
	json_object_set_new(fields, "done", record_done(run->world.options->past));
	json_object_set_new(fields, "bad", record_bad(run->world.options->past));
	json_object_set_new(fields, "interrupted", record_interrupted(run->world.options->past));
	json_object_set(fields, "before", run->world.options->past->before);
	json_object_update(fields, run->world.options->past_facts);
	event_emit(run->world.tools.events, "run.resumed", fields);
}

static json_t *counts_json(const struct run *run)
{
	json_t *counts = json_object();

	for (size_t i = 0; i < OUTCOME_COUNT; i++)
		json_object_set_new(counts, outcome_name((enum outcome)i),
		    json_integer((json_int_t)run->world.tally.counts[i]));
	return counts;
}

void run_emit_finished(const struct run *run)
{
	json_t *fields = json_pack("{s:s, s:i, s:f, s:s, s:s?, s:o, s:I, s:I, s:O, s:b}", "level",
	    level_name(run->world.tally.level), "exit", run_exit_status(run), "seconds",
	    (double)(loop_now(run->world.tools.loop) - run->started) / 1000.0, "outcome",
	    outcome_of_run(run), "why", run->world.tally.why, "counts", counts_json(run),
	    "findings", (json_int_t)run->world.tally.findings, "untold",
	    (json_int_t)run->world.tally.untold, "left", run->world.tally.left, "resumable",
	    stop_is_resumable(run->world.tally.stop) && !run->unrecorded);

	if (run->unrecorded)
		json_object_set_new(fields, "recorded", json_false());
	if (json_array_size(run->world.tally.not_run))
		json_object_set(fields, "not_run", run->world.tally.not_run);
	event_emit(run->world.tools.events, "run.finished", fields);
}
