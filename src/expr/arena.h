/*
 * Memory that is given back all at once, with a ceiling.
 *
 * An evaluation makes many small values of the same lifetime; the first few live
 * in the arena itself, so that a plain condition asks malloc for nothing.
 */
#ifndef EXPR_ARENA_H
#define EXPR_ARENA_H

#include <stddef.h>

#define ARENA_FIRST 2048

struct arena_block;

struct arena {
	struct arena_block *blocks; /* newest first */
	size_t used;                /* of the newest block, or of `first` */
	size_t total;               /* bytes asked from malloc */
	size_t max;
	_Alignas(16) char first[ARENA_FIRST];
};

/* A point to go back to. */
struct arena_mark {
	struct arena_block *block;
	size_t used;
};

void arena_init(struct arena *arena, size_t max);
void arena_release(struct arena *arena);

/* SIZE bytes, not zeroed, aligned for anything; NULL when over the ceiling. */
void *arena_alloc(struct arena *arena, size_t size);

/* LEN bytes copied, and a NUL; NULL when over the ceiling. */
char *arena_text(struct arena *arena, const char *data, size_t len);

/* Give back what follows END, which points into (or just behind) the newest memory. */
void arena_trim(struct arena *arena, char *end);

struct arena_mark arena_mark(const struct arena *arena);

/* Give back everything that was made since MARK. */
void arena_rewind(struct arena *arena, struct arena_mark mark);

#endif
