/* A bump allocator over a chain of blocks. Invariant: total <= max, and every
 * block but the newest is full or was too small for what came next. */
#include "arena.h"

#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"

/* Under AddressSanitizer, what is not handed out is poisoned, with a gap behind each piece. */
#if defined(__SANITIZE_ADDRESS__)
#define ARENA_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_ASAN 1
#endif
#endif

#ifdef ARENA_ASAN
#include <sanitizer/asan_interface.h>
#define GAP              16
#define HIDE(data, size) ASAN_POISON_MEMORY_REGION(data, size)
#define SHOW(data, size) ASAN_UNPOISON_MEMORY_REGION(data, size)
#else
#define GAP              0
#define HIDE(data, size) ((void)(data), (void)(size))
#define SHOW(data, size) ((void)(data), (void)(size))
#endif

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
	HIDE(arena->first, sizeof(arena->first));
}

static void drop_block(struct arena *arena)
{
	struct arena_block *block = arena->blocks;

	arena->blocks = block->next;
	arena->total -= block->size;
	SHOW(block->data, block->size);
	free(block);
}

void arena_release(struct arena *arena)
{
	while (arena->blocks)
		drop_block(arena);
	arena->used = 0;
	SHOW(arena->first, sizeof(arena->first));
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
	block =
	    mem_grow(NULL, 1, sizeof(*block) + want); /* not zeroed: most of it is never touched */
	block->size = want;
	block->next = arena->blocks;
	arena->blocks = block; /* transferred */
	arena->total += want;
	arena->used = 0;
	HIDE(block->data, want);
	return 0;
}

static char *base(struct arena *arena, size_t *size)
{
	*size = arena->blocks ? arena->blocks->size : sizeof(arena->first);
	return arena->blocks ? arena->blocks->data : arena->first;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	size_t whole = (size + GAP + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	size_t room;
	char *memory;

	if (size > arena->max)
		return NULL;
	base(arena, &room);
	if (arena->used > room || whole > room - arena->used)
		if (add_block(arena, whole) < 0)
			return NULL;
	memory = base(arena, &room) + arena->used;
	arena->used += whole;
	SHOW(memory, size);
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

void arena_trim(struct arena *arena, char *end)
{
	size_t room;
	char *start = base(arena, &room);
	size_t used = ((size_t)(end - start) + GAP + ALIGN - 1) & ~(size_t)(ALIGN - 1);

	if (used >= arena->used)
		return;
	HIDE(end, arena->used - (size_t)(end - start));
	arena->used = used;
}

struct arena_mark arena_mark(const struct arena *arena)
{
	return (struct arena_mark){.block = arena->blocks, .used = arena->used};
}

void arena_rewind(struct arena *arena, struct arena_mark mark)
{
	size_t room;
	char *start;

	while (arena->blocks != mark.block)
		drop_block(arena);
	start = base(arena, &room);
	if (mark.used < room)
		HIDE(start + mark.used, room - mark.used);
	arena->used = mark.used;
}
