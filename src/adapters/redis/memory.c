/*
 * hiredis and memory: 1.0 and later let it be chosen; before that a program brings these functions itself, which
 * the library calls by name and which would abort() otherwise. Invariant: hiredis never sees NULL.
 */
#include <hiredis/alloc.h>
#include <hiredis/hiredis.h>
#include <stdlib.h>

#include "fsops/mem.h"
#include "redis.h"

#if HIREDIS_MAJOR >= 1

void redis_choose_memory(void)
{
	static bool chosen;
	hiredisAllocFuncs functions = {
	    mem_lib_malloc, mem_lib_calloc, mem_lib_realloc, mem_lib_strdup, free};

	if (!chosen)
		hiredisSetAllocators(&functions);
	chosen = true;
}

#else

void *hi_malloc(size_t size)
{
	return mem_lib_malloc(size);
}

void *hi_calloc(size_t count, size_t size)
{
	return mem_lib_calloc(count, size);
}

void *hi_realloc(void *old, size_t size)
{
	return mem_lib_realloc(old, size);
}

char *hi_strdup(const char *text)
{
	return mem_lib_strdup(text);
}

void redis_choose_memory(void)
{
}

#endif
