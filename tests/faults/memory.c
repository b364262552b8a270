/* Preloaded into fsops by tests: memory that cannot be had.
 *	FSOPS_TEST_MEMORY=once:N   the Nth request for memory fails
 *	                  from:N   it and all that follow
 *	                  count:N  none fails
 *	FSOPS_TEST_MEMORY_COUNT=FILE  how many there were is written there at the end
 * Counted is from main() on, of every library and thread; N begins at 1.
 * Invariant: only the program that it was preloaded into is touched, not what that starts. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static atomic_bool armed;
static atomic_long count;
static long wanted;
static bool once, never;
static char report[4096];

__attribute__((constructor)) static void begin(void)
{
	const char *how = getenv("FSOPS_TEST_MEMORY");
	const char *file = getenv("FSOPS_TEST_MEMORY_COUNT");
	const char *colon = how ? strchr(how, ':') : NULL;

	if (!colon)
		return;
	once = strncmp(how, "once", 4) == 0;
	never = strncmp(how, "count", 5) == 0;
	wanted = strtol(colon + 1, NULL, 10);
	snprintf(report, sizeof(report), "%s", file ? file : "");
	unsetenv("FSOPS_TEST_MEMORY");
	unsetenv("FSOPS_TEST_MEMORY_COUNT");
	unsetenv("LD_PRELOAD");
}

__attribute__((destructor)) static void end(void)
{
	char text[32];
	int fd = *report ? open(report, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;

	atomic_store(&armed, false);
	if (fd < 0)
		return;
	snprintf(text, sizeof(text), "%ld\n", atomic_load(&count));
	if (write(fd, text, strlen(text)) < 0)
		_exit(99);
	close(fd);
}

/* main() calls it first of all; what the dynamic loader and constructors take is not fsops' to answer for. */
sighandler_t signal(int number, sighandler_t handler)
{
	sighandler_t (*real)(int, sighandler_t);

	*(void **)&real = dlsym(RTLD_NEXT, "signal");
	atomic_store(&armed, wanted > 0);
	return real(number, handler);
}

static bool fails(void)
{
	long at;

	if (!atomic_load(&armed))
		return false;
	at = atomic_fetch_add(&count, 1) + 1;
	if (never || (once ? at != wanted : at < wanted))
		return false;
	errno = ENOMEM;
	return true;
}

/* fsops has a malloc() of its own, over these; a library that was built against another calls that one, too. */
void *__libc_malloc(size_t size)
{
	static void *(*real)(size_t);

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "__libc_malloc");
	return fails() ? NULL : real(size);
}

void *__libc_calloc(size_t items, size_t size)
{
	static void *(*real)(size_t, size_t);

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "__libc_calloc");
	return fails() ? NULL : real(items, size);
}

void *__libc_realloc(void *old, size_t size)
{
	static void *(*real)(void *, size_t);

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "__libc_realloc");
	return fails() ? NULL : real(old, size);
}
