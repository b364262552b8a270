/* One error, and a list of problems that keeps them all. */
#include "fsops/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/value.h"

int err_set(struct err *err, enum err_kind kind, const char *fmt, ...)
{
	va_list args;

	if (!err)
		return -1;
	err->kind = kind;
	err->pos = (struct pos){0};
	va_start(args, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, args);
	va_end(args);
	value_clean(err->text);
	return -1;
}

int err_at(struct err *err, struct pos pos, const char *fmt, ...)
{
	va_list args;

	if (!err)
		return -1;
	err->kind = ERR_INPUT;
	err->pos = pos;
	va_start(args, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, args);
	va_end(args);
	value_clean(err->text);
	return -1;
}

int err_prefix(struct err *err, const char *fmt, ...)
{
	char old[ERR_TEXT_MAX];
	va_list args;
	size_t len;

	if (!err)
		return -1;
	memcpy(old, err->text, sizeof(old));
	va_start(args, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, args);
	va_end(args);
	len = strlen(err->text);
	snprintf(err->text + len, sizeof(err->text) - len, ": %s", old);
	value_clean(err->text);
	return -1;
}

static void count_problem(struct problems *list, enum problem_level level, size_t count)
{
	if (level == PROBLEM_ERROR)
		list->errors += count;
	else
		list->warnings += count;
}

void problem_add(
    struct problems *list, enum problem_level level, struct pos pos, const char *fmt, ...)
{
	struct problem *item;
	char text[ERR_TEXT_MAX];
	va_list args;

	count_problem(list, level, 1);
	if (list->count >= PROBLEMS_MAX)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	value_clean(text);
	MEM_PUSH_ROOM(list->items, list->count);
	item = &list->items[list->count++];
	*item = (struct problem){
	    .level = level,
	    .file = mem_text(pos.file ? pos.file : ""),
	    .line = pos.line,
	    .col = pos.col,
	    .text = mem_text(text),
	};
}

void problems_append(struct problems *list, const struct problems *from)
{
	size_t errors = list->errors + from->errors;
	size_t warnings = list->warnings + from->warnings;

	for (size_t i = 0; i < from->count; i++) {
		const struct problem *item = &from->items[i];
		struct pos pos = {item->file, item->line, item->col};

		problem_add(list, item->level, pos, "%s", item->text);
	}
	list->errors = errors; /* also of those that were not kept */
	list->warnings = warnings;
}

void problems_take(struct problems *list, struct problems *from, const char *file)
{
	size_t kept = 0;

	for (size_t i = 0; i < from->count; i++) {
		struct problem *item = &from->items[i];

		if (file && strcmp(item->file, file) != 0) {
			from->items[kept++] = *item;
			continue;
		}
		MEM_PUSH_ROOM(list->items, list->count);
		list->items[list->count++] = *item; /* transferred */
		count_problem(list, item->level, 1);
		count_problem(from, item->level, (size_t)-1);
	}
	from->count = kept;
}

static int compare(const void *left, const void *right)
{
	const struct problem *a = left;
	const struct problem *b = right;
	int files = strcmp(a->file, b->file);

	if (files)
		return files;
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	return (a->col > b->col) - (a->col < b->col);
}

void problems_sort(struct problems *list)
{
	if (list->count)
		qsort(list->items, list->count, sizeof(list->items[0]), compare);
}

void problems_release(struct problems *list)
{
	for (size_t i = 0; i < list->count; i++) {
		free(list->items[i].file);
		free(list->items[i].text);
	}
	free(list->items);
	*list = (struct problems){0};
}
