/*
 * Signals as bytes in a pipe: the handler writes the signal's number, the loop reads it. So a
 * signal never interrupts more than poll(2), and its callback may do anything.
 *
 * One owner a signal at a time. Used inside src/loop only; fsops/signals.h is for the rest.
 */
#ifndef FSOPS_LOOP_SIGPIPE_H
#define FSOPS_LOOP_SIGPIPE_H

#include <stdbool.h>
#include <stddef.h>

#include "fsops/err.h"
#include "fsops/loop.h"

struct sigpipe;
typedef void sigpipe_fn(void *ctx, int signo);

struct sigpipe *sigpipe_new(struct loop *loop, sigpipe_fn *fn, void *ctx, struct err *err);
void sigpipe_catch(struct sigpipe *sigpipe, int signo);
/* Whether the loop has something to wait for as long as this is here; false at first. */
void sigpipe_hold(struct sigpipe *sigpipe, bool hold);
/* The signals get back what they had before. NULL is allowed. */
void sigpipe_free(struct sigpipe *sigpipe);

/* A pipe whose ends are both close-on-exec from birth. */
int pipe_cloexec(int fds[2]);
/* Reads and writes on FD never block from now on. */
int fd_nonblock(int fd);

#endif
