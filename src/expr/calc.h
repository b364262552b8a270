/*
 * One evaluation: where its values live, what it may still cost, what went wrong.
 *
 * Every function here and every CEL function returns 0, or -1 with calc->error
 * filled. Errors are blamed on calc->node, which the evaluator sets to a node just
 * before it does that node's own work (its kids are done by then).
 */
#ifndef EXPR_CALC_H
#define EXPR_CALC_H

#include "expr/syntax/ast.h"
#include "fsops/buf.h"

struct regex;
struct regex_cache;

struct calc {
	const struct expr *expr;
	const struct expr_scope *scope;
	struct expr_error *error;
	const struct node *node;
	size_t steps;       /* left, of those that were */
	size_t granted;     /* at the beginning */
	size_t *steps_left; /* of the scope, which are taken from; NULL: none */
	struct arena arena;
	struct expr_value *slots; /* bound variables */
	size_t kept;              /* the lowest slot that eval_later() filled, or SIZE_MAX */
	size_t later;             /* levels of the trees that eval_later() is in */
	struct expr_value *roots; /* the caller's variables, as far as they were asked for */
	bool *root_known;
	json_t **owned; /* references to drop at the end */
	size_t owned_count;
	struct regex_cache *regex; /* the last pattern that was not a literal */
};

/* ERROR must not be NULL. */
int calc_init(struct calc *calc, const struct expr *expr, const struct expr_scope *scope,
    struct expr_error *error);
void calc_release(struct calc *calc);

/* The value of NODE. */
int calc_eval(struct calc *calc, const struct node *node, struct expr_value *out);

/* COUNT steps of work. */
int calc_step(struct calc *calc, size_t count);

/* The work of looking at LEN bytes once. */
int calc_step_bytes(struct calc *calc, size_t len);

/* An evaluation error at calc->node. Returns -1. */
int calc_fail(struct calc *calc, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A text as an error shows it, for "%.*s": all of it or a good part; a secret, whose part would not be known as one,
 * as `***`. */
struct expr_text calc_shown(const struct calc *calc, const struct expr_value *text);
#define CALC_SHOWN(calc, text) (int)calc_shown((calc), (text)).len, calc_shown((calc), (text)).data

/* "no such overload: WHAT". Returns -1. */
int calc_no_overload(struct calc *calc, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Memory of the evaluation; NULL with the error filled when over the ceiling. */
void *calc_alloc(struct calc *calc, size_t size);

/* A string that the evaluation holds: a copy of DATA. */
int calc_string(struct calc *calc, const char *data, size_t len, struct expr_value *out);

/* The text in BUF (begun with calc_buf), which is released, as a string or bytes. */
void calc_buf(struct buf *buf);
int calc_take(struct calc *calc, struct buf *buf, enum value_type type, struct expr_value *out);

/* A list in the making. One, or a map or optional, that would be over EXPR_VALUE_DEPTH_MAX levels deep is not
 * made: so recursion over a value is safe. */
struct list_build {
	struct expr_value *items;
	size_t count;
	size_t room;
	uint16_t depth; /* of the deepest item */
};

int list_add(struct calc *calc, struct list_build *list, struct expr_value value);
int list_take(struct calc *calc, struct list_build *list, struct expr_value *out);

/* A map in the making. */
struct map_build {
	struct value_entry *entries;
	size_t count;
	size_t room;
	uint16_t depth; /* of the deepest value */
};

/* KEY must be new: see map_add_new(). */
int map_add(struct calc *calc, struct map_build *map, struct value_entry entry);

/* The same, but a KEY that is there already, or of a type that no key has, is an error. */
int map_add_new(struct calc *calc, struct map_build *map, struct value_entry entry);
int map_take(struct calc *calc, struct map_build *map, struct expr_value *out);

/* That KEY is of a type that a key may have. */
int calc_key(struct calc *calc, const struct expr_value *key);

/* An optional with a copy of VALUE, which may be *OUT; NULL: without a value. */
int calc_optional(struct calc *calc, const struct expr_value *value, struct expr_value *out);

/* What MAP holds under KEY; *FOUND tells whether there is something. */
int calc_find(struct calc *calc, const struct expr_value *map, const struct expr_value *key,
    struct expr_value *out, bool *found);

/* The work of comparing VALUE with others, TIMES times. */
int calc_step_compare(struct calc *calc, const struct expr_value *value, size_t times);

/* The keys of a map as a list. */
int calc_keys(struct calc *calc, const struct expr_value *map, struct expr_value *out);

/* Equality and order; the error says which types do not go with each other. */
int calc_equal(
    struct calc *calc, const struct expr_value *a, const struct expr_value *b, bool *out);
int calc_contains(
    struct calc *calc, const struct expr_value *list, const struct expr_value *item, bool *out);

/* The operators of arith.c. */
int arith_binary(struct calc *calc, enum op op, const struct expr_value *a,
    const struct expr_value *b, struct expr_value *out);
int arith_negate(struct calc *calc, const struct expr_value *a, struct expr_value *out);

#endif
