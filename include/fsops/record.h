/*
 * What happened in a run, put together from its events, live (a sink) or from its journal:
 *
 *	struct record *record = record_new();
 *	while (journal_next(reader, &event, &err) > 0) {
 *		record_add(record, event);
 *		json_decref(event);
 *	}
 *	… record->steps[i].actions[j].finished …
 *	record_free(record);
 *
 * It keeps the events themselves and says only what belongs to what; their fields are in event.h.
 * All pointers are NULL when there was no such event. Reports are made from it, and a resumed run
 * looks in it for what is done already.
 */
#ifndef FSOPS_RECORD_H
#define FSOPS_RECORD_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "fsops/event.h"

/* One action, or one item of its for_each; again when a resumed run begins it once more. */
struct record_action {
	const char *id;  /* borrowed from an event */
	json_t *started; /* NULL: it never began (skipped, refused, cancelled before) */
	json_t *made; /* action.made: only its `look:` was left; NULL: there was none, or not yet */
	json_t *finished;  /* NULL: nobody knows how it ended, or it still runs */
	json_t *output;    /* array of action.output events, in order */
	json_t *approvals; /* array of approval.asked and approval.given, in order */
	json_t *metrics;   /* array of metric.measured */
	json_int_t seq;    /* of its first event */
};

/* One step.started and what followed. A resumed step is a new one. */
struct record_step {
	const char *id; /* borrowed; of a runbook inside a step: "outer/inner" */
	json_t *started;
	json_t *finished;
	json_t *budget;                /* array of budget.warned and budget.exceeded */
	json_t *lists;                 /* array of items.listed */
	struct record_action *actions; /* in the order in which they were first heard of */
	size_t action_count;
	size_t settled; /* so many of the first have finished, with none between that has not */
};

struct record {
	json_t *events;   /* array of all of them, in order */
	json_t *started;  /* run.started */
	json_t *finished; /* the last run.finished; NULL after a later run.resumed */
	json_t *resumed;  /* array of run.resumed */
	json_t *before;   /* array of metric.measured */
	json_t *after;
	json_t *notes; /* array of note, lock.taken and any type that is not known here */
	json_t *last;  /* the last event of all */
	/* Set by whoever reads a journal. */
	bool live;        /* its process is alive: the run goes on */
	json_t *problems; /* array of texts, what is wrong with the journal; empty: nothing known */
	struct record_step *steps;
	size_t step_count;
};

struct record *record_new(void);
void record_add(struct record *record, const json_t *event);
void record_free(struct record *record); /* NULL is allowed */

/* The record of a run from its journal, with `live` and `problems`. RUN: a whole id. NULL: there is no
 * such journal, it cannot be read, or nothing in it is an event. state/journal/record_file.c */
struct record *record_read(const char *run, struct err *err);

/* A sink that adds to RECORD, which stays the caller's and must outlive it. */
struct sink *record_sink(struct record *record);

/* The newest step of that id; NULL: none. */
const struct record_step *record_step(const struct record *record, const char *id);

/* A change that began and of which nobody knows how it ended: no end, or cut off by a signal. */
bool record_action_in_flight(const struct record_action *action);

/* It ended by itself: it is not in flight and was neither cancelled nor refused. */
bool record_action_final(const struct record_action *action);

/* Is it the one, of the same item, that FIELDS (`action`, `item`, …, as in an event) name? */
bool record_action_is(const struct record_action *action, const json_t *fields);

/* Is that ACTION of STEP in flight, is it not even known to be made, and has no later event of it settled it? */
bool record_action_unknown(const struct record *record, const struct record_step *step,
    const struct record_action *action);

/* The changes of the whole run that have ended, in their order: as `done` of run.resumed; a new array. */
json_t *record_done(const struct record *record);

/* What has ended and was not well, but for findings, in its order: as `bad` of run.resumed; a new array of
 * objects with `title` or `action`, `item` and `why`. */
json_t *record_bad(const struct record *record);

/* The changes of the whole run that are in flight, and that no later event of theirs settled: as
 * `interrupted` of run.resumed; a new array. */
json_t *record_interrupted(const struct record *record);

#endif
