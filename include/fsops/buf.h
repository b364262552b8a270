/*
 * A string that grows, with a ceiling given at creation.
 *
 *	struct buf buf;
 *	buf_init(&buf, 64 * 1024);
 *	buf_addf(&buf, "…");
 *	if (buf.full) …                  // something did not fit and was left out
 *	char *text = buf_detach(&buf);   // or buf_release(&buf)
 *
 * `data` is always NUL-terminated (never NULL after buf_init; only buf_detach() gives it away). An
 * addition that would pass the ceiling adds nothing, sets `full` and returns -1.
 */
#ifndef FSOPS_BUF_H
#define FSOPS_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "fsops/err.h"

/* For text that the program itself makes: messages, command lines, tables. */
#define BUF_TEXT_MAX (1024 * 1024)

struct buf {
	char *data;
	size_t len;
	size_t cap;
	size_t max;
	bool full;
};

void buf_init(struct buf *buf, size_t max);
void buf_release(struct buf *buf);
void buf_clear(struct buf *buf);

int buf_add(struct buf *buf, const void *data, size_t len);
int buf_adds(struct buf *buf, const char *text);
int buf_addc(struct buf *buf, char c);
int buf_addf(struct buf *buf, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int buf_vaddf(struct buf *buf, const char *fmt, va_list args) __attribute__((format(printf, 2, 0)));

/* buf_room() when there is none yet. */
char *buf_more(struct buf *buf, size_t len);

/* Room for LEN bytes more behind those that are there: write to it, and tell buf_wrote() where it ends then. NULL: it
 * would pass the ceiling. */
static inline char *buf_room(struct buf *buf, size_t len)
{
	bool there = len < buf->cap - buf->len && len <= buf->max - buf->len && !buf->full;

	return there ? buf->data + buf->len : buf_more(buf, len);
}

static inline void buf_wrote(struct buf *buf, char *end)
{
	buf->len = (size_t)(end - buf->data);
	*end = '\0';
}

/* Add TEXT as one word of a POSIX shell, quoted only where it must be. */
int buf_add_shell_word(struct buf *buf, const char *text);

/* Drop the first COUNT bytes. */
void buf_consume(struct buf *buf, size_t count);

/* The text becomes the caller's (free()); the buf is empty again and owns nothing. */
char *buf_detach(struct buf *buf);

/*
 * Read a whole regular file. Errors: not there, not readable, a directory or
 * other non-file, over MAX bytes (ERR_LIMIT). BUF is initialised here; on
 * failure it is released.
 */
int buf_read_file(struct buf *buf, const char *path, size_t max, struct err *err);

/* Before a library opens the file at PATH by itself: the same errors, but that nothing is read. A named pipe would
 * hold up the loop for ever. */
int buf_check_file(const char *path, struct err *err);
/* "a named pipe, not a file: …", of a MODE (stat()) that is no regular file's. */
const char *buf_kind_of_file(mode_t mode);

/* The same of a file that CHECK (NULL: none) finds good when it is open: 0, or -1 and ERR. */
typedef int buf_check_fn(int fd, const char *path, const void *ctx, struct err *err);
int buf_read_checked(struct buf *buf, const char *path, size_t max, buf_check_fn *check,
    const void *ctx, struct err *err);

/* Add all that FD gives until its end; waits for it. NAME is for messages. Over the buf's ceiling:
 * ERR_LIMIT. */
int buf_read_fd(struct buf *buf, int fd, const char *name, struct err *err);

#endif
