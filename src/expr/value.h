/*
 * CEL values as the evaluator sees them: `struct expr_value` (fsops/expr.h).
 *
 * A value never owns memory: text, items and entries belong to the JSON that the
 * caller lent, to the compiled expression, or to the arena of the evaluation.
 * Lists and maps come in two forms, jansson's (`json` is set) and the
 * evaluator's own; the functions below hide which.
 */
#ifndef EXPR_VALUE_H
#define EXPR_VALUE_H

#include "arena.h"
#include "fsops/expr.h"

enum value_type {
	VALUE_NULL,
	VALUE_BOOL,
	VALUE_INT,
	VALUE_UINT,
	VALUE_DOUBLE,
	VALUE_STRING,
	VALUE_BYTES,
	VALUE_LIST,
	VALUE_MAP,
	VALUE_TIMESTAMP,
	VALUE_DURATION,
	VALUE_TYPE, /* as.number is an enum value_type */
	VALUE_QUANTITY,
	VALUE_TYPES /* how many */
};

struct value_list {
	const struct expr_value *items;
	size_t count;
};

struct value_entry {
	struct expr_value key;
	struct expr_value value;
};

struct value_map {
	const struct value_entry *entries;
	size_t count;
};

struct expr_value value_null(void);
struct expr_value value_bool(bool truth);
struct expr_value value_int(int64_t number);
struct expr_value value_uint(uint64_t natural);
struct expr_value value_double(double real);
struct expr_value value_string(const char *data, size_t len); /* borrowed */
struct expr_value value_bytes(const char *data, size_t len);  /* borrowed */
struct expr_value value_type(enum value_type type);
struct expr_value value_from_json(json_t *borrowed);

/* "int", "null_type", "google.protobuf.Timestamp" … */
const char *value_type_name(const struct expr_value *value);
const char *value_name_of_type(enum value_type type);

/* The type that NAME denotes, or -1. */
int value_type_named(const char *name);

/* The number of items of a list or entries of a map. */
size_t value_count(const struct expr_value *value);

/* Item INDEX of a list; INDEX must be below the count. */
struct expr_value value_item(const struct expr_value *list, size_t index);

/* What MAP holds under KEY; false when there is nothing. */
bool value_find(const struct expr_value *map, const struct expr_value *key, struct expr_value *out);
bool value_field(
    const struct expr_value *map, const char *name, size_t len, struct expr_value *out);

/* A walk over a map's entries: `struct value_walk walk = {0}; while (value_walk(&map, &walk))`. */
struct value_walk {
	struct value_entry entry;
	size_t index;
	void *iter;
};
bool value_walk(const struct expr_value *map, struct value_walk *walk);

#endif
