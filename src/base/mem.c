/* Memory that ends the program when it cannot be had; see mem.h for why. */
#include "fsops/mem.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DOING_MAX 512

/* Written only by mem_doing(), on the main thread; read at the very end. */
static char doing[DOING_MAX];
static mem_last_fn *last_deed;

void mem_doing(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(doing, sizeof(doing), fmt, args);
	va_end(args);
}

void mem_at_end(mem_last_fn *fn)
{
	last_deed = fn;
}

/* No stdio: it may want memory itself, or be in the middle of something. */
static void say(const char *text)
{
	if (write(STDERR_FILENO, text, strlen(text)) < 0)
		return; /* nobody to tell */
}

void mem_exhausted(void)
{
	if (last_deed)
		last_deed();
	say("fsops: out of memory");
	if (*doing) {
		say(" while ");
		say(doing);
	}
	say("\n");
	_exit(MEM_EXIT_STATUS);
}

static void *checked(void *memory)
{
	if (!memory)
		mem_exhausted();
	return memory;
}

void *mem_alloc(size_t size)
{
	return checked(calloc(1, size ? size : 1));
}

void *mem_grow(void *old, size_t count, size_t item)
{
	if (item && count > SIZE_MAX / item)
		checked(NULL);
	return checked(realloc(old, count && item ? count * item : 1));
}

char *mem_text(const char *text)
{
	return text ? checked(strdup(text)) : NULL;
}

char *mem_textn(const char *text, size_t len)
{
	return checked(strndup(text, len));
}

char *mem_printf(const char *fmt, ...)
{
	va_list args;
	char *text = NULL;

	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		text = NULL;
	va_end(args);
	return checked(text);
}

char *mem_realpath(const char *path)
{
	char *real = realpath(path, NULL);

	if (!real && errno == ENOMEM)
		mem_exhausted();
	return real;
}

DIR *mem_opendir(const char *path)
{
	DIR *folder = opendir(path);

	if (!folder && errno == ENOMEM)
		mem_exhausted();
	return folder;
}

/* ---- for libraries ---- */

void *mem_lib_malloc(size_t size)
{
	return checked(malloc(size ? size : 1));
}

void *mem_lib_calloc(size_t count, size_t size)
{
	return checked(count && size ? calloc(count, size) : calloc(1, 1));
}

void *mem_lib_realloc(void *old, size_t size)
{
	return checked(realloc(old, size ? size : 1));
}

char *mem_lib_strdup(const char *text)
{
	return checked(strdup(text));
}
