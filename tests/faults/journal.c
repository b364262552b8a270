/* Preloaded into fsops by tests: what goes wrong at the Nth write to a journal.
 *	FSOPS_TEST_FAULT=kill-before:N  the process dies instead of writing
 *	                 kill-after:N   it dies when the line is written
 *	                 torn:N         it dies in the middle of the line
 *	                 full:N         the disk is full from then on
 *	                 short:N        the same, but half of that line still fits
 *	                 sync:N         the Nth and every later sync fails
 *	                 none:1         nothing is written or synced, and all seems well: for `make bench`
 * Invariant: other files are never touched. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool is_journal(int fd)
{
	static const char suffix[] = ".jsonl";
	char link[64], path[4096];
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, path, sizeof(path) - 1);
	return len > (ssize_t)strlen(suffix) &&
	       memcmp(path + len - strlen(suffix), suffix, strlen(suffix)) == 0;
}

/* How many more times KIND goes well; -1: it is not asked for. */
static long left(const char *kind, long count)
{
	const char *fault = getenv("FSOPS_TEST_FAULT");
	size_t len = strlen(kind);

	if (!fault || strncmp(fault, kind, len) != 0 || fault[len] != ':')
		return -1;
	return count < strtol(fault + len + 1, NULL, 10) ? 1 : 0;
}

ssize_t write(int fd, const void *data, size_t len)
{
	static ssize_t (*real)(int, const void *, size_t);
	static long count;

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "write");
	if (!is_journal(fd))
		return real(fd, data, len);
	count++;
	if (left("none", count) == 0)
		return (ssize_t)len;
	if (left("kill-before", count) == 0)
		raise(SIGKILL);
	if (left("torn", count) == 0) {
		real(fd, data, len / 2);
		raise(SIGKILL);
	}
	if (left("full", count) == 0 || left("short", count - 1) == 0) {
		errno = ENOSPC;
		return -1;
	}
	if (left("short", count) == 0)
		return real(fd, data, len / 2);
	ssize_t written = real(fd, data, len);
	if (left("kill-after", count) == 0)
		raise(SIGKILL);
	return written;
}

int fdatasync(int fd)
{
	static int (*real)(int);
	static long count;

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "fdatasync");
	if (is_journal(fd) && left("none", 1) == 0)
		return 0;
	if (is_journal(fd) && left("sync", ++count) == 0) {
		errno = EIO;
		return -1;
	}
	return real(fd);
}
