/*
 * Signals that end a run, delivered on the loop: SIGINT, SIGTERM and SIGHUP (a
 * dropped terminal). A SIGHUP that was ignored from the start (nohup) stays
 * ignored. SIGPIPE is ignored from here on: writes fail with EPIPE instead.
 *
 * COUNT says which one it is: 1 asks for a graceful stop, a second means at once.
 */
#ifndef FSOPS_SIGNALS_H
#define FSOPS_SIGNALS_H

#include "fsops/err.h"
#include "fsops/loop.h"

struct signals;

typedef void signal_fn(void *ctx, int signal, int count);

/* One at a time in a process. The old dispositions come back with signals_free(). */
struct signals *signals_new(struct loop *loop, signal_fn *fn, void *ctx, struct err *err);

/* Also tell when the terminal's size has changed (SIGWINCH). */
void signals_on_resize(struct signals *signals, void (*resized)(void *ctx), void *ctx);

void signals_free(struct signals *signals); /* NULL is allowed */

#endif
