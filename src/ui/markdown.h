/*
 * Text from outside in Markdown (CommonMark with GitHub's tables): it is shown as it is, whatever it
 * holds, and nothing in it can end a table, a fence or a list, or become a link or HTML.
 */
#ifndef FSOPS_UI_MARKDOWN_H
#define FSOPS_UI_MARKDOWN_H

#include "fsops/buf.h"

/* TEXT on one line, in a paragraph, heading, list or cell of a table; NULL: nothing. */
void md_text(struct buf *out, const char *text);
void md_textf(struct buf *out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The same in the type of code; NULL: an empty one. */
void md_code(struct buf *out, const char *text);

/* So many lines of an output are shown, so wide; what is left out between them is said. */
#define MD_HEAD_LINES 60
#define MD_TAIL_LINES 30
#define MD_COLUMNS    400

/* TEXT in a fence, its lines as they are. LANGUAGE: "sh", "text". Returns how many lines there are. */
size_t md_fence(struct buf *out, const char *language, const char *text, size_t len);

#endif
