/* The state of one evaluation. Invariant: whatever it holds is gone after run_release(). */
#include "run.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare.h"
#include "regex_cache.h"
#include "fsops/mem.h"

#define BYTES_PER_STEP 256

int run_init(struct run *run, const struct expr *expr, const struct expr_scope *scope,
    struct expr_error *error)
{
	run->expr = expr;
	run->scope = scope;
	run->error = error;
	run->node = expr->top;
	run->steps = EXPR_STEPS_MAX;
	run->owned = NULL;
	run->owned_count = 0;
	run->regex = NULL;
	arena_init(&run->arena, EXPR_MEMORY_MAX);
	run->slots = run_alloc(run, expr->slots * sizeof(run->slots[0]));
	run->roots = run_alloc(run, expr->root_count * sizeof(run->roots[0]));
	run->root_known = run_alloc(run, expr->root_count * sizeof(run->root_known[0]));
	if (!run->slots || !run->roots || !run->root_known)
		return -1;
	memset(run->root_known, 0, expr->root_count * sizeof(run->root_known[0]));
	return 0;
}

void run_release(struct run *run)
{
	for (size_t i = 0; i < run->owned_count; i++)
		json_decref(run->owned[i]);
	free(run->owned);
	regex_cache_free(run->regex);
	arena_release(&run->arena);
}

int run_step(struct run *run, size_t count)
{
	if (count < run->steps) {
		run->steps -= count;
		return 0;
	}
	run->steps = 0;
	return error_set(run->error, EXPR_ERROR_LIMIT, run->node->place,
	    "the evaluation takes more than %d steps (EXPR_STEPS_MAX)", EXPR_STEPS_MAX);
}

int run_step_bytes(struct run *run, size_t len)
{
	return run_step(run, len / BYTES_PER_STEP);
}

int run_fail(struct run *run, const char *fmt, ...)
{
	char text[EXPR_ERROR_TEXT_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return error_set(run->error, EXPR_ERROR_EVAL, run->node->place, "%s", text);
}

int run_no_overload(struct run *run, const char *fmt, ...)
{
	char text[EXPR_ERROR_TEXT_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return run_fail(run, "no such overload: %s", text);
}

void *run_alloc(struct run *run, size_t size)
{
	void *memory = arena_alloc(&run->arena, size);

	if (!memory)
		error_set(run->error, EXPR_ERROR_LIMIT, run->node->place,
		    "the evaluation needs more than %d MiB (EXPR_MEMORY_MAX)",
		    EXPR_MEMORY_MAX / 1024 / 1024);
	return memory;
}

int run_string(struct run *run, const char *data, size_t len, struct expr_value *out)
{
	char *copy = run_alloc(run, len + 1);

	if (!copy)
		return -1;
	if (len)
		memcpy(copy, data, len);
	copy[len] = '\0';
	*out = value_string(copy, len);
	return 0;
}

void run_buf(struct buf *buf)
{
	buf_init(buf, EXPR_TEXT_MAX);
}

int run_take(struct run *run, struct buf *buf, enum value_type type, struct expr_value *out)
{
	int result = -1;

	if (buf->full)
		error_set(run->error, EXPR_ERROR_LIMIT, run->node->place,
		    "a string of more than %d MiB (EXPR_TEXT_MAX)", EXPR_TEXT_MAX / 1024 / 1024);
	else if (run_step_bytes(run, buf->len) == 0)
		result = run_string(run, buf->data, buf->len, out);
	if (result == 0)
		out->type = type;
	buf_release(buf);
	return result;
}

static int list_grow(struct run *run, struct list_build *list)
{
	size_t room = list->room ? list->room * 2 : 8;
	struct expr_value *items;

	if (list->count >= EXPR_LIST_MAX)
		return error_set(run->error, EXPR_ERROR_LIMIT, run->node->place,
		    "a list of more than %d items (EXPR_LIST_MAX)", EXPR_LIST_MAX);
	room = room < EXPR_LIST_MAX ? room : EXPR_LIST_MAX;
	items = run_alloc(run, room * sizeof(items[0]));
	if (!items)
		return -1;
	if (list->count)
		memcpy(items, list->items, list->count * sizeof(items[0]));
	list->items = items;
	list->room = room;
	return 0;
}

int list_add(struct run *run, struct list_build *list, struct expr_value value)
{
	if (list->count >= list->room && list_grow(run, list) < 0)
		return -1;
	list->items[list->count++] = value;
	return 0;
}

int list_take(struct run *run, struct list_build *list, struct expr_value *out)
{
	struct value_list *made = run_alloc(run, sizeof(*made));

	if (!made)
		return -1;
	*made = (struct value_list){.items = list->items, .count = list->count};
	*out = (struct expr_value){.type = VALUE_LIST, .as.list = made};
	return 0;
}

int run_keys(struct run *run, const struct expr_value *map, struct expr_value *out)
{
	struct list_build keys = {0};
	struct value_walk walk = {0};

	while (value_walk(map, &walk))
		if (list_add(run, &keys, walk.entry.key) < 0)
			return -1;
	return list_take(run, &keys, out);
}

int run_equal(struct run *run, const struct expr_value *a, const struct expr_value *b, bool *out)
{
	*out = compare_equal(a, b, &run->steps);
	return run->steps == 0 ? run_step(run, 1) : 0;
}

int run_contains(
    struct run *run, const struct expr_value *list, const struct expr_value *item, bool *out)
{
	size_t count = value_count(list);

	*out = false;
	for (size_t i = 0; i < count && !*out; i++) {
		struct expr_value other = value_item(list, i);

		if (run_equal(run, item, &other, out) < 0)
			return -1;
	}
	return 0;
}
