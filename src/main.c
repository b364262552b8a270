/*
 * fsops: runs incident runbooks.
 *
 * The map of the source. Data goes one way; nothing points back:
 *
 *	YAML ─ runbook/ ─▶ model ─ engine/plan ─▶ plan ─ engine/run ─▶ events ─▶ sinks in ui/
 *
 *	cli/       options; cmd/ is a file per command; the only one to decide exit statuses
 *	ui/        story/ (a run as it goes) on terminal/, plain or as JSON; plan/ (the dry runs), report/ (of a
 *	           run that was), pages/ (what else is printed), schedule/ (timetables)
 *	state/     journal/ (the events of a run on the disk, read back, the history), locks/
 *	engine/    terms/ (words of events), fill/ (values into text), secrets/ (what is masked), plan/ (what
 *	           will run), resume/ (what is known from before), run/ (a run, its steps, tasks and
 *	           attempts), host/ (what adapters ask of the engine): each knows those before it. engine.c
 *	           makes a run with all it needs
 *	notify/    kinds of channels, what they are told, and how it gets there
 *	adapters/  how an action reaches kubectl, http, postgres …: one const table entry each, in a file or a
 *	           folder of its name
 *	kube/      Kubernetes' API: kubeconfig, logins, requests, kinds, watches
 *	net/       names to addresses; keep (connections that outlast an action); web/: requests over HTTP
 *	           (libcurl on the loop)
 *	metrics/   thresholds, levels and units
 *	runbook/   yaml/ (nodes that know their place), the model, platform/, catalog/ (all files), lint/
 *	expr/      the expression language (CEL): syntax/, types/, lib/ (functions), regex/, time/
 *	loop/      poll(2), timers, child processes, signals
 *	base/      errors, text with a ceiling, clocks; redact/ (secrets masked), trust/ (whose files)
 *
 * Headers that cross folders are in include/fsops/; one that a single folder uses lies in it.
 * Begin with include/fsops/plan.h and event.h: a plan is what a dry run prints and a run runs,
 * and a run is a stream of events.
 *
 * Invariant of this file: the three standard descriptors are open, so that no socket can become one of
 * them, no signal is blocked, no variable is there twice, no core is written, and only here does the
 * program exit (and in mem.c, for want of memory).
 */
#include <fcntl.h>
#include <jansson.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#include <sys/resource.h>
#include <unistd.h>

#include "fsops/cli.h"
#include "fsops/mem.h"

/* Whoever starts us with a standard descriptor closed gets /dev/null there. */
static int open_standard(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd < 0)
		return -1;
	close(fd);
	return 0;
}

/* Whoever starts us with signals blocked (a thread that waits for them itself) means its own: with SIGCHLD blocked no
 * child would ever end, with SIGTERM blocked nobody could stop a run. */
static void unblock_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Is there one of this name among those from FIRST to END? */
static bool has_name(char *const *first, char *const *end, const char *variable)
{
	size_t len = strcspn(variable, "=") + 1;

	for (; first < end; first++)
		if (strncmp(*first, variable, len) == 0)
			return true;
	return false;
}

/* Of a variable that is there twice getenv() sees the first, and a shell the last: what we mask must be what
 * our children see. */
static void keep_first_of_each_variable(void)
{
	char **end = environ;

	for (char **variable = environ; *variable; variable++)
		if (!has_name(environ, end, *variable))
			*end++ = *variable;
	*end = NULL;
}

/* A core of ours or of a child would hold secrets. One byte is too little for any file, and unlike
 * 0 it also keeps Linux from handing the core to a program (core_pattern "|…"). A child that wants
 * one may raise the limit for itself. */
static void forbid_cores(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_CORE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max ? 1 : 0;
	setrlimit(RLIMIT_CORE, &limit);
}

static void *crypto_malloc(size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return mem_lib_malloc(size);
}

static void *crypto_realloc(void *old, size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return mem_lib_realloc(old, size);
}

static void crypto_free(void *memory, const char *file, int line)
{
	(void)file;
	(void)line;
	free(memory);
}

/* Before either is used: a value that jansson could not make would be missing in silence, and OpenSSL looks into
 * locks that it could not make. What else can be told is told where it is begun (net/web/web.c …). */
static void choose_memory(void)
{
	json_set_alloc_funcs(mem_lib_malloc, free);
	CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc, crypto_free);
}

/* Nor may another process of the same user read our memory: the environment alone holds secrets from the
 * beginning. What we start is as dumpable as ever: execve() sets it back. */
static void forbid_looking(void)
{
#ifdef PR_SET_DUMPABLE
	prctl(PR_SET_DUMPABLE, 0);
#endif
}

int main(int argc, char **argv)
{
	if (open_standard() < 0)
		return 2;
	forbid_cores();
	forbid_looking();
	unblock_signals();
	keep_first_of_each_variable();
	/* A reader that goes away is an error of write(2), not the end of a run half way. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* the same of a file that may grow no more (ulimit -f) */
	choose_memory();
	return cli_main(argc, argv);
}
