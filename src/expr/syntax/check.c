/*
 * Names: types, variables that a macro binds, and the caller's variables.
 *
 * Invariant: afterwards no NODE_NAME is left, and each NODE_CALL has at least
 * one overload.
 */
#include "check.h"

#include <stdio.h>
#include <string.h>

#include "expr/function.h"
#include "fsops/mem.h"
#include "macro.h"

#define PATH_MAX_PARTS EXPR_DEPTH_MAX
#define QUALIFIED_MAX  128 /* longer dotted names are no type or function */

struct check {
	struct build *build;
	const struct expr_names *names;
	const char *bound[MACRO_VARS_MAX * EXPR_DEPTH_MAX]; /* innermost last */
	size_t bound_count;
};

static int check_node(struct check *c, struct node *node);

static int check_kids(struct check *c, struct node *node)
{
	for (size_t i = 0; i < node->count; i++)
		if (check_node(c, node->kids[i]) < 0)
			return -1;
	return 0;
}

/* The slot that a bound variable has, or -1. */
static int find_bound(const struct check *c, const char *name)
{
	for (size_t i = c->bound_count; i-- > 0;)
		if (strcmp(c->bound[i], name) == 0)
			return (int)i;
	return -1;
}

static bool is_variable(const struct check *c, const char *name)
{
	return c->names && c->names->known(c->names->ctx, name);
}

/* NODE names something of its own: no bound variable and no variable of the caller's. */
static bool is_free(const struct check *c, const struct node *node)
{
	return node->kind == NODE_NAME && (node->absolute || find_bound(c, node->name) < 0) &&
	       !is_variable(c, node->name);
}

static void become_type(struct node *node, int type)
{
	node->kind = NODE_LITERAL;
	node->value = cel_type((enum value_type)type);
	node->count = 0;
}

static int unknown_name(struct check *c, const struct node *node)
{
	const char *names[EXPR_NAMES_MAX];
	size_t count = 0;

	if (function_named(node->name))
		return expr_error_set(c->build->error, EXPR_ERROR_COMPILE, node->place,
		    "'%s' is a function, not a variable", node->name);
	expr_error_set(c->build->error, EXPR_ERROR_COMPILE, node->place,
	    "no such variable: '%s'%s%s", node->name, c->names->advice ? "; " : "",
	    c->names->advice ? c->names->advice : "");
	if (c->names->list)
		count = c->names->list(c->names->ctx, NULL, 0, names, EXPR_NAMES_MAX);
	expr_error_suggest(c->build->error, node->name, names, count);
	return -1;
}

/* The index of the caller's variable NAME, added when it is new. */
static size_t root_index(struct expr *expr, const char *name)
{
	for (size_t i = 0; i < expr->root_count; i++)
		if (strcmp(expr->roots[i], name) == 0)
			return i;
	MEM_PUSH_ROOM(expr->roots, expr->root_count);
	expr->roots[expr->root_count] = name;
	return expr->root_count++;
}

static int check_name(struct check *c, struct node *node)
{
	int slot = node->absolute ? -1 : find_bound(c, node->name);
	int type = cel_type_named(node->name);

	if (slot >= 0) {
		node->kind = NODE_SLOT;
		node->index = (size_t)slot;
		return 0;
	}
	if (c->names && !is_variable(c, node->name)) {
		if (type < 0)
			return unknown_name(c, node);
		become_type(node, type);
		return 0;
	}
	node->kind = NODE_ROOT;
	node->index = root_index(c->build->expr, node->name);
	node->value = type < 0 ? cel_null() : cel_type((enum value_type)type);
	return 0;
}

static int unknown_field(
    struct check *c, const char *const *parts, size_t count, struct place place)
{
	const char *names[EXPR_NAMES_MAX];
	size_t found = 0;

	expr_error_set(c->build->error, EXPR_ERROR_COMPILE, place, "'%s' has no field '%s'",
	    parts[count - 2], parts[count - 1]);
	if (c->names->list)
		found = c->names->list(c->names->ctx, parts, count - 1, names, EXPR_NAMES_MAX);
	expr_error_suggest_all(c->build->error, parts[count - 1], names, found);
	return -1;
}

/* Ask the caller about each field of a path that starts at one of its variables. */
static int check_path(struct check *c, const struct node *node)
{
	const char *parts[PATH_MAX_PARTS];
	struct place places[PATH_MAX_PARTS];
	size_t count;

	if (!c->names || !c->names->field)
		return 0;
	count = node_path(c->build->expr, node, parts, places, PATH_MAX_PARTS);
	for (size_t i = 2; i <= count; i++) {
		int answer = c->names->field(c->names->ctx, parts, i);

		if (answer < 0)
			break;
		if (answer == 0)
			return unknown_field(c, parts, i, places[i - 1]);
	}
	return 0;
}

static bool is_index(const struct node *node)
{
	return node->kind == NODE_INDEX || node->kind == NODE_MAY_INDEX;
}

static bool is_select(const struct node *node)
{
	return node->kind == NODE_SELECT || node->kind == NODE_MAY_SELECT;
}

/* The outermost node of a chain of selects does the asking for all of it. */
static int check_chain(struct check *c, struct node *node)
{
	struct node *inner = node->kids[0];

	if (is_index(node) && check_node(c, node->kids[1]) < 0)
		return -1;
	return is_select(inner) || is_index(inner) ? check_chain(c, inner) : check_node(c, inner);
}

