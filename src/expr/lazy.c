/*
 * Values that are worked out only when they are needed: cel.bind(), and what stands in
 * for an optional without a value.
 *
 * Invariant: a slot of type VALUE_LATER is evaluated with the slots that were bound where
 * cel.bind() stands; those that were bound since are as before afterwards.
 */
#include <string.h>

#include "eval.h"
#include "expr/syntax/macro.h"

int macro_bind(struct calc *calc, const struct node *node, struct expr_value *out)
{
	calc->slots[node->index] =
	    (struct expr_value){.type = VALUE_LATER, .as.later = node->kids[0]};
	return calc_eval(calc, node->kids[1], out);
}

/* A tree has EXPR_DEPTH_MAX levels, but one that is bound may need another, and that one a third. */
static int go_down(struct calc *calc, const struct node *node)
{
	if (calc->later + node->depth > EXPR_BIND_DEPTH_MAX)
		return expr_error_set(calc->error, EXPR_ERROR_LIMIT, node->place,
		    "values of cel.bind() need each other over %d levels deep "
		    "(EXPR_BIND_DEPTH_MAX)",
		    EXPR_BIND_DEPTH_MAX);
	calc->later += node->depth;
	return 0;
}

/* Its own slots are put into a copy: the expression may bind others in those that are in use. */
int eval_later(struct calc *calc, size_t index, struct expr_value *out)
{
	const struct node *node = calc->slots[index].as.later;
	struct expr_value *slots = calc->slots;
	int result;

	if (go_down(calc, node) < 0)
		return -1;
	calc->slots = calc_alloc(calc, calc->expr->slots * sizeof(slots[0]));
	if (calc->slots) {
		memcpy(calc->slots, slots, index * sizeof(slots[0]));
		result = calc_eval(calc, node, out);
		memcpy(slots, calc->slots, index * sizeof(slots[0]));
	} else {
		result = -1;
	}
	calc->slots = slots;
	calc->later -= node->depth;
	if (result < 0)
		return -1;
	slots[index] = *out;
	if (index < calc->kept)
		calc->kept = index;
	return 0;
}

/* kids[0], which must be an optional. */
static int eval_optional(struct calc *calc, const struct node *node, struct expr_value *out)
{
	if (calc_eval(calc, node->kids[0], out) < 0)
		return -1;
	calc->node = node;
	if (out->type != VALUE_OPTIONAL)
		return calc_no_overload(
		    calc, "%s.%s(), it needs an optional", cel_type_name(out), node->macro->name);
	return 0;
}

static int need_optional(struct calc *calc, const struct node *node, const struct expr_value *value)
{
	calc->node = node->kids[1];
	if (value->type == VALUE_OPTIONAL)
		return 0;
	return calc_fail(
	    calc, "%s() takes an optional, not %s", node->macro->name, cel_type_name(value));
}

/* What the macro makes of what is in the optional: 1; 0: nothing is, and OUT is none. */
static int map_inner(struct calc *calc, const struct node *node, struct expr_value *out)
{
	if (eval_optional(calc, node, out) < 0)
		return -1;
	if (!out->as.inner)
		return 0;
	calc->slots[node->index] = *out->as.inner;
	return calc_eval(calc, node->kids[1], out) < 0 ? -1 : 1;
}

int macro_opt_flat_map(struct calc *calc, const struct node *node, struct expr_value *out)
{
	int mapped = map_inner(calc, node, out);

	return mapped > 0 ? need_optional(calc, node, out) : mapped;
}

int macro_opt_map(struct calc *calc, const struct node *node, struct expr_value *out)
{
	int mapped = map_inner(calc, node, out);

	if (mapped <= 0)
		return mapped;
	calc->node = node;
	return calc_optional(calc, out, out);
}

int macro_or(struct calc *calc, const struct node *node, struct expr_value *out)
{
	if (eval_optional(calc, node, out) < 0)
		return -1;
	if (out->as.inner)
		return 0;
	return calc_eval(calc, node->kids[1], out) < 0 ? -1 : need_optional(calc, node, out);
}

int macro_or_value(struct calc *calc, const struct node *node, struct expr_value *out)
{
	if (eval_optional(calc, node, out) < 0)
		return -1;
	if (!out->as.inner)
		return calc_eval(calc, node->kids[1], out);
	*out = *out->as.inner;
	return 0;
}
