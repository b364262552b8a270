/* A process that holds a lock in the state folder of one test. */
#ifndef FSOPS_LOCK_CASE_H
#define FSOPS_LOCK_CASE_H

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fsops/buf.h"
#include "fsops/lock.h"
#include "fsops/mem.h"
#include "fsops/value.h"
#include "state_folder.h"

static char *lock_path(const char *name)
{
	return mem_printf("%s/locks/%s", case_folder, name);
}

/* ---- a process that does what it is told ---- */

struct peer {
	pid_t pid;
	int to;
	int from;
};

typedef char peer_fn(struct lock *lock); /* answers */

/* It takes the lock, answers 'y' or 'n', and then, at each byte, what DO says. */
static void peer_main(const struct lock_spec *spec, peer_fn *obey, int in, int out)
{
	struct err err;
	struct lock *lock = lock_take(spec, &err);
	char c = lock ? 'y' : 'n';

	while (write(out, &c, 1) == 1 && lock && read(in, &c, 1) == 1)
		c = obey(lock);
	_exit(0); /* without releasing it */
}

static struct peer peer_start(const struct lock_spec *spec, peer_fn *obey)
{
	struct peer peer;
	int to[2], from[2];

	if (pipe2(to, O_CLOEXEC) < 0 || pipe2(from, O_CLOEXEC) < 0)
		abort();
	peer = (struct peer){.pid = fork(), .to = to[1], .from = from[0]};
	if (peer.pid == 0) {
		close(to[1]);
		close(from[0]);
		peer_main(spec, obey, to[0], from[1]);
	}
	close(to[0]);
	close(from[1]);
	return peer;
}

static char peer_hear(const struct peer *peer)
{
	char c = '\0';

	return read(peer->from, &c, 1) == 1 ? c : '\0';
}

static void peer_end(struct peer *peer)
{
	kill(peer->pid, SIGKILL);
	waitpid(peer->pid, NULL, 0);
	close(peer->to);
	close(peer->from);
}

#endif