/* google.protobuf.Timestamp and the like, which go before a variable `google`. */
static bool qualified_type(const struct check *c, struct node *node)
{
	const char *parts[3];
	char name[QUALIFIED_MAX];
	const struct node *root = node;
	size_t count;
	int type;

	if (node->kind != NODE_SELECT)
		return false;
	while (root->kind == NODE_SELECT)
		root = root->kids[0];
	count = node_path(c->build->expr, node, parts, NULL, COUNT_OF(parts));
	if (count < 2 || root->kind != NODE_NAME ||
	    (!root->absolute && find_bound(c, root->name) >= 0))
		return false;
	snprintf(name, sizeof(name), "%s.%s%s%s", parts[0], parts[1], count > 2 ? "." : "",
	    count > 2 ? parts[2] : "");
	type = cel_type_named(name);
	if (type >= 0)
		become_type(node, type);
	return type >= 0;
}

static int check_select(struct check *c, struct node *node)
{
	if (qualified_type(c, node))
		return 0;
	if (check_chain(c, node) < 0)
		return -1;
	return check_path(c, node);
}

/* Whether NODE looks like a call of a value but is one of NAME, "math.least". As in CEL a
 * function goes before a variable. */
static bool is_qualified(const struct check *c, const struct node *node, char name[QUALIFIED_MAX])
{
	const struct node *space = node->receiver ? node->kids[0] : NULL;

	if (!space || space->kind != NODE_NAME)
		return false;
	snprintf(name, QUALIFIED_MAX, "%s.%s", space->name, node->name);
	return function_named(name) || (!function_named(node->name) && is_free(c, space) &&
	                                   function_is_namespace(space->name));
}

static int qualify(struct check *c, struct node *node)
{
	char name[QUALIFIED_MAX];

	if (!is_qualified(c, node, name))
		return 0;
	node->name = arena_text(&c->build->expr->arena, name, strlen(name));
	if (!node->name)
		return expr_error_set(
		    c->build->error, EXPR_ERROR_LIMIT, node->place, "the expression is too large");
	node->name_len = strlen(name);
	node->receiver = false;
	node->kids++;
	node->count--;
	return 0;
}

/* In the order in which it is read: the value, the function, its arguments. */
static int check_function(struct check *c, struct node *node)
{
	size_t i = 0;

	if (qualify(c, node) < 0)
		return -1;
	if (node->receiver && check_node(c, node->kids[i++]) < 0)
		return -1;
	if (expr_find_call(c->build, node) < 0)
		return -1;
	for (; i < node->count; i++)
		if (check_node(c, node->kids[i]) < 0)
			return -1;
	return expr_check_call(c->build, node);
}

static bool is_null(const struct node *node)
{
	return node->kind == NODE_LITERAL && node->value.type == VALUE_NULL;
}

/* A map that is compared or counted with, where a field of it is meant. */
static int check_operand(struct check *c, const struct node *operand)
{
	const char *parts[PATH_MAX_PARTS];
	size_t count = node_path(c->build->expr, operand, parts, NULL, PATH_MAX_PARTS);
	const char *meant = count ? c->names->meant(c->names->ctx, parts, count) : NULL;

	if (!meant)
		return 0;
	return expr_error_set(c->build->error, EXPR_ERROR_COMPILE, operand->place,
	    "'%s' is a map here, not a number or text; did you mean '%s.%s'?", parts[count - 1],
	    parts[count - 1], meant);
}

static int check_binary(struct check *c, struct node *node)
{
	if (check_kids(c, node) < 0)
		return -1;
	if (!c->names || !c->names->meant || is_null(node->kids[0]) || is_null(node->kids[1]))
		return 0;
	if (check_operand(c, node->kids[0]) < 0)
		return -1;
	return node->op == OP_IN ? 0 : check_operand(c, node->kids[1]);
}

/* kids[0] does not see what the macro binds. */
static int check_macro(struct check *c, struct node *node)
{
	size_t vars = node->macro->vars;
	int result = check_node(c, node->kids[0]);

	node->index = c->bound_count;
	for (size_t i = 0; i < vars; i++)
		c->bound[c->bound_count++] = node->vars[i];
	if (c->bound_count > c->build->expr->slots)
		c->build->expr->slots = c->bound_count;
	for (size_t i = 1; i < node->count && result == 0; i++)
		result = check_node(c, node->kids[i]);
	c->bound_count -= vars;
	return result;
}

typedef int check_fn(struct check *c, struct node *node);

static check_fn *const checks[NODE_KINDS] = {
    [NODE_NAME] = check_name,
    [NODE_SELECT] = check_select,
    [NODE_HAS] = check_select,
    [NODE_INDEX] = check_select,
    [NODE_BINARY] = check_binary,
    [NODE_CALL] = check_function,
    [NODE_MAY_SELECT] = check_select,
    [NODE_MAY_INDEX] = check_select,
    [NODE_MACRO] = check_macro,
};

static int check_node(struct check *c, struct node *node)
{
	return checks[node->kind] ? checks[node->kind](c, node) : check_kids(c, node);
}

int expr_check(struct build *build, const struct expr_names *names)
{
	struct check c = {.build = build, .names = names};

	return check_node(&c, build->expr->top);
}
