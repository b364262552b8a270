/*
 * Events: a run is a stream of them. The engine emits; sinks (terminal, plain
 * text, JSON lines, and later journal and reports) read. No sink asks the engine
 * anything, and the engine knows no sink.
 *
 * An event is a JSON object, the public format of `fsops run --format json`:
 *	{"v":1,"seq":N,"time":"…Z","run":"ID","type":"step.started",…}
 * Every text in it is masked before any sink sees it.
 *
 * Fields by type (besides v, seq, time, run, type):
 *	run.started      runbook, title, platform, severity, summary, mode ("run" | "check"), vars,
 *	                 metrics (names measured before and after)
 *	step.started     step, title, section, budget_seconds, number, of
 *	step.finished    step, outcome, seconds, budget_seconds, why (skipped: the condition)
 *	action.started   step, action, title, adapter, effect, command, target, severity, attempt, item
 *	                 (item: of a for_each; only when there is one), number (its place in the step)
 *	action.output    step, action, stream ("stdout" | "stderr"), text
 *	action.finished  step, action, outcome, seconds, why, result (as far as it is small),
 *	                 severity (of a failed read), effect, attempts, item
 *	metric.measured  when ("before" | "after" | "step"), step, action and the fields of `fsops check
 *	                 --format json`: name, title, unit, value, level, baseline, warning, critical,
 *	                 runbook, error
 *	approval.asked   step, action, question ("change" | "destroy" | "failed" | "manual"), command, effect, text
 *	approval.given   step, action, question, answer ("yes" | "skip" | "abort" | "retry" | "done" | "no" |
 *	                 "none": there was nobody), by ("person" | "option")
 *	budget.warned    step, seconds, budget_seconds
 *	budget.exceeded  step, seconds, budget_seconds, ended (list of command lines that were ended)
 *	note             text, level ("info" | "warning" | "critical")
 *	run.finished     level, exit, seconds, outcome ("passed" | "failed" | "cancelled" …), why,
 *	                 counts {passed, failed, timed_out, skipped, refused, cancelled, left},
 *	                 left [{step, title, text}]
 */
#ifndef FSOPS_EVENT_H
#define FSOPS_EVENT_H

#include <jansson.h>

#include "fsops/clock.h"
#include "fsops/redact.h"

struct sink;
struct sink_ops {
	/* One event; borrowed. */
	void (*event)(struct sink *sink, const json_t *event);
	/* No more events will come; frees the sink. */
	void (*close)(struct sink *sink);
};
/* A sink's own struct begins with this. */
struct sink {
	const struct sink_ops *ops;
};

struct events;

struct events *events_new(
    const struct clock *clock, const char *run_id, const struct redact *redact);
void events_add_sink(struct events *events, struct sink *sink); /* takes it */
/* Emit one event of TYPE with its own fields.
 * FIELDS is an object; the reference is taken. A `time` in it stands for when it really happened:
 * what reads that run at once print, and how they end, is told in their declared order. */
void event_emit(struct events *events, const char *type, json_t *fields);
void events_free(struct events *events); /* closes the sinks */

const char *events_run_id(const struct events *events); /* borrowed */
json_t *event_time(const struct events *events); /* now, as an event tells it; a new reference */

/* "20261123-090000-high-error-rate-k3": sorts by time (UTC), can be typed. A new string. */
char *run_id_new(const struct clock *clock, const char *runbook);

#endif
