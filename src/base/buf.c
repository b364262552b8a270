/* A string that grows up to its ceiling. Invariant: data[len] is NUL, len <= max. */
#include "fsops/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fsops/mem.h"

#define FIRST_CAP 64

/* What every empty buf points to, so that `data` is a string before anything was added, and an empty
 * buf owns nothing. Never written to but with the NUL that it is. */
static char nothing[1];

void buf_init(struct buf *buf, size_t max)
{
	*buf = (struct buf){.data = nothing, .max = max};
}

void buf_release(struct buf *buf)
{
	if (buf->cap)
		free(buf->data);
	buf_init(buf, buf->max);
}

void buf_clear(struct buf *buf)
{
	buf->len = 0;
	buf->full = false;
	if (buf->cap)
		buf->data[0] = '\0';
}

static int reserve(struct buf *buf, size_t more)
{
	size_t need = buf->len + more + 1;
	size_t cap = buf->cap;

	if (buf->full || more > buf->max - buf->len) {
		buf->full = true;
		return -1;
	}
	if (need <= cap)
		return 0;
	cap = cap ? cap : FIRST_CAP;
	while (cap < need)
		cap *= 2;
	buf->data = mem_grow(buf->cap ? buf->data : NULL, cap, 1);
	buf->cap = cap;
	return 0;
}

char *buf_more(struct buf *buf, size_t len)
{
	return reserve(buf, len) < 0 ? NULL : buf->data + buf->len;
}

int buf_add(struct buf *buf, const void *data, size_t len)
{
	if (reserve(buf, len) < 0)
		return -1;
	if (len)
		memcpy(buf->data + buf->len, data, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
	return 0;
}

int buf_adds(struct buf *buf, const char *text)
{
	return buf_add(buf, text, strlen(text));
}

int buf_addc(struct buf *buf, char c)
{
	return buf_add(buf, &c, 1);
}

/* What there is room for is written at once; only what is longer is made twice. */
int buf_vaddf(struct buf *buf, const char *fmt, va_list args)
{
	size_t room = buf->cap ? buf->cap - buf->len : 0;
	va_list again;
	int len;

	va_copy(again, args);
	len = vsnprintf(room ? buf->data + buf->len : NULL, room, fmt, again);
	va_end(again);
	if (len < 0 || reserve(buf, (size_t)len) < 0) {
		buf->data[buf->len] = '\0';
		return -1;
	}
	if ((size_t)len >= room)
		vsnprintf(buf->data + buf->len, (size_t)len + 1, fmt, args);
	buf->len += (size_t)len;
	return 0;
}

int buf_addf(struct buf *buf, const char *fmt, ...)
{
	va_list args;
	int result;

	va_start(args, fmt);
	result = buf_vaddf(buf, fmt, args);
	va_end(args);
	return result;
}

/* The characters that mean nothing to a shell anywhere in a word. */
static bool plain_word(const char *text)
{
	static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                           "0123456789_-+./:,=@%";

	return *text && text[strspn(text, safe)] == '\0';
}

int buf_add_shell_word(struct buf *buf, const char *text)
{
	if (plain_word(text))
		return buf_adds(buf, text);
	buf_addc(buf, '\'');
	while (*text) {
		size_t len = strcspn(text, "'");

		buf_add(buf, text, len);
		text += len;
		if (*text) {
			buf_adds(buf, "'\\''");
			text++;
		}
	}
	return buf_addc(buf, '\'');
}

void buf_consume(struct buf *buf, size_t count)
{
	if (count > buf->len)
		count = buf->len;
	if (!count)
		return;
	memmove(buf->data, buf->data + count, buf->len - count + 1);
	buf->len -= count;
}

char *buf_detach(struct buf *buf)
{
	char *data = buf->cap ? buf->data : mem_text("");

	buf_init(buf, buf->max);
	return data; /* transferred */
}

int buf_read_fd(struct buf *buf, int fd, const char *name, struct err *err)
{
	char block[16 * 1024];
	ssize_t got;

	for (;;) {
		got = read(fd, block, sizeof(block));
		if (got == 0)
			return 0;
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_set(
			    err, ERR_SYSTEM, "unable to read '%s': %s", name, strerror(errno));
		if (buf_add(buf, block, (size_t)got) < 0)
			return err_set(err, ERR_LIMIT,
			    "'%s' is over %zu bytes, the most that is read", name, buf->max);
	}
}

const char *buf_kind_of_file(mode_t mode)
{
	return S_ISDIR(mode)    ? "a directory, not a file"
	       : S_ISFIFO(mode) ? "a named pipe, not a file: write what comes out of it to a file"
	                        : "a special file, not a file";
}

/* Opened without O_NONBLOCK, a named pipe that nobody writes to would hold up the whole program. */
static int open_file(const char *path, struct err *err)
{
	struct stat info;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return err_set(err, ERR_SYSTEM, "unable to open '%s': %s", path, strerror(errno));
	if (fstat(fd, &info) < 0)
		err_set(err, ERR_SYSTEM, "unable to read '%s': %s", path, strerror(errno));
	else if (!S_ISREG(info.st_mode))
		err_set(err, ERR_SYSTEM, "unable to read '%s': it is %s", path,
		    buf_kind_of_file(info.st_mode));
	else
		return fd;
	close(fd);
	return -1;
}

int buf_check_file(const char *path, struct err *err)
{
	int fd = open_file(path, err);

	if (fd >= 0)
		close(fd);
	return fd < 0 ? -1 : 0;
}

int buf_read_checked(struct buf *buf, const char *path, size_t max, buf_check_fn *check,
    const void *ctx, struct err *err)
{
	int fd = open_file(path, err);
	int result = -1;

	buf_init(buf, max);
	if (fd >= 0 && (!check || check(fd, path, ctx, err) == 0))
		result = buf_read_fd(buf, fd, path, err);
	if (fd >= 0)
		close(fd);
	if (result < 0)
		buf_release(buf);
	return result;
}

int buf_read_file(struct buf *buf, const char *path, size_t max, struct err *err)
{
	return buf_read_checked(buf, path, max, NULL, NULL, err);
}
