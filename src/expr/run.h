/*
 * One evaluation: where its values live, what it may still cost, what went wrong.
 *
 * Every function here and every CEL function returns 0, or -1 with run->error
 * filled. Errors are blamed on run->node, which the evaluator sets to a node just
 * before it does that node's own work (its kids are done by then).
 */
#ifndef EXPR_RUN_H
#define EXPR_RUN_H

#include "ast.h"
#include "fsops/buf.h"

struct regex;
struct regex_cache;

struct run {
	const struct expr *expr;
	const struct expr_scope *scope;
	struct expr_error *error;
	const struct node *node;
	size_t steps; /* left */
	struct arena arena;
	struct expr_value *slots; /* bound variables */
	struct expr_value *roots; /* the caller's variables, as far as they were asked for */
	bool *root_known;
	json_t **owned; /* references to drop at the end */
	size_t owned_count;
	struct regex_cache *regex; /* the last pattern that was not a literal */
};

/* ERROR must not be NULL. */
int run_init(struct run *run, const struct expr *expr, const struct expr_scope *scope,
    struct expr_error *error);
void run_release(struct run *run);

/* The value of NODE. */
int run_eval(struct run *run, const struct node *node, struct expr_value *out);

/* COUNT steps of work. */
int run_step(struct run *run, size_t count);

/* The work of looking at LEN bytes once. */
int run_step_bytes(struct run *run, size_t len);

/* An evaluation error at run->node. Returns -1. */
int run_fail(struct run *run, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* "no such overload: WHAT". Returns -1. */
int run_no_overload(struct run *run, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Memory of the evaluation; NULL with the error filled when over the ceiling. */
void *run_alloc(struct run *run, size_t size);

/* A string that the evaluation holds: a copy of DATA. */
int run_string(struct run *run, const char *data, size_t len, struct expr_value *out);

/* The text in BUF (begun with run_buf), which is released, as a string or bytes. */
void run_buf(struct buf *buf);
int run_take(struct run *run, struct buf *buf, enum value_type type, struct expr_value *out);

/* A list in the making. */
struct list_build {
	struct expr_value *items;
	size_t count;
	size_t room;
};

int list_add(struct run *run, struct list_build *list, struct expr_value value);
int list_take(struct run *run, struct list_build *list, struct expr_value *out);

/* The keys of a map as a list. */
int run_keys(struct run *run, const struct expr_value *map, struct expr_value *out);

/* Equality and order; the error says which types do not go with each other. */
int run_equal(struct run *run, const struct expr_value *a, const struct expr_value *b, bool *out);
int run_contains(
    struct run *run, const struct expr_value *list, const struct expr_value *item, bool *out);

/* The operators of arith.c. */
int arith_binary(struct run *run, enum op op, const struct expr_value *a,
    const struct expr_value *b, struct expr_value *out);
int arith_negate(struct run *run, const struct expr_value *a, struct expr_value *out);

#endif
