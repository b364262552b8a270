/* Calls: which overloads are meant, and what can be known of literal arguments already. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "expr/function.h"
#include "expr/regex/regex.h"

#define ARGS_MAX 8 /* more are taken only by a function that takes any number */

/* Calls of these make the whole expression a secret. */
static const char secret_function[] = "random_base64";

static int no_such_function(struct build *build, const struct node *node)
{
	expr_error_set(
	    build->error, EXPR_ERROR_COMPILE, node->place, "no such function: %s()", node->name);
	function_suggest(build->error, node->name, node->receiver);
	return -1;
}

static int wrong_form(struct build *build, const struct node *node)
{
	return expr_error_set(build->error, EXPR_ERROR_COMPILE, node->place,
	    node->receiver ? "%s() is called as %s(value)" : "%s() is called as value.%s()",
	    node->name, node->name);
}

/* How many arguments NAME takes when it is called in this form, as a set of bits: 0 to ARGS_MAX. */
static unsigned counts_taken(const char *name, bool receiver)
{
	const struct overload *ignored[OVERLOADS_MAX];
	unsigned set = 0;

	for (size_t args = 0; args <= ARGS_MAX; args++)
		if (function_find(name, receiver, args + receiver, ignored) > 0)
			set |= 1u << args;
	return set;
}

/* "no arguments", "1 argument", "0 or 1 argument", "1, 2 or 4 arguments", "at least 2 arguments" */
static void describe_counts(unsigned set, struct buf *out)
{
	bool repeats = set >> ARGS_MAX;
	unsigned left = repeats ? set & -set : set;

	if (left == 1 && !repeats) {
		buf_adds(out, "no arguments");
		return;
	}
	buf_adds(out, repeats ? "at least " : "");
	for (unsigned args = 0; args <= ARGS_MAX; args++) {
		if (!(left >> args & 1))
			continue;
		left &= ~(1u << args);
		buf_addf(out, "%u%s", args, left == 0 ? "" : left & (left - 1) ? ", " : " or ");
		if (left == 0)
			buf_adds(out, args == 1 ? " argument" : " arguments");
	}
}

static int wrong_count(struct build *build, const struct node *node)
{
	struct buf counts;

	buf_init(&counts, EXPR_ERROR_TEXT_MAX);
	describe_counts(counts_taken(node->name, node->receiver), &counts);
	expr_error_set(build->error, EXPR_ERROR_COMPILE, node->place, "%s() takes %s, not %zu",
	    node->name, counts.data, node->count - node->receiver);
	buf_release(&counts);
	return -1;
}

static int no_overloads(struct build *build, const struct node *node)
{
	const struct expr_function *function = function_named(node->name);

	if (!function)
		return no_such_function(build, node);
	if (node->receiver ? !function->receiver : !function->global)
		return wrong_form(build, node);
	return wrong_count(build, node);
}

/* A pattern that is a literal is compiled here; its mistakes are found now. */
static int check_pattern(struct build *build, struct node *node)
{
	size_t at = function_pattern(node->overloads[0], node->count);
	const struct node *pattern = at < node->count ? node->kids[at] : NULL;
	struct regex_error why;

	if (!pattern || pattern->kind != NODE_LITERAL || pattern->value.type != VALUE_STRING)
		return 0;
	node->regex = regex_compile(
	    &build->expr->arena, pattern->value.as.text.data, pattern->value.as.text.len, &why);
	if (!node->regex)
		return expr_error_set(build->error, EXPR_ERROR_COMPILE, pattern->place,
		    "the pattern is wrong: %s", why.text);
	return 0;
}

/* duration('5x') is a mistake whatever the values are; duration('5s') is a constant. */
static int try_literal(struct build *build, struct node *node)
{
	const struct node *arg = node->count == 1 ? node->kids[0] : NULL;
	struct calc calc;
	struct expr_value value = {0};
	int result = -1;

	if (!arg || node->overloads[0]->form[0] != '!' || arg->kind != NODE_LITERAL)
		return 0;
	if (calc_init(&calc, build->expr, NULL, build->error) == 0) {
		calc.node = node;
		result = function_call(&calc, node, &arg->value, &value);
	}
	calc_release(&calc);
	if (result < 0) {
		build->error->kind = EXPR_ERROR_COMPILE;
		build->error->offset = arg->place.offset;
		build->error->length = arg->place.length;
	} else if (value.type == VALUE_TIMESTAMP || value.type == VALUE_DURATION) {
		node->kind = NODE_LITERAL;
		node->value = value;
		node->count = 0;
	}
	return result;
}

int expr_find_call(struct build *build, struct node *node)
{
	const struct overload *found[OVERLOADS_MAX];
	size_t count = function_find(node->name, node->receiver, node->count, found);
	const struct overload **kept;

	if (count == 0)
		return no_overloads(build, node);
	kept = arena_alloc(&build->expr->arena, count * sizeof(struct overload *));
	if (!kept)
		return expr_error_set(
		    build->error, EXPR_ERROR_LIMIT, node->place, "the expression is too large");
	memcpy(kept, found, count * sizeof(struct overload *));
	node->overloads = kept;
	node->overload_count = count;
	if (strcmp(node->name, secret_function) == 0)
		build->expr->secret = true;
	return 0;
}

int expr_check_call(struct build *build, struct node *node)
{
	return check_pattern(build, node) < 0 ? -1 : try_literal(build, node);
}
