/* Memory that ends the program when it cannot be had; see mem.h for why. */
#include "fsops/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *checked(void *memory)
{
	if (!memory) {
		fputs("fsops: out of memory\n", stderr);
		abort();
	}
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
