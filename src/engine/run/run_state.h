/*
 * One run while it runs. Shared by the engine's files only: run.c decides which step is next, step_run.c
 * drives the actions of one, task/task.c one action, approval.c asks, engine/host/host.c serves the
 * adapters that need the engine.
 */
#ifndef FSOPS_ENGINE_RUN_STATE_H
#define FSOPS_ENGINE_RUN_STATE_H

#include <stdbool.h>

#include "engine/fill/scope.h"
#include "fsops/run.h"
#include "engine/terms/outcome.h"
#include "engine/terms/stop.h"

struct step_run;
struct measure;
struct tunnels;
struct past;

struct run {
	struct plan *plan;
	const struct run_options *options;
	struct loop *loop;
	struct children *children;
	struct tunnels *tunnels;
	struct events *events;
	struct asker *asker; /* NULL: nobody to ask */
	struct past *past;   /* what is known of a run that goes on; NULL: it is new */
	json_t *
	    asked; /* of the whole run: events of changes in flight about which a person was asked */
	struct run *outer; /* the run whose `runbook:` action this is; NULL: the whole */
	char *prefix;      /* before the ids of its steps: "" or "health_checks/" */

	json_t *names; /* everything expressions may name; grows as results come */
	struct scope scope;
	json_t *vars;         /* the plan's, and what was captured since */
	json_t *results;      /* borrowed from names */
	json_t *metrics;      /* borrowed from names */
	json_t *var_sizes;    /* bytes by name, of what was captured; engine/plan/ceiling.h */
	json_t *result_sizes; /* the same of results, by action */
	size_t kept_vars;
	size_t kept_results;

	size_t next;   /* index of the step to look at next */
	size_t number; /* of the step that runs, counted among the selected ones */
	struct loop_timer *beginning;
	bool changed;    /* a change has begun, or was about to */
	bool unrecorded; /* not even its beginning is on record: nobody can go on with it */
	bool finishing;  /* the `after` measurement has begun */
	struct step_run *step;
	struct measure *measure;

	enum stop stop;
	int signal;
	bool over;         /* run.finished was told */
	bool hurry;        /* a second signal came: nothing is waited for */
	size_t stopped_at; /* by a signal: the first step that had not begun */
	char *why;         /* of the stop */
	enum level level;
	size_t counts[OUTCOME_COUNT]; /* actions by outcome */
	size_t
	    findings;  /* of those that failed: reads of `severity: info`, which are only not so */
	size_t untold; /* steps that did not run because their condition could not be told */
	json_t *left;  /* what is left to a person */
	json_t *not_run; /* of the whole run: steps of `always` that a signal kept from it */
	msec started;

	void (*ended)(void *ctx, struct run *run); /* everything has ended; nothing runs */
	void *ctx;
};

/* A run of PLAN inside (or, OUTER NULL, as) the whole. Starts nothing yet. */
struct run *run_create(struct plan *plan, struct run *outer);
/* From now on; `ended` is never called from inside. */
void run_begin(struct run *run);
void run_free(struct run *run);

/* Start no further step. The first reason stays, but for an abort
 * while a failure is undone. Steps of `always` still run unless a signal came. */
void run_stop(struct run *run, enum stop stop, const char *why);

/* Nothing more is begun but what runs always. What cannot be put on record is refused change by change,
 * and looking goes on. */
bool run_is_stopped(const struct run *run);

/* End what runs now and start nothing more; `ended` still comes. */
void run_interrupt(struct run *run, int signal);

/* Nobody can be asked any more, and nobody has said anything: as a hangup, to be gone on with. */
void run_lost_terminal(struct run *run);

/* Steps that this run goes through: on_failure's only when it has come to them. */
size_t run_steps_in_all(const struct run *run);

/* A step has ended; called by step.c. */
void run_step_ended(struct run *run);

/* A person is asked about the change whose first event has number SEQ. */
void run_note_asked(struct run *run, json_int_t seq);

/* The level counts for the run's exit status. */
void run_add_level(struct run *run, enum level level);

#endif
