/* Lock files. Invariant: a name from outside is one file name in the folder of locks, whatever is
 * in it, and never that of another lock. */
#include "lock_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fsops/buf.h"
#include "fsops/sha256.h"
#include "fsops/state.h"

#define LOCK_FOLDER "locks"
/* A longer name is cut and told apart by its digest; most file systems take 255 bytes. */
#define LOCK_NAME_MAX  200
#define LOCK_NAME_HEAD 100

/* As it is, but for what has a meaning in paths or here: "a.b/c" becomes "a%2Eb%2Fc". */
static void add_encoded(struct buf *out, const char *name)
{
	static const char plain[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";

	if (!*name)
		buf_addc(out, '%');
	for (; *name; name++) {
		if (strchr(plain, *name))
			buf_addc(out, *name);
		else
			buf_addf(out, "%%%02X", (unsigned)(unsigned char)*name);
	}
}

char *lock_file_path(const char *platform, const char *runbook, struct err *err)
{
	char digest[SHA256_TEXT];
	struct buf name;
	char *path;

	if (state_make_folder(LOCK_FOLDER, err) < 0)
		return NULL;
	buf_init(&name, BUF_TEXT_MAX);
	buf_adds(&name, LOCK_FOLDER "/");
	add_encoded(&name, platform);
	buf_addc(&name, '.');
	add_encoded(&name, runbook);
	if (name.len > LOCK_NAME_MAX) {
		struct buf head;

		sha256_text(name.data, name.len, digest);
		buf_init(&head, BUF_TEXT_MAX);
		buf_add(&head, name.data, LOCK_NAME_HEAD);
		buf_addf(&head, "~%s", digest);
		buf_release(&name);
		name = head; /* transferred */
	}
	path = state_path(name.data, err);
	buf_release(&name);
	return path;
}

static int fail(const char *what, const char *path, struct err *err)
{
	return err_set(err, ERR_SYSTEM,
	    "unable to %s the lock '%s': %s; without it nothing is changed (--check needs none)",
	    what, path, strerror(errno));
}

int lock_file_open(const char *path, struct err *err)
{
	/* Non-blocking: a pipe in its place must not hold us up. */
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	struct stat st;

	if (fd < 0)
		return fail("open", path, err);
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return fd;
	close(fd);
	return err_set(
	    err, ERR_SYSTEM, "the lock '%s' is not a regular file: look at it and remove it", path);
}

int lock_file_is_at(int fd, const char *path, struct err *err)
{
	struct stat ours, there;

	if (lstat(path, &there) < 0)
		return errno == ENOENT ? 0 : fail("look at", path, err);
	if (fstat(fd, &ours) < 0)
		return fail("look at", path, err);
	return ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

int lock_file_try(int fd, const char *path, enum lock_try *out, struct err *err)
{
	int at;

	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		*out = LOCK_TRY_HELD;
		return errno == EWOULDBLOCK ? 0 : fail("take", path, err);
	}
	at = lock_file_is_at(fd, path, err);
	if (at < 0)
		return -1;
	*out = at ? LOCK_TRY_GOT : LOCK_TRY_MOVED;
	return 0;
}

int lock_file_write(int fd, const char *path, const char *text, struct err *err)
{
	size_t len = strlen(text);
	ssize_t written = pwrite(fd, text, len, 0);

	if (written >= 0 && (size_t)written < len)
		errno = ENOSPC;
	if (written < 0 || (size_t)written < len || ftruncate(fd, (off_t)len) < 0 ||
	    fdatasync(fd) < 0)
		return fail("write", path, err);
	return 0;
}
