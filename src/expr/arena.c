/* A bump allocator over a chain of blocks. Invariant: total <= max, and every
 * block but the newest is full or was too small for what came next. */
#include "arena.h"

#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"

#define ALIGN     16
#define BLOCK_MIN (16 * 1024)

struct arena_block {
	struct arena_block *next;
	size_t size; /* of data */
	_Alignas(ALIGN) char data[];
};

void arena_init(struct arena *arena, size_t max)
{
	arena->blocks = NULL;
	arena->used = 0;
	arena->total = 0;
	arena->max = max;
}

static void drop_block(struct arena *arena)
{
	struct arena_block *block = arena->blocks;

	arena->blocks = block->next;
	arena->total -= block->size;
	free(block);
}

void arena_release(struct arena *arena)
{
	while (arena->blocks)
		drop_block(arena);
	arena->used = 0;
}

static int add_block(struct arena *arena, size_t size)
{
	struct arena_block *block;
	size_t want = arena->total < BLOCK_MIN ? BLOCK_MIN : arena->total;

	if (size > arena->max - arena->total)
		return -1;
	if (want > arena->max - arena->total)
		want = arena->max - arena->total;
	if (want < size)
		want = size;
	block = mem_alloc(sizeof(*block) + want);
	block->size = want;
	block->next = arena->blocks;
	arena->blocks = block; /* transferred */
	arena->total += want;
	arena->used = 0;
	return 0;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	size_t room = arena->blocks ? arena->blocks->size : sizeof(arena->first);
	void *memory;

	if (size > arena->max)
		return NULL;
	size = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	if (arena->used > room || size > room - arena->used)
		if (add_block(arena, size) < 0)
			return NULL;
	memory = (arena->blocks ? arena->blocks->data : arena->first) + arena->used;
	arena->used += size;
	return memory;
}

char *arena_text(struct arena *arena, const char *data, size_t len)
{
	char *text = arena_alloc(arena, len + 1);

	if (!text)
		return NULL;
	if (len)
		memcpy(text, data, len);
	text[len] = '\0';
	return text;
}

void arena_trim(struct arena *arena, const char *end)
{
	const char *start = arena->blocks ? arena->blocks->data : arena->first;

	arena->used = ((size_t)(end - start) + ALIGN - 1) & ~(size_t)(ALIGN - 1);
}

struct arena_mark arena_mark(const struct arena *arena)
{
	return (struct arena_mark){.block = arena->blocks, .used = arena->used};
}

void arena_rewind(struct arena *arena, struct arena_mark mark)
{
	while (arena->blocks != mark.block)
		drop_block(arena);
	arena->used = mark.used;
}
