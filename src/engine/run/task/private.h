/*
 * A task's own state, shared by task.c (up to and through an attempt), end.c (what follows from
 * its end), look.c (what a change is looked at with) and past.c (what was done of it before
 * the run was interrupted) only.
 */
#ifndef FSOPS_ENGINE_TASK_PRIVATE_H
#define FSOPS_ENGINE_TASK_PRIVATE_H

#include "engine/plan/prepared.h"
#include "engine/run/attempt.h"
#include "engine/run/output.h"
#include "engine/run/save.h"
#include "task.h"

/* Why it was cancelled, of a change with a look. */
#define TASK_MADE "the run was stopped while it was waited for; the change itself was made"

enum phase { PREPARING, ASKING, RUNNING, PAUSING, FINISHED };

struct task {
	const struct place *place;
	const struct task_above *above;
	void *ctx; /* of ABOVE */
	enum phase phase;
	struct prepared prepared;
	struct asking *asking;
	struct service *service; /* engine/host/host.c's */
	struct attempt *attempt;
	struct loop_timer *timer; /* between attempts; or the delivery of the end */
	struct output output;
	struct loop_timer *waiting; /* until what it said is shown though it goes on; NULL */
	int waits;                  /* how often that was so in this attempt */
	size_t hidden;              /* bytes of output that are not shown */
	json_t *wants; /* the result fields that expressions look at; engine/plan/refs.h */
	struct save *save;
	json_t *saved;
	size_t steps_left; /* for all expressions of one answer, which nothing comes between */
	json_t *captured;  /* name: value, without secrets; NULL: none yet */
	const struct record_action *interrupted; /* what a person was asked about; borrowed; NULL */
	bool started;                            /* action.started was emitted */
	bool made;       /* a change with a look was made: from now on it is only looked at */
	bool unanswered; /* the last attempt failed by itself: what it printed is no answer */
	char *looking;   /* the command line of that look; NULL: none yet */
	bool taken_over; /* AT_LEAST is what the record says of it, and all there is to it */
	bool inner_stop; /* of a `runbook:` action: a change inside it failed */
	bool killed;     /* processes of it had to be ended */
	bool partial;    /* it was well as far as it goes, and the answer was partial */
	bool undone;     /* a change: no attempt was one by what the server says (ADAPTER_UNDONE) */
	bool timed_out;  /* the step's time was up */
	bool cancelled;
	bool handled;        /* it failed and a person took it on: the run goes on */
	enum level at_least; /* how bad a failure of it is, whatever its severity says */
	msec began;
	int attempts;
	int retries;
	msec holding_since; /* hold_for: since when it holds; 0: not yet */
	msec look_due;      /* when the pause that it is in, or was in last, is over */
	msec hold_for;
	enum outcome outcome;
	char *why;
	json_t *result;
};

struct world *task_world(const struct task *task);
struct tally *task_tally(const struct task *task);
void task_emit(const struct task *task, const char *type, json_t *fields); /* FIELDS are taken */
const struct action *task_action(const struct task *task);
msec task_now(const struct task *task);
void task_set_phase(struct task *task, enum phase phase);

/* Does a capture of it take a secret? */
bool task_takes_secret(const struct task *task);

/* It may be known from before the run was interrupted: then it is taken over or asked about, and this
 * is true; past.c. */
bool task_take_up(struct task *task);

/* Fill in what is run and what is told of it: task->prepared. */
int task_fill_in(struct task *task, struct err *err);

/* From the beginning: condition, arguments, approval, attempts. */
void task_prepare(struct task *task);

/* Start the next attempt; a timer's callback too. */
void task_attempt(void *task);

/* An attempt has come to its end: judge it, and go on or finish. */
void task_after_attempt(struct task *task, const struct attempt_end *end);

/* Variables, captures and the items of a for_each as text for ACTION, which is the task's own or its look:
 * a new object, empty unless its adapter is literal. One that cannot be given as
 * it is, is left out; env.c. */
json_t *task_environment(const struct task *task, const struct action *action);

/* Whether the script of ACTION names one that is left out. */
int task_check_environment(const struct task *task, const struct action *action, struct err *err);

/* What runs for the task had to be ended; an attempt's callback. */
void task_note_killed(void *task, const char *command);

/* The change has been made: look at it; a timer's callback too. look.c. */
void task_look(void *task);

/* Another process has made it and MADE (its action.made event; NULL: it has not) says what came of that: go
 * on looking. False when that cannot be: then nothing was done. look.c. */
bool task_look_on(struct task *task, const json_t *made);

/* The step's time was up while it was waited for; WAITED_FOR is what was seen last, or NULL. */
void task_end_late(struct task *task, const char *waited_for);

/* It is good: take its captures, and finish. */
void task_pass(struct task *task);

/* Why it is not good (yet); what is known already goes. NULL: nothing is. */
void task_set_why(struct task *task, const char *why);

/* It did not pass: ask the person what to do when it is a change, else finish. */
void task_fail(struct task *task, enum outcome outcome, const char *why);

/* The end. WHY may be NULL: what is known already stays. */
void task_finish(struct task *task, enum outcome outcome, const char *why);

/* Outcome and result are there: tell the slot, in the loop's next round. */
void task_deliver(struct task *task);

#endif
