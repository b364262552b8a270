/*
 * malloc() of the whole program, over the C library's own: what cannot be had is a clear end.
 *
 * Libraries that cannot be told (choose_memory() in main.c) meet it too: libpq's Kerberos and the C library's own
 * look-up of users go on with what they did not get, and crash. Only with glibc, whose allocator can be called by
 * another name, and not under a sanitizer, which brings its own. Linked into the program only, not into its tests.
 *
 * Invariant: none of these returns NULL, but for a size that no machine has (over PTRDIFF_MAX).
 */
#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>

#include "fsops/mem.h"

#if defined(__SANITIZE_ADDRESS__)
#define OTHERS_MALLOC 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
#define OTHERS_MALLOC 1
#endif
#endif

#if defined(__GLIBC__) && !defined(OTHERS_MALLOC)

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *memory);

/* Such a size is a mistake that a library handles, no lack of memory. */
static void *checked(void *memory, size_t size)
{
	if (!memory && size && size <= PTRDIFF_MAX)
		mem_exhausted();
	return memory;
}

void *malloc(size_t size)
{
	return checked(__libc_malloc(size), size);
}

void *calloc(size_t count, size_t size)
{
	size_t whole;

	if (__builtin_mul_overflow(count, size, &whole))
		whole = SIZE_MAX;
	return checked(__libc_calloc(count, size), whole);
}

void *realloc(void *old, size_t size)
{
	return checked(__libc_realloc(old, size), size);
}

/* ---- the rest of the family: a preloaded allocator (LD_PRELOAD) must not get what this one has given ---- */

void free(void *memory)
{
	__libc_free(memory);
}

void *memalign(size_t alignment, size_t size)
{
	return checked(__libc_memalign(alignment, size), size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
	return memalign(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size)
{
	if (alignment % sizeof(void *) || !alignment || (alignment & (alignment - 1)))
		return EINVAL;
	*memory = memalign(alignment, size);
	return *memory ? 0 : ENOMEM;
}

#endif
