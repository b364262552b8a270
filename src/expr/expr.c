/*
 * The library's face: compile, evaluate, ask about.
 *
 * Read on: syntax/lex.c, syntax/parse.c (text to tree), syntax/check.c (what names mean), eval.c and
 * loop.c (tree to value), arith.c and compare.c (operators), function.c and lib/ (functions), types/,
 * time/, regex/.
 */
#include "fsops/expr.h"

#include <stdlib.h>
#include <string.h>

#include "calc.h"
#include "expr/syntax/check.h"
#include "expr/syntax/parse.h"
#include "expr/time/time.h"
#include "fsops/mem.h"
#include "taint.h"
#include "to_json.h"
#include "written.h"

/* A place never goes beyond the text, whatever looked ahead. */
static void keep_inside(struct expr_error *error, size_t len)
{
	if (error->offset > len)
		error->offset = len;
	if (error->length > len - error->offset)
		error->length = len - error->offset;
}

static struct expr *expr_new(void)
{
	struct expr *expr = mem_grow(NULL, 1, sizeof(*expr));

	memset(expr, 0, offsetof(struct expr, arena));
	arena_init(&expr->arena, AST_MEMORY_MAX);
	return expr;
}

struct expr *expr_compile(
    const char *text, size_t len, const struct expr_names *names, struct expr_error *error)
{
	struct expr *expr = expr_new();
	struct build build = {.expr = expr, .error = error};
	struct expr_error ignored;

	if (!error)
		build.error = &ignored;
	*build.error = (struct expr_error){0};
	expr->len = len;
	if (len > EXPR_SOURCE_MAX) {
		expr_error_set(build.error, EXPR_ERROR_LIMIT, (struct place){0, len},
		    "the expression is over %d KiB (EXPR_SOURCE_MAX)", EXPR_SOURCE_MAX / 1024);
		goto fail;
	}
	text = arena_text(&expr->arena, text, len);
	expr->top = expr_parse(&build, text, len);
	if (!expr->top || expr_check(&build, names) < 0)
		goto fail;
	return expr;
fail:
	keep_inside(build.error, len);
	expr_free(expr);
	return NULL;
}

void expr_free(struct expr *expr)
{
	if (!expr)
		return;
	arena_release(&expr->arena);
	free(expr->roots);
	free(expr);
}

bool expr_is_secret(const struct expr *expr)
{
	return expr->secret;
}

/* What a caller wants of the value, while the evaluation's memory is still there. */
typedef int take_fn(struct calc *calc, const struct expr_value *value, void *out);

static int evaluate(const struct expr *expr, const struct expr_scope *scope, take_fn *take,
    void *out, struct expr_error *error)
{
	struct calc calc;
	struct expr_value value = {0};
	struct expr_error ignored;
	int result = -1;

	if (!error)
		error = &ignored;
	error->kind = EXPR_ERROR_NONE;
	error->text[0] = '\0';
	if (calc_init(&calc, expr, scope, error) == 0 && calc_eval(&calc, expr->top, &value) == 0) {
		calc.node = expr->top;
		result = take(&calc, &value, out);
	}
	calc_release(&calc);
	return result;
}

static int take_json(struct calc *calc, const struct expr_value *value, void *out)
{
	json_t **json = out;

	if (taint_taken(calc, value) < 0)
		return -1;
	*json = calc_to_json(calc, value);
	return *json ? 0 : -1;
}

static int take_bool(struct calc *calc, const struct expr_value *value, void *out)
{
	struct expr_value plain = written_value(*value);

	if (plain.type != VALUE_BOOL)
		return calc_fail(calc, "the condition is %s, not bool", cel_type_name(value));
	*(bool *)out = plain.as.truth;
	return 0;
}

struct moment {
	int64_t seconds;
	int32_t nanos;
};

typedef enum time_result time_parse_fn(
    const char *text, size_t len, int64_t *seconds, int32_t *nanos);

/* VALUE, a TYPE or text that PARSE reads, as a point or span of time. */
static int take_moment(struct calc *calc, const struct expr_value *value, enum value_type type,
    time_parse_fn *parse_text, struct moment *out)
{
	*out = (struct moment){value->as.number, value->nanos};
	if (value->type == type)
		return 0;
	if (value->type != VALUE_STRING)
		return calc_fail(
		    calc, "the value is %s, not %s", cel_type_name(value), cel_name_of_type(type));
	if (parse_text(value->as.text.data, value->as.text.len, &out->seconds, &out->nanos) !=
	    TIME_OK)
		return calc_fail(
		    calc, "'%.*s' is no %s", CALC_SHOWN(calc, value), cel_name_of_type(type));
	return 0;
}

static int take_timestamp(struct calc *calc, const struct expr_value *value, void *out)
{
	return take_moment(calc, value, VALUE_TIMESTAMP, time_parse, out);
}

static int take_duration(struct calc *calc, const struct expr_value *value, void *out)
{
	return take_moment(calc, value, VALUE_DURATION, span_parse, out);
}

int expr_eval(
    const struct expr *expr, const struct expr_scope *scope, json_t **out, struct expr_error *error)
{
	return evaluate(expr, scope, take_json, out, error);
}

int expr_eval_bool(
    const struct expr *expr, const struct expr_scope *scope, bool *out, struct expr_error *error)
{
	return evaluate(expr, scope, take_bool, out, error);
}

int expr_eval_timestamp(const struct expr *expr, const struct expr_scope *scope, int64_t *seconds,
    int32_t *nanos, struct expr_error *error)
{
	struct moment moment;

	if (evaluate(expr, scope, take_timestamp, &moment, error) < 0)
		return -1;
	*seconds = moment.seconds;
	*nanos = moment.nanos;
	return 0;
}

int expr_eval_duration(const struct expr *expr, const struct expr_scope *scope, int64_t *seconds,
    int32_t *nanos, struct expr_error *error)
{
	struct moment moment;

	if (evaluate(expr, scope, take_duration, &moment, error) < 0)
		return -1;
	*seconds = moment.seconds;
	*nanos = moment.nanos;
	return 0;
}

/* PATHED: a node further up has reported a path that NODE is part of. */
static void each_path(
    const struct expr *expr, const struct node *node, bool pathed, expr_path_fn *fn, void *ctx)
{
	const char *parts[EXPR_DEPTH_MAX];
	size_t count = node_path(expr, node, parts, NULL, EXPR_DEPTH_MAX);

	if (count > 0 && !pathed)
		fn(ctx, parts, count);
	for (size_t i = 0; i < node->count; i++)
		each_path(expr, node->kids[i], count > 0, fn, ctx);
}

void expr_each_path(const struct expr *expr, expr_path_fn *fn, void *ctx)
{
	each_path(expr, expr->top, false, fn, ctx);
}
