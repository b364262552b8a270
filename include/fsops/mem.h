/*
 * Memory that cannot be had ends the program: a run that cannot even hold its
 * own state must not go on changing things. It ends at once and says so, with
 * MEM_EXIT_STATUS: nothing is freed, finished or tidied up, since all of that may
 * want memory too. For a run it is as if it had been killed: its journal holds
 * what there was, and `fsops resume` goes on. What outside data can grow has a
 * ceiling of its own (buf.h), so these are only ever asked for small things.
 *
 * All return memory that the caller owns and gives back with free().
 */
#ifndef FSOPS_MEM_H
#define FSOPS_MEM_H

#include <dirent.h>
#include <stddef.h>

#define MEM_EXIT_STATUS 71 /* EX_OSERR of sysexits.h */

void *mem_alloc(size_t size);                         /* zeroed */
void *mem_grow(void *old, size_t count, size_t item); /* realloc; contents kept */
char *mem_text(const char *text);                     /* strdup; NULL stays NULL */
char *mem_textn(const char *text, size_t len);        /* strndup */
char *mem_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* realpath(3) and opendir(3): NULL means that it is not there or may not be seen, never that there was no memory. */
char *mem_realpath(const char *path);
DIR *mem_opendir(const char *path);

/* What is being done, for the sentence of the end: "running 'x': fsops resume RUN goes on". The text is copied. */
void mem_doing(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* FN is called at such an end, e.g. to give a terminal back; NULL: nothing is. It must not ask for memory. */
typedef void mem_last_fn(void);
void mem_at_end(mem_last_fn *fn);

/* The end: for what a library says about memory. */
_Noreturn void mem_exhausted(void);

/* The same for libraries that let their memory be chosen: as in <stdlib.h>, but never NULL. free() goes with them. */
void *mem_lib_malloc(size_t size);
void *mem_lib_calloc(size_t count, size_t size);
void *mem_lib_realloc(void *old, size_t size);
char *mem_lib_strdup(const char *text);

/* Make room for one more in an array that doubles: ARRAY holds COUNT items. */
#define MEM_PUSH_ROOM(array, count)                                                                \
	do {                                                                                       \
		if (((count) & ((count)-1)) == 0)                                                  \
			(array) = mem_grow((array), (count) ? (count)*2 : 1, sizeof(*(array)));    \
	} while (0)

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#endif
