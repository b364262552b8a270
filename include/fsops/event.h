/*
 * Events: a run is a stream of them. The engine emits; sinks (terminal, plain
 * text, JSON lines, and later journal and reports) read. No sink asks the engine
 * anything, and the engine knows no sink.
 *
 * An event is a JSON object, the public format of `fsops run --format json`:
 *	{"v":1,"seq":N,"time":"…Z","run":"ID","type":"step.started",…}
 * Every text in it is masked before any sink sees it, but for names: of runs, runbooks, steps, variables.
 *
 * Fields by type (besides v, seq, time, run, type):
 *	run.started      runbook, title, platform, severity, summary, mode ("run" | "check"), vars,
 *	                 metrics (names measured before and after), by {user, host, pid},
 *	                 plan (as --dry-run=json prints it), files {path: SHA-256} (the runbook and the
 *	                 platform), given (names of the variables given by --var), from, only, due (with
 *	                 --if-due: the time that it was started for)
 *	run.resumed      runbook, title, platform, severity, summary, mode, by, after (seq of the last event
 *	                 before), before (what was measured before the first step), torn (bytes of a
 *	                 line that was cut off), changed (list of what is another in the plan than it
 *	                 was), done (list of {step, action, command, item, time, outcome}: changes that
 *	                 had ended before), interrupted (the same without an outcome: of which nobody
 *	                 knows how they ended)
 *	items.listed     step, action (without it: of the step itself), items (what its for_each goes through),
 *	                 step_item, step_item_repeat
 *	lock.taken       runbook, platform, before {run, user, host, pid, since, dead, let_go} (who did
 *	                 not release it; lock.h); in the journal of the run that lost it: by {run,
 *	                 user, host, pid, since}
 *	step.started     step, title, section, budget_seconds, number, of
 *	step.finished    step, outcome, seconds, budget_seconds, why (skipped: the condition; failed: why
 *	                 the condition could not be told), severity (failed: of the worst in it), stop
 *	action.started   step, action, title, adapter, effect, command, target, severity, attempt, item
 *	                 (item: of a for_each; only when there is one), item_repeat (how many equal
 *	                 ones came before it; only when there are), step_item and step_item_repeat
 *	                 (the same of its step's own for_each), number (its place in the step)
 *	action.output    step, action, stream ("stdout" | "stderr"), text
 *	action.waiting   step, action, seconds: it said something on standard error a while ago, and runs
 *	                 on: it may wait for somebody who reads that
 *	action.finished  step, action, outcome, seconds, why, result (as far as it is small),
 *	                 severity (of a failed read), effect, attempts, saved {path, bytes, sha256,
 *	                 complete (false: not whole, and not under its own name)}, captured {name: value}, stop,
 *	                 undone (true: of a failed change that the server said it did not make),
 *	                 command (of a change that was interrupted and did not begin again), and the
 *	                 items as above
 *	metric.measured  when ("before" | "after" | "step"), step, action and the fields of `fsops check
 *	                 --format json`: name, title, unit, value, level, baseline, warning, critical,
 *	                 runbook, error
 *	metric.curve     name, unit, begin, step_seconds, values (a number a step, null where there was none):
 *	                 what the source of a metric that was measured has kept of it over the time of the
 *	                 run, or since it was gone on with
 *	approval.asked   step, action, question ("change" | "destroy" | "failed" | "interrupted" |
 *	                 "manual"), command, effect, text
 *	approval.given   step, action, question, answer ("yes" | "skip" | "abort" | "retry" | "done" | "no" |
 *	                 "none": there was nobody), by ("person" | "option"), check (true: a check asks
 *	                 nobody)
 *	budget.warned    step, seconds, budget_seconds
 *	budget.exceeded  step, seconds, budget_seconds, ended (list of command lines that were ended),
 *	                 waiting (true: a person is waited for, and nothing is ended for that)
 *	escalated        level, severity, since_seconds (of the run), who [{name, title, how}], text (a
 *	                 sentence), next (the level that comes next, or null), next_seconds (until then),
 *	                 announce (whether channels that are told of escalations are told)
 *	notification     channel, kind, about ("run.started", "failed", "budget.exceeded", "escalated",
 *	                 "run.finished", "acknowledged", "notify"), action ("trigger" | "acknowledge" |
 *	                 "resolve"), delivered, attempts, seconds, why (not delivered). May come after
 *	                 run.finished.
 *	note             text, level ("info" | "warning" | "critical")
 *	run.finished     level, exit, seconds, outcome ("passed" | "failed" | "cancelled" …), why,
 *	                 counts {passed, failed, timed_out, skipped, refused, cancelled, left},
 *	                 findings (how many of the failed are reads of `severity: info`: not so, but no
 *	                 failure), untold (steps whose condition could not be told), left [{step, title,
 *	                 text}], not_run [{step, title}] (of `always`, kept from it by a signal; not there
 *	                 without any), resumable, recorded (false: the run is not on record)
 * `stop` (there only when the run goes on with no further step): "failed", "aborted", "refused",
 * "locked", "unrecorded", "signal".
 */
#ifndef FSOPS_EVENT_H
#define FSOPS_EVENT_H

#include <jansson.h>

#include "fsops/clock.h"
#include "fsops/err.h"
#include "fsops/redact.h"

/* `v`: another meaning of a field is another version; a new field is not. */
#define EVENT_VERSION 1

struct sink;
struct sink_ops {
	/* MUST. One event; borrowed. */
	void (*event)(struct sink *sink, const json_t *event);
	/* MAY. Before a change begins: may it? -1 and ERR when not: what was told so far is not on
	 * record for good, or the right to change things is lost. */
	int (*secure)(struct sink *sink, struct err *err);
	/* MUST. No more events will come; frees the sink. */
	void (*close)(struct sink *sink);
	/* Events come in the order in which they happened. Otherwise those of reads that run at once
	 * come in the declared order of the reads, so that people can follow. */
	bool as_it_happens;
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
 * FIELDS is an object; the reference is taken. A `time` in it stands for when it really happened. */
void event_emit(struct events *events, const char *type, json_t *fields);

/* The same in two halves: sinks that take events as they happen get it now, the others when it is
 * released. Returns the event; event_release() takes it. */
json_t *event_hold(struct events *events, const char *type, json_t *fields);
void event_release(struct events *events, json_t *event);

/* May a change begin? Asks every sink; ERR from the first that says no. */
int events_secure(struct events *events, struct err *err);

/* Whether EVENT only says who was told: such events may come after run.finished, and the run has ended
 * for all that. */
bool event_is_aftermath(const json_t *event);

/* A run that goes on: the next event is number SEQ + 1. */
void events_continue(struct events *events, json_int_t seq);
void events_free(struct events *events); /* closes the sinks */

const char *events_run_id(const struct events *events); /* borrowed */
json_t *event_time(const struct events *events); /* now, as an event tells it; a new reference */

/* "20261123-090000-high-error-rate-k3": sorts by time (UTC), can be typed. DRAW: 0, then 1, 2, … as
 * long as another run has that id. A new string. */
char *run_id_new(const struct clock *clock, const char *runbook, int draw);

#endif
