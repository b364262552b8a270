/* The signals that ask a run to end. Invariant: `count` only grows, so a second one can never be
 * taken for the first. */
#include "fsops/signals.h"

#include <signal.h>
#include <stdlib.h>

#include "fsops/mem.h"
#include "sigpipe.h"

struct signals {
	struct sigpipe *sigpipe;
	int count;
	signal_fn *stop;
	void *ctx;
	void (*resized)(void *ctx);
	void *resized_ctx;
};

static void on_signal(void *ctx, int signo)
{
	struct signals *signals = ctx;

	if (signo == SIGWINCH)
		signals->resized(signals->resized_ctx);
	else
		signals->stop(signals->ctx, signo, ++signals->count);
}

static bool ignored(int signo)
{
	struct sigaction action;

	return sigaction(signo, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

struct signals *signals_new(struct loop *loop, signal_fn *stop, void *ctx, struct err *err)
{
	struct signals *signals = mem_alloc(sizeof(*signals));

	signals->stop = stop;
	signals->ctx = ctx;
	signals->sigpipe = sigpipe_new(loop, on_signal, signals, err);
	if (!signals->sigpipe) {
		free(signals);
		return NULL;
	}
	signal(SIGPIPE, SIG_IGN);
	sigpipe_catch(signals->sigpipe, SIGINT);
	sigpipe_catch(signals->sigpipe, SIGTERM);
	if (!ignored(SIGHUP))
		sigpipe_catch(signals->sigpipe, SIGHUP);
	return signals;
}

void signals_on_resize(struct signals *signals, void (*resized)(void *ctx), void *ctx)
{
	signals->resized = resized;
	signals->resized_ctx = ctx;
	sigpipe_catch(signals->sigpipe, SIGWINCH);
}

void signals_free(struct signals *signals)
{
	if (!signals)
		return;
	sigpipe_free(signals->sigpipe);
	free(signals);
}
