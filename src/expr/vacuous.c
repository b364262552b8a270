/*
 * What an empty list makes true: `x.all(…)`, `!x.exists(…)`, `x.size() == 0`.
 *
 * Invariant: pure; looks at the tree alone. A list that the same expression demands to have items is not
 * reported: whoever wrote `x.size() > 0` has thought of it.
 */
#include <string.h>

#include "ast.h"
#include "parse.h"
#include "fsops/expr.h"

#define PARTS_MAX EXPR_DEPTH_MAX

struct search {
	const struct expr *expr;
	expr_path_fn *fn;
	void *ctx;
};

static bool is_loop(const struct node *node, const char *macro)
{
	return node->kind == NODE_LOOP && strcmp(node->macro->name, macro) == 0;
}

static bool is_zero(const struct node *node)
{
	return node->kind == NODE_LITERAL && node->value.type == VALUE_INT &&
	       node->value.as.number == 0;
}

static bool is_size(const struct node *node)
{
	return node->kind == NODE_CALL && node->count == 1 && strcmp(node->name, "size") == 0;
}

/* The list that NODE's items come from: of `x.filter(…).map(…)` x. */
static const struct node *origin(const struct node *node)
{
	while (node->count && (is_loop(node, "filter") || is_loop(node, "map")))
		node = node->kids[0];
	return node;
}

static size_t path_of(const struct search *search, const struct node *node, const char **parts)
{
	return node_path(search->expr, origin(node), parts, NULL, PARTS_MAX);
}

static bool same_path(const char *const *a, size_t a_count, const char *const *b, size_t b_count)
{
	size_t i = 0;

	while (i < a_count && i < b_count && strcmp(a[i], b[i]) == 0)
		i++;
	return i == a_count && i == b_count;
}

/* Does anything at NODE or below compare the size of PARTS otherwise than with `== 0`? */
static bool demanded(
    const struct search *search, const struct node *node, const char *const *parts, size_t count)
{
	const char *other[PARTS_MAX];

	if (node->kind == NODE_BINARY && node->op != OP_EQUAL)
		for (size_t i = 0; i < node->count; i++)
			if (is_size(node->kids[i]) &&
			    same_path(parts, count, other,
			        path_of(search, node->kids[i]->kids[0], other)))
				return true;
	for (size_t i = 0; i < node->count; i++)
		if (demanded(search, node->kids[i], parts, count))
			return true;
	return false;
}

static void report(const struct search *search, const struct node *list)
{
	const char *parts[PARTS_MAX];
	size_t count = path_of(search, list, parts);

	if (count && !demanded(search, search->expr->top, parts, count))
		search->fn(search->ctx, parts, count);
}

static void walk(const struct search *search, const struct node *node)
{
	if (is_loop(node, "all"))
		report(search, node->kids[0]);
	if (node->kind == NODE_NOT && is_loop(node->kids[0], "exists"))
		report(search, node->kids[0]->kids[0]);
	if (node->kind == NODE_BINARY && node->op == OP_EQUAL)
		for (size_t i = 0; i < 2; i++)
			if (is_size(node->kids[i]) && is_zero(node->kids[1 - i]))
				report(search, node->kids[i]->kids[0]);
	for (size_t i = 0; i < node->count; i++)
		walk(search, node->kids[i]);
}

void expr_each_vacuous(const struct expr *expr, expr_path_fn *fn, void *ctx)
{
	const struct search search = {expr, fn, ctx};

	walk(&search, expr->top);
}
