/*
 * Memory that cannot be had ends the program: a run that cannot even hold its
 * own state must not go on changing things. What outside data can grow has a
 * ceiling of its own (buf.h), so these are only ever asked for small things.
 *
 * All return memory that the caller owns and gives back with free().
 */
#ifndef FSOPS_MEM_H
#define FSOPS_MEM_H

#include <stddef.h>

void *mem_alloc(size_t size);                         /* zeroed */
void *mem_grow(void *old, size_t count, size_t item); /* realloc; contents kept */
char *mem_text(const char *text);                     /* strdup; NULL stays NULL */
char *mem_textn(const char *text, size_t len);        /* strndup */
char *mem_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Make room for one more in an array that doubles: ARRAY holds COUNT items. */
#define MEM_PUSH_ROOM(array, count)                                                                \
	do {                                                                                       \
		if (((count) & ((count)-1)) == 0)                                                  \
			(array) = mem_grow((array), (count) ? (count)*2 : 1, sizeof(*(array)));    \
	} while (0)

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#endif
