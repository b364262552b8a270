/*
 * Child processes on the loop, and the promise that none is left behind.
 *
 * A `struct children` makes this process a subreaper (Linux), so that a
 * grandchild that daemonised (setsid, double fork) comes back to it when its
 * parent dies, and can be found and ended. Each command gets its own process
 * group and an environment variable of its own, FSOPS_CALL, by which its
 * descendants are told from those of the commands beside it.
 *
 *	struct children *children = children_new(loop, &err);
 *	struct child *child = child_start(children, &spec, &err);
 *	… spec.output(), then spec.ended() once, after which the child is freed
 *	child_kill(child);   // TERM, CHILD_GRACE later KILL; then spec.gone()
 */
#ifndef FSOPS_CHILD_H
#define FSOPS_CHILD_H

#include <stddef.h>

#include "fsops/err.h"
#include "fsops/loop.h"

/* Between TERM and KILL. */
#define CHILD_GRACE ((msec)5000)

/* After the command itself has ended: how long its pipes, held open by something it
 * left in the background, are still read before they are closed. */
#define CHILD_DRAIN ((msec)200)

struct children;
struct child;

/* How many processes of one child are told of by `killed`. */
#define CHILD_REPORTS_MAX 100

enum child_stream { CHILD_STDOUT = 1, CHILD_STDERR = 2 };

struct child_spec {
	const char *const *argv; /* argv[0] is looked up in PATH */
	/* "NAME=text" added to (or over) this process's own; "NAME": it gets none of that name; NULL: none */
	const char *const *env;
	/* Names and globs of the variables of this process that it gets besides child_always; NULL: all. */
	const char *const *inherit;
	const char *const *withheld; /* child_start() sets it: children_withhold() */
	const char *cwd;             /* NULL: this process's */
	const char *stdin_data;      /* NULL: /dev/null */
	size_t stdin_len;
	void (*output)(void *ctx, enum child_stream stream, const char *data, size_t len);
	/* The command has ended by itself and its output was read. What it left in the background
	 * on purpose lives on. STATUS as a shell
	 * shows it: the exit status, or 128 + the signal. */
	void (*ended)(void *ctx, int status);
	/* After child_kill(): nothing of it is alive any more. */
	void (*gone)(void *ctx);
	/* MAY (NULL). Between both: a process that had to be ended, by its pid and command line, with a reason after it
	 * when it could not be (another user's, stuck in the kernel). At most CHILD_REPORTS_MAX times. */
	void (*killed)(void *ctx, int pid, const char *command);
	void *ctx;
};

struct children *children_new(struct loop *loop, struct err *err);
/* Variables that no child gets, unless `inherit` has the very name or `env` sets it. NAMES ends with
 * NULL; it and its texts are taken. */
void children_withhold(struct children *children, char **names);
/* What a child with `inherit` gets besides; names and globs. */
extern const char *const child_always[];
/* Variable NAME of this process as a child with `inherit` would have it; NULL: it would not. Borrowed. */
const char *children_variable(
    const struct children *children, const char *const *inherit, const char *name);
/* What still runs is killed at once and waited for; no callback comes. */
void children_free(struct children *children);

/* Told of each command that was started; NULL: nobody. */
void children_on_started(struct children *children, void (*fn)(void *ctx, int pid), void *ctx);

/* Start a command. Everything in SPEC is copied. Errors say which command and why
 * ("unable to run 'kubectl': not found in PATH: install it or …"). */
struct child *child_start(
    struct children *children, const struct child_spec *spec, struct err *err);

/* End the command and every descendant of it. Neither output() nor ended() is called
 * from now on; gone() is, from the loop, at most CHILD_GRACE + 1 s later. */
void child_kill(struct child *child);

/* Inside ended(): the signal that ended the command, 0 when it exited. */
int child_signal(const struct child *child);

#endif
