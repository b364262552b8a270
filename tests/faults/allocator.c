/*
 * Another allocator, preloaded as images with jemalloc do it: whatever it gives must come back to it, and nothing else.
 * A pointer that is not its own ends the process.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define HEAP_SIZE ((size_t)64 * 1024 * 1024)
#define ALIGNMENT 16

static unsigned char heap[HEAP_SIZE] __attribute__((aligned(ALIGNMENT)));
static size_t used;

void *malloc(size_t size)
{
	size_t whole = (size + 2 * ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	size_t at = __atomic_fetch_add(&used, whole, __ATOMIC_SEQ_CST);

	if (at + whole > HEAP_SIZE)
		return NULL;
	memcpy(heap + at, &size, sizeof(size));
	return heap + at + ALIGNMENT;
}

static int is_own(const void *memory)
{
	return (uintptr_t)memory - (uintptr_t)heap < HEAP_SIZE;
}

void free(void *memory)
{
	if (memory && !is_own(memory))
		abort();
}

void *calloc(size_t count, size_t size)
{
	void *memory = malloc(count * size);

	return memory ? memset(memory, 0, count * size) : NULL;
}

void *realloc(void *old, size_t size)
{
	void *memory = malloc(size);
	size_t had;

	if (!old || !memory)
		return memory;
	if (!is_own(old))
		abort();
	memcpy(&had, (unsigned char *)old - ALIGNMENT, sizeof(had));
	return memcpy(memory, old, had < size ? had : size);
}

int posix_memalign(void **memory, size_t alignment, size_t size)
{
	uintptr_t at = (uintptr_t)malloc(size + alignment);

	*memory = (void *)((at + alignment - 1) / alignment * alignment);
	return 0;
}
