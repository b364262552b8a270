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

#define BYTES_PER_STEP 256 /* of a text that is looked at */

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
	VALUE_OPTIONAL, /* as.inner; NULL: none */
	VALUE_IP,       /* as.network, the whole of it */
	VALUE_CIDR,     /* as.network */
	VALUE_URL,
	VALUE_FORMAT, /* as.format */
	VALUE_SEMVER,
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

struct expr_value cel_null(void);
struct expr_value cel_bool(bool truth);
struct expr_value cel_int(int64_t number);
struct expr_value cel_uint(uint64_t natural);
struct expr_value cel_double(double real);
struct expr_value cel_string(const char *data, size_t len); /* borrowed */
struct expr_value cel_bytes(const char *data, size_t len);  /* borrowed */
struct expr_value cel_type(enum value_type type);
struct expr_value cel_optional(const struct expr_value *inner); /* borrowed; NULL: none */
struct expr_value cel_from_json(json_t *borrowed);

/* "int", "null_type", "google.protobuf.Timestamp" … */
const char *cel_type_name(const struct expr_value *value);
const char *cel_name_of_type(enum value_type type);

/* The type that NAME denotes, or -1. */
int cel_type_named(const char *name);

/* The number of items of a list or entries of a map. */
size_t cel_count(const struct expr_value *value);

/* Item INDEX of a list; INDEX must be below the count. */
struct expr_value cel_item(const struct expr_value *list, size_t index);

/* Whether VALUE may be a key of a map. */
bool cel_is_key(const struct expr_value *value);

/* The steps that looking for KEY in MAP takes: jansson's maps hash a key, in our own each key is looked
 * at, and all of those that are as long. */
size_t cel_find_cost(const struct expr_value *map, const struct expr_value *key);

/* What MAP holds under KEY; false when there is nothing. */
bool cel_find(const struct expr_value *map, const struct expr_value *key, struct expr_value *out);
bool cel_field(const struct expr_value *map, const char *name, size_t len, struct expr_value *out);

/* A walk over a map's entries: `struct cel_walk walk = {0}; while (cel_walk(&map, &walk))`. */
struct cel_walk {
	struct value_entry entry;
	size_t index;
	void *iter;
};
bool cel_walk(const struct expr_value *map, struct cel_walk *walk);

#endif
