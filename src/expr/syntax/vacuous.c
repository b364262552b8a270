/*
 * What an empty list makes true: `x.all(…)`, `!x.exists(…)`, `x.size() == 0`, `x.size() < 1`.
 *
 * Invariant: pure; looks at the tree alone. A list that the same expression demands to have items is not
 * reported: whoever wrote `x.size() > 0` has thought of it.
 */
#include <string.h>

#include "ast.h"
#include "fsops/expr.h"
#include "macro.h"

#define PARTS_MAX EXPR_DEPTH_MAX

struct search {
	const struct expr *expr;
	expr_path_fn *fn;
	void *ctx;
};

static bool is_loop(const struct node *node, const char *macro)
{
	return node->kind == NODE_MACRO && strcmp(node->macro->name, macro) == 0;
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

/* What `size OP number`, or `number OP size`, says of an empty list. */
static bool holds_of_none(enum op op, int64_t left, int64_t right)
{
	switch (op) {
	case OP_EQUAL:
		return left == right;
	case OP_UNEQUAL:
		return left != right;
	case OP_LESS:
		return left < right;
	case OP_LESS_EQUAL:
		return left <= right;
	case OP_MORE:
		return left > right;
	default:
		return left >= right;
	}
}

/* A comparison of a list's size. What it is compared with may be known only at evaluation: then whoever wrote
 * it has thought of the list being empty. */
struct sizing {
	const struct node *list; /* NULL: it is none */
	bool of_none;            /* it holds of an empty list */
};

static struct sizing sizing_of(const struct node *node, bool negated)
{
	struct sizing sizing = {0};

	if (node->kind != NODE_BINARY || node->op > OP_MORE_EQUAL)
		return sizing;
	for (size_t i = 0; i < 2 && !sizing.list; i++) {
		const struct node *other = node->kids[1 - i];
		int64_t number = other->value.as.number;

		if (!is_size(node->kids[i]))
			continue;
		sizing.list = node->kids[i]->kids[0];
		sizing.of_none = other->kind == NODE_LITERAL && other->value.type == VALUE_INT &&
		                 holds_of_none(node->op, i ? number : 0, i ? 0 : number) != negated;
	}
	return sizing;
}

/* Does anything at NODE or below ask for items of the list at PARTS? */
static bool demanded(const struct search *search, const struct node *node, bool negated,
    const char *const *parts, size_t count)
{
	struct sizing sizing = sizing_of(node, negated);

	if (sizing.list && !sizing.of_none) {
		const char *other[PARTS_MAX];
		size_t other_count = path_of(search, sizing.list, other);

		if (same_path(parts, count, other, other_count))
			return true;
	}
	negated ^= node->kind == NODE_NOT;
	for (size_t i = 0; i < node->count; i++)
		if (demanded(search, node->kids[i], negated, parts, count))
			return true;
	return false;
}

static void report(const struct search *search, const struct node *list)
{
	const char *parts[PARTS_MAX];
	size_t count = path_of(search, list, parts);

	if (count && !demanded(search, search->expr->top, false, parts, count))
		search->fn(search->ctx, parts, count);
}

static void walk(const struct search *search, const struct node *node, bool negated)
{
	struct sizing sizing = sizing_of(node, negated);

	if (is_loop(node, negated ? "exists" : "all"))
		report(search, node->kids[0]);
	if (sizing.list && sizing.of_none)
		report(search, sizing.list);
	negated ^= node->kind == NODE_NOT;
	for (size_t i = 0; i < node->count; i++)
		walk(search, node->kids[i], negated);
}

void expr_each_vacuous(const struct expr *expr, expr_path_fn *fn, void *ctx)
{
	const struct search search = {expr, fn, ctx};

	walk(&search, expr->top, false);
}
