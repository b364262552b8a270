/*
 * The lines of a history, newest first, out of its file a piece at a time, or out of memory:
 *
 *	history_lines_of_file(&lines, fd);          // or history_lines_of_text(&lines, &text)
 *	while (history_lines_next(&lines, &line, &len)) …
 *	history_lines_release(&lines);
 *
 * A torn line at the end is not one yet. For history*.c only.
 */
#ifndef FSOPS_JOURNAL_HISTORY_LINES_H
#define FSOPS_JOURNAL_HISTORY_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "fsops/buf.h"

struct history_lines {
	int fd;     /* taken; -1: all of it is in memory */
	off_t from; /* where in the file DATA begins */
	char *data;
	size_t size;
	size_t end; /* what is behind it was given */
	bool owned; /* DATA is freed */
};

void history_lines_of_file(struct history_lines *lines, int fd);
void history_lines_of_text(
    struct history_lines *lines, struct buf *text); /* borrowed, and cut to pieces */

/* The line before the last one given, LEN bytes and a byte behind it that may be written. It is there until the next
 * call. False: there is none, or the file cannot be read. */
bool history_lines_next(struct history_lines *lines, char **line, size_t *len);

void history_lines_release(struct history_lines *lines);

/* Does everything in the file look like a line, up to its end? */
bool history_lines_are_whole(int fd);

#endif
