/* Goes through the lines of a history backwards. Invariant: however many there are, a piece of the file is in memory
 * and no more. */
#include "history_lines.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fsops/mem.h"

#define PIECE ((size_t)64 * 1024)

/* All SIZE bytes at FROM. */
static bool read_at(int fd, char *data, size_t size, off_t from)
{
	while (size) {
		ssize_t got = pread(fd, data, size, from);

		if (got <= 0)
			return false;
		data += got;
		size -= (size_t)got;
		from += got;
	}
	return true;
}

/* The piece before what is there; false: there is none. */
static bool read_before(struct history_lines *lines)
{
	size_t piece = lines->from < (off_t)PIECE ? (size_t)lines->from : PIECE;

	if (!piece)
		return false;
	if (lines->size < lines->end + piece) {
		lines->size = lines->end + piece + PIECE;
		lines->data = mem_grow(lines->data, lines->size, 1);
	}
	memmove(lines->data + piece, lines->data, lines->end);
	if (!read_at(lines->fd, lines->data, piece, lines->from - (off_t)piece)) {
		lines->from = 0;
		lines->end = 0;
		return false;
	}
	lines->from -= (off_t)piece;
	lines->end += piece;
	return true;
}

/* Where the last newline before END is; NULL: not in memory. */
static char *newline_before(const struct history_lines *lines, size_t end)
{
	return end ? memrchr(lines->data, '\n', end) : NULL;
}

static void drop_torn(struct history_lines *lines)
{
	char *last;

	while (!(last = newline_before(lines, lines->end)))
		if (!read_before(lines)) {
			lines->end = 0;
			return;
		}
	lines->end = (size_t)(last - lines->data) + 1;
}

void history_lines_of_file(struct history_lines *lines, int fd)
{
	struct stat info;

	*lines = (struct history_lines){.fd = fd, .owned = true};
	lines->from = fstat(fd, &info) == 0 ? info.st_size : 0;
	drop_torn(lines);
}

void history_lines_of_text(struct history_lines *lines, struct buf *text)
{
	*lines = (struct history_lines){.fd = -1, .data = text->data, .end = text->len};
	drop_torn(lines);
}

bool history_lines_next(struct history_lines *lines, char **line, size_t *len)
{
	char *newline;
	size_t begin;

	if (!lines->end && !read_before(lines))
		return false;
	while (!(newline = newline_before(lines, lines->end - 1)) && read_before(lines))
		;
	if (!lines->end)
		return false;
	begin = newline ? (size_t)(newline - lines->data) + 1 : 0;
	*line = lines->data + begin;
	*len = lines->end - 1 - begin;
	lines->end = begin;
	return true;
}

void history_lines_release(struct history_lines *lines)
{
	if (lines->fd >= 0)
		close(lines->fd);
	if (lines->owned)
		free(lines->data);
}

/* ---- is it whole? ---- */

static bool begins_well(const char *line, size_t len)
{
	static const char began[] = "began\t", ended[] = "ended\t";

	return len >= sizeof(began) - 1 && (memcmp(line, began, sizeof(began) - 1) == 0 ||
	                                       memcmp(line, ended, sizeof(ended) - 1) == 0);
}

bool history_lines_are_whole(int fd)
{
	struct history_lines lines;
	struct stat info;
	bool whole = fstat(fd, &info) == 0 && info.st_size > 0;
	char last = 0;
	char *line;
	size_t len;

	if (!whole || pread(fd, &last, 1, info.st_size - 1) != 1 || last != '\n')
		return false;
	history_lines_of_file(&lines, fd);
	while (whole && history_lines_next(&lines, &line, &len))
		whole = begins_well(line, len);
	lines.fd = -1; /* the caller's */
	history_lines_release(&lines);
	return whole;
}
