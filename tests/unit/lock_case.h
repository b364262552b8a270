/* A state folder for one test, and a process that holds a lock. */
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

static char case_folder[64];

static int case_set_up(void **state)
{
	(void)state;
	snprintf(case_folder, sizeof(case_folder), "/tmp/fsops-lock-XXXXXX");
	if (!mkdtemp(case_folder))
		return -1;
	return setenv("FSOPS_STATE", case_folder, 1);
}

static int case_tear_down(void **state)
{
	pid_t pid = fork();
	int status = 0;

	(void)state;
	if (pid == 0) {
		execlp("rm", "rm", "-rf", case_folder, (char *)NULL);
		_exit(127);
	}
	return waitpid(pid, &status, 0) == pid && status == 0 ? 0 : -1;
}

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
