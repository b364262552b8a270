/*
 * One item's way through its slot: its scope, its task, what it tells and what came of it. An action without a
 * for_each has a single one.
 *
 *	struct lane *lane = lane_new(&spec, at);
 *	lane_speak(lane);                        // those before it have told all; or later
 *	lane_start(lane); … `ended` once, from the loop
 *	lane_keep_captures(lane);                // they are known from now on
 *	lane_free(lane);
 */
#ifndef FSOPS_ENGINE_LANE_H
#define FSOPS_ENGINE_LANE_H

#include "each.h"
#include "place.h"

struct slot;
struct task;
struct task_end;
struct lane;

struct lane_above {
	/* From the loop: its task has ended. END is borrowed until this returns; LANE may be freed. */
	void (*ended)(void *ctx, struct lane *lane, const struct task_end *end);
};

struct lane {
	const struct lane_above *above;
	void *ctx;
	struct place place;
	struct each_item item;
	struct scope scope; /* over the step's */
	const struct each_item *step_item;
	size_t number; /* of the action in its step */
	struct task *task;
	bool tells_begin; /* that it begins is told at once, whoever has not told all yet */
	bool speaks;      /* those before it have told all they had to */
	json_t *held;     /* its events that must wait for those of the ones before it */
	bool ended;
	json_t *result; /* when it has ended */
};

/* PLACE is of its slot; what is the lane's own is set in it. */
struct lane *lane_new(const struct place *place, const struct lane_above *above, void *ctx);
void lane_free(struct lane *lane); /* NULL is allowed */

void lane_start(struct lane *lane);

/* Emit an event of it; FIELDS are taken. */
void lane_emit(struct lane *lane, const char *type, json_t *fields);

/* Those before it have told all: what is held back is told, and from now on everything at once. */
void lane_speak(struct lane *lane);

/* What it captured while others ran counts from now on. */
void lane_keep_captures(struct lane *lane);

/* As of task.h, if anything runs in it. */
void lane_time_out(struct lane *lane);
void lane_cancel(struct lane *lane);
void lane_deadline_moved(struct lane *lane);

#endif
