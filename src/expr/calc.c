/* The state of one evaluation. Invariant: whatever it holds is gone after calc_release(). */
#include "calc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare.h"
#include "expr/regex/cache.h"
#include "fsops/mem.h"

int calc_init(struct calc *calc, const struct expr *expr, const struct expr_scope *scope,
    struct expr_error *error)
{
	calc->expr = expr;
	calc->scope = scope;
	calc->error = error;
	calc->node = expr->top;
	calc->steps_left = scope ? scope->steps_left : NULL;
	calc->granted = calc->steps_left && *calc->steps_left < EXPR_STEPS_MAX ? *calc->steps_left
	                                                                       : EXPR_STEPS_MAX;
	calc->steps = calc->granted;
	calc->kept = SIZE_MAX;
	calc->later = 0;
	calc->owned = NULL;
	calc->owned_count = 0;
	calc->regex = NULL;
	arena_init(&calc->arena, EXPR_MEMORY_MAX);
	calc->slots = calc_alloc(calc, expr->slots * sizeof(calc->slots[0]));
	calc->roots = calc_alloc(calc, expr->root_count * sizeof(calc->roots[0]));
	calc->root_known = calc_alloc(calc, expr->root_count * sizeof(calc->root_known[0]));
	if (!calc->slots || !calc->roots || !calc->root_known)
		return -1;
	memset(calc->root_known, 0, expr->root_count * sizeof(calc->root_known[0]));
	return 0;
}

void calc_release(struct calc *calc)
{
	if (calc->steps_left)
		*calc->steps_left -= calc->granted - calc->steps;
	for (size_t i = 0; i < calc->owned_count; i++)
		json_decref(calc->owned[i]);
	free(calc->owned);
	regex_cache_free(calc->regex);
	arena_release(&calc->arena);
}

int calc_step(struct calc *calc, size_t count)
{
	if (count < calc->steps) {
		calc->steps -= count;
		return 0;
	}
	calc->steps = 0;
	return expr_error_set(calc->error, EXPR_ERROR_LIMIT, calc->node->place,
	    calc->granted == EXPR_STEPS_MAX
	        ? "the evaluation takes more than %d steps (EXPR_STEPS_MAX)"
	        : "this evaluation and those of the same answer before it take more than %d steps "
	          "together "
	          "(EXPR_STEPS_MAX)",
	    EXPR_STEPS_MAX);
}

int calc_step_bytes(struct calc *calc, size_t len)
{
	return calc_step(calc, len / BYTES_PER_STEP);
}

