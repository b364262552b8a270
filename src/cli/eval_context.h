/*
 * What an expression tried with `fsops eval` may name: the members of a JSON object, and `now`.
 *
 *	struct eval_context context;
 *	if (eval_context_load(&context, "pods.json", &err) < 0) …       // ERR_USAGE
 *	const struct expr_names names = eval_context_names(&context);
 *	const struct expr_scope scope = eval_context_scope(&context);
 *	eval_context_release(&context);
 */
#ifndef FSOPS_CLI_EVAL_CONTEXT_H
#define FSOPS_CLI_EVAL_CONTEXT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "fsops/err.h"
#include "fsops/expr.h"

/* Bytes of JSON; a list of all the pods of a large cluster has some tens of millions. */
#define EVAL_CONTEXT_MAX ((size_t)256 * 1024 * 1024)

struct eval_context {
	json_t *names;  /* an object; NULL: no context was given */
	bool fixed_now; /* the object says what `now` is */
	int64_t seconds;
	int32_t nanos;
};

/* PATH NULL: no context; "-": standard input; a pipe will do. On failure it holds nothing. */
int eval_context_load(struct eval_context *context, const char *path, struct err *err);
void eval_context_release(struct eval_context *context);

/* Both borrow CONTEXT. */
struct expr_names eval_context_names(struct eval_context *context);
struct expr_scope eval_context_scope(struct eval_context *context);

#endif
