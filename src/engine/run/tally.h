/*
 * What a run has come to so far: how bad it is, what was counted, why it stops. Every level below the run adds
 * to it and looks at it; what follows from it the run decides, when their turn has ended.
 */
#ifndef FSOPS_ENGINE_TALLY_H
#define FSOPS_ENGINE_TALLY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "engine/terms/outcome.h"
#include "engine/terms/stop.h"
#include "fsops/metric.h"

struct tally {
	struct tally
	    *outer; /* of the run whose `runbook:` action this run is; NULL: of the whole */
	enum stop stop;
	char *why; /* of the stop */
	enum level level;
	size_t counts[OUTCOME_COUNT]; /* actions by outcome */
	size_t
	    findings;  /* of those that failed: reads of `severity: info`, which are only not so */
	size_t untold; /* steps that did not run because their condition could not be told */
	json_t *left;  /* what is left to a person */
	json_t *not_run; /* of the whole: steps of `always` that a signal kept from it */
	json_t *
	    asked; /* of the whole: first events of changes in flight that a person was asked about */
	bool changed; /* a change has begun, or was about to */
};

void tally_init(struct tally *tally, struct tally *outer);
void tally_release(struct tally *tally);

/* Of the whole run. */
struct tally *tally_whole(struct tally *tally);

/* Start no further step. The first reason stays, but for an abort
 * while a failure is undone. Steps of `always` still run unless a signal came. */
void tally_stop(struct tally *tally, enum stop stop, const char *why);

/* Nothing more is begun but what runs always. What cannot be put on record is refused change by change,
 * and looking goes on. */
bool tally_is_stopped(const struct tally *tally);

/* The level counts for the run's exit status. */
void tally_add_level(struct tally *tally, enum level level);

/* The same for the runs around it, too: whatever is accepted of a runbook inside. */
void tally_add_level_everywhere(struct tally *tally, enum level level);

/* A change begins, or is about to, here and so in the runs around it. */
void tally_note_change(struct tally *tally);

/* An action has ended; FINDING: it is only not so. */
void tally_count(struct tally *tally, enum outcome outcome, bool finding);

/* A person is asked about the change in flight whose first event has number SEQ. */
void tally_note_asked(struct tally *tally, json_int_t seq);

/* TEXT, one of a checklist, is left to a person. */
void tally_note_left(struct tally *tally, const char *step, const char *title, json_t *text);

/* What happened inside counts outside too. */
void tally_add_inner(struct tally *tally, const struct tally *inner);

#endif
