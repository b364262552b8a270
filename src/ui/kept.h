/* What an action printed, kept for showing: its beginning and its end, never more than a ceiling. */
#ifndef FSOPS_UI_KEPT_H
#define FSOPS_UI_KEPT_H

#include <stdbool.h>
#include <stddef.h>

#include "fsops/buf.h"

struct kept {
	struct buf head;
	struct buf tail; /* of what came after the head was full */
	size_t head_max;
	size_t lines;   /* newlines so far, dropped ones too */
	size_t dropped; /* bytes between head and tail */
	bool open;      /* the last line has no newline yet */
	bool head_full;
	int stream; /* that the last piece came from */
};

void kept_init(struct kept *kept, size_t head_max);
void kept_release(struct kept *kept);
/* A piece from one STREAM; an unfinished line of the other one is ended first. */
void kept_add(struct kept *kept, int stream, const char *text, size_t len);

size_t kept_lines(const struct kept *kept);
/* Does it look like JSON? Then it is for programs. */
bool kept_is_json(const struct kept *kept);

/*
 * Call FN for the first HEAD and the last TAIL lines, in order; where lines are left out between,
 * GAP is called once with how many. TAIL 0: only the first ones, then GAP with the rest.
 */
typedef void kept_line_fn(void *ctx, const char *line, size_t len);
typedef void kept_gap_fn(void *ctx, size_t lines);
void kept_walk(const struct kept *kept, size_t head, size_t tail, kept_line_fn *fn,
    kept_gap_fn *gap, void *ctx);

#endif