int calc_fail(struct calc *calc, const char *fmt, ...)
{
	char text[EXPR_ERROR_TEXT_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return expr_error_set(calc->error, EXPR_ERROR_EVAL, calc->node->place, "%s", text);
}

struct expr_text calc_shown(const struct calc *calc, const struct expr_value *value)
{
	const struct expr_scope *scope = calc->scope;
	struct expr_text text = {.data = value->as.text.data, .len = value->as.text.len};

	if (scope && scope->holds && (value->secret || scope->holds(scope->ctx, &text)))
		return (struct expr_text){.data = "***", .len = 3};
	text.len = (size_t)expr_error_shown(text.data, text.len);
	return text;
}

int calc_no_overload(struct calc *calc, const char *fmt, ...)
{
	char text[EXPR_ERROR_TEXT_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return calc_fail(calc, "no such overload: %s", text);
}

void *calc_alloc(struct calc *calc, size_t size)
{
	void *memory = arena_alloc(&calc->arena, size);

	if (!memory)
		expr_error_set(calc->error, EXPR_ERROR_LIMIT, calc->node->place,
		    "the evaluation needs more than %d MiB (EXPR_MEMORY_MAX)",
		    EXPR_MEMORY_MAX / 1024 / 1024);
	return memory;
}

int calc_string(struct calc *calc, const char *data, size_t len, struct expr_value *out)
{
	char *copy = calc_alloc(calc, len + 1);

	if (!copy)
		return -1;
	if (len)
		memcpy(copy, data, len);
	copy[len] = '\0';
	*out = cel_string(copy, len);
	return 0;
}

void calc_buf(struct buf *buf)
{
	buf_init(buf, EXPR_TEXT_MAX);
}

int calc_take(struct calc *calc, struct buf *buf, enum value_type type, struct expr_value *out)
{
	int result = -1;

	if (buf->full)
		expr_error_set(calc->error, EXPR_ERROR_LIMIT, calc->node->place,
		    "a string of more than %d MiB (EXPR_TEXT_MAX)", EXPR_TEXT_MAX / 1024 / 1024);
	else if (calc_step_bytes(calc, buf->len) == 0)
		result = calc_string(calc, buf->data, buf->len, out);
	if (result == 0)
		out->type = type;
	buf_release(buf);
	return result;
}

/* Room for more than the COUNT things of SIZE bytes at OLD of a "list" or "map": a copy of them. */
static void *grow(
    struct calc *calc, const char *what, const void *old, size_t count, size_t size, size_t *room)
{
	size_t wanted = *room ? *room * 2 : 8;
	void *made;

	if (count >= EXPR_LIST_MAX) {
		expr_error_set(calc->error, EXPR_ERROR_LIMIT, calc->node->place,
		    "a %s of more than %d items (EXPR_LIST_MAX)", what, EXPR_LIST_MAX);
		return NULL;
	}
	wanted = wanted < EXPR_LIST_MAX ? wanted : EXPR_LIST_MAX;
	made = calc_alloc(calc, wanted * size);
	if (!made)
		return NULL;
	if (count)
		memcpy(made, old, count * size);
	*room = wanted;
	return made;
}

int list_add(struct calc *calc, struct list_build *list, struct expr_value value)
{
	if (list->count >= list->room) {
		list->items = grow(
		    calc, "list", list->items, list->count, sizeof(list->items[0]), &list->room);
		if (!list->items)
			return -1;
	}
	list->items[list->count++] = value;
	if (value.depth > list->depth)
		list->depth = value.depth;
	return 0;
}

/* OUT has things in it of which the deepest has DEPTH levels. */
static int contain(struct calc *calc, uint16_t depth, struct expr_value *out)
{
	if (depth >= EXPR_VALUE_DEPTH_MAX)
		return expr_error_set(calc->error, EXPR_ERROR_LIMIT, calc->node->place,
		    "the value is nested over %d levels deep (EXPR_VALUE_DEPTH_MAX)",
		    EXPR_VALUE_DEPTH_MAX);
	out->depth = depth + 1;
	return 0;
}

int list_take(struct calc *calc, struct list_build *list, struct expr_value *out)
{
	struct value_list *made = calc_alloc(calc, sizeof(*made));

	if (!made)
		return -1;
	*made = (struct value_list){.items = list->items, .count = list->count};
	*out = (struct expr_value){.type = VALUE_LIST, .as.list = made};
	return contain(calc, list->depth, out);
}

int map_add(struct calc *calc, struct map_build *map, struct value_entry entry)
{
	if (map->count >= map->room) {
		map->entries = grow(
		    calc, "map", map->entries, map->count, sizeof(map->entries[0]), &map->room);
		if (!map->entries)
			return -1;
	}
	map->entries[map->count++] = entry;
	if (entry.value.depth > map->depth)
		map->depth = entry.value.depth;
	return 0;
}

int map_add_new(struct calc *calc, struct map_build *map, struct value_entry entry)
{
	const struct value_map made = {map->entries, map->count};
	const struct expr_value so_far = {.type = VALUE_MAP, .as.map = &made};
	struct expr_value other;
	bool found = false;

	if (calc_key(calc, &entry.key) < 0 ||
	    calc_find(calc, &so_far, &entry.key, &other, &found) < 0)
		return -1;
	if (found)
		return calc_fail(calc, "the map has the same key twice");
	return map_add(calc, map, entry);
}

int map_take(struct calc *calc, struct map_build *map, struct expr_value *out)
{
	struct value_map *made = calc_alloc(calc, sizeof(*made));

	if (!made)
		return -1;
	*made = (struct value_map){.entries = map->entries, .count = map->count};
	*out = (struct expr_value){.type = VALUE_MAP, .as.map = made};
	return contain(calc, map->depth, out);
}

int calc_optional(struct calc *calc, const struct expr_value *value, struct expr_value *out)
{
	struct expr_value *kept = value ? calc_alloc(calc, sizeof(*kept)) : NULL;

	if (value && !kept)
		return -1;
	if (kept)
		*kept = *value;
	*out = cel_optional(kept);
	return kept ? contain(calc, kept->depth, out) : 0;
}

int calc_key(struct calc *calc, const struct expr_value *key)
{
	if (cel_is_key(key))
		return 0;
	return calc_fail(
	    calc, "a map key must be int, uint, bool or string, not %s", cel_type_name(key));
}

int calc_find(struct calc *calc, const struct expr_value *map, const struct expr_value *key,
    struct expr_value *out, bool *found)
{
	if (calc_step(calc, cel_find_cost(map, key)) < 0)
		return -1;
	*found = cel_find(map, key, out);
	return 0;
}

int calc_step_compare(struct calc *calc, const struct expr_value *value, size_t times)
{
	bool text = value->type == VALUE_STRING || value->type == VALUE_BYTES;

	return calc_step(
	    calc, times / 8 + (text ? value->as.text.len / BYTES_PER_STEP * times : 0));
}

int calc_keys(struct calc *calc, const struct expr_value *map, struct expr_value *out)
{
	struct list_build keys = {0};
	struct cel_walk walk = {0};

	if (calc_step(calc, cel_count(map) / 4) < 0)
		return -1;
	while (cel_walk(map, &walk))
		if (list_add(calc, &keys, walk.entry.key) < 0)
			return -1;
	return list_take(calc, &keys, out);
}

int calc_equal(struct calc *calc, const struct expr_value *a, const struct expr_value *b, bool *out)
{
	*out = compare_equal(a, b, &calc->steps);
	return calc->steps == 0 ? calc_step(calc, 1) : 0;
}

int calc_contains(
    struct calc *calc, const struct expr_value *list, const struct expr_value *item, bool *out)
{
	size_t count = cel_count(list);

	*out = false;
	for (size_t i = 0; i < count && !*out; i++) {
		struct expr_value other = cel_item(list, i);

		if (calc_equal(calc, item, &other, out) < 0)
			return -1;
	}
	return 0;
}
