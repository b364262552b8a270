/* Signals as bytes in a pipe. Invariant: `pipe_of[N]` is a non-blocking write end as long as our
 * handler is in place for signal N. */
#include "sigpipe.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fsops/mem.h"

/* Ours are all in the classic range. */
#define SIGNALS_MAX 32

struct sigpipe {
	struct loop_watch *watch;
	int fds[2];
	sigpipe_fn *fn;
	void *ctx;
	bool caught[SIGNALS_MAX];
	struct sigaction before[SIGNALS_MAX];
};

/* For the handler, which can be given nothing else. */
static volatile sig_atomic_t pipe_of[SIGNALS_MAX];

int pipe_cloexec(int fds[2])
{
#ifdef __linux__
	return pipe2(fds, O_CLOEXEC);
#else
	if (pipe(fds) < 0)
		return -1;
	fcntl(fds[0], F_SETFD, FD_CLOEXEC);
	fcntl(fds[1], F_SETFD, FD_CLOEXEC);
	return 0;
#endif
}

int fd_nonblock(int fd)
{
	return fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

/* A full pipe loses nothing that matters: the loop is about to wake up anyhow. */
static void on_signal(int signo)
{
	int saved = errno;
	unsigned char byte = (unsigned char)signo;
	ssize_t written = write((int)pipe_of[signo], &byte, 1);

	(void)written;
	errno = saved;
}

static void on_readable(void *ctx, int fd, int ready)
{
	struct sigpipe *sigpipe = ctx;
	unsigned char bytes[64];
	ssize_t got = read(fd, bytes, sizeof(bytes));

	(void)ready;
	for (ssize_t i = 0; i < got; i++)
		sigpipe->fn(sigpipe->ctx, bytes[i]);
}

struct sigpipe *sigpipe_new(struct loop *loop, sigpipe_fn *fn, void *ctx, struct err *err)
{
	struct sigpipe *sigpipe = mem_alloc(sizeof(*sigpipe));

	sigpipe->fn = fn;
	sigpipe->ctx = ctx;
	if (pipe_cloexec(sigpipe->fds) < 0) {
		err_set(err, ERR_SYSTEM, "unable to make a pipe for signals: %s", strerror(errno));
		free(sigpipe);
		return NULL;
	}
	fd_nonblock(sigpipe->fds[0]);
	fd_nonblock(sigpipe->fds[1]);
	sigpipe->watch = loop_watch(loop, sigpipe->fds[0], LOOP_READ, on_readable, sigpipe);
	loop_watch_idle(sigpipe->watch, true);
	return sigpipe;
}

void sigpipe_catch(struct sigpipe *sigpipe, int signo)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};

	pipe_of[signo] = sigpipe->fds[1];
	sigfillset(&action.sa_mask);
	sigaction(signo, &action, &sigpipe->before[signo]);
	sigpipe->caught[signo] = true;
}

void sigpipe_hold(struct sigpipe *sigpipe, bool hold)
{
	loop_watch_idle(sigpipe->watch, !hold);
}

void sigpipe_free(struct sigpipe *sigpipe)
{
	if (!sigpipe)
		return;
	for (int signo = 1; signo < SIGNALS_MAX; signo++)
		if (sigpipe->caught[signo])
			sigaction(signo, &sigpipe->before[signo], NULL);
	loop_unwatch(sigpipe->watch);
	close(sigpipe->fds[0]);
	close(sigpipe->fds[1]);
	free(sigpipe);
}
