/*
 * Text from outside, made harmless: what is not printable is shown (\x1b), so
 * that no output can move the cursor, hide a line or turn text around. UTF-8 is kept.
 */
#ifndef FSOPS_UI_SAFE_H
#define FSOPS_UI_SAFE_H

#include <stdbool.h>
#include <stddef.h>

#include "fsops/buf.h"

/* One line: a newline in it is shown as \n. Tabs become blanks. */
void safe_add(struct buf *out, const char *text, size_t len);
void safe_adds(struct buf *out, const char *text);

/* The same, at most WIDTH columns, with "…" (or "...") at the end when it was cut. 0: no limit. */
void safe_add_cut(struct buf *out, const char *text, size_t len, int width, bool utf8);

/* Columns that harmless text takes on a screen. */
int safe_width(const char *text, size_t len);

/* The longest beginning of harmless TEXT that fits WIDTH columns: its bytes. */
size_t safe_fit(const char *text, size_t len, int width);

/* Walk the lines of a text: LINE and LEN without "\n" and "\r\n". False at the end. */
bool next_line(const char **at, const char *end, const char **line, size_t *len);

#endif
