/*
 * The evaluator: a walk over the tree.
 *
 * Invariant: an error ends the evaluation unless a logical operator (or all()
 * and exists(), in loop.c) absorbs it; a ceiling that was reached is never absorbed.
 */
#include <string.h>

#include "eval.h"
#include "function.h"
#include "taint.h"
#include "written.h"
#include "fsops/mem.h"

#define ARGS_FEW 8 /* so many arguments need no memory of the arena */

static int eval_literal(struct calc *calc, const struct node *node, struct expr_value *out)
{
	(void)calc;
	*out = node->value;
	out->literal = true;
	return 0;
}

static int eval_slot(struct calc *calc, const struct node *node, struct expr_value *out)
{
	*out = calc->slots[node->index];
	return out->type == VALUE_LATER ? eval_later(calc, node->index, out) : 0;
}

/* A reference that the scope gave away is kept until the end. */
static struct expr_value adopt(struct calc *calc, struct expr_value value)
{
	json_t *json = value.as.json;

	if (!value.owned)
		return value;
	MEM_PUSH_ROOM(calc->owned, calc->owned_count);
	calc->owned[calc->owned_count++] = json; /* transferred */
	return expr_value_json(json);
}

static int look_up(struct calc *calc, const struct node *node, struct expr_value *out)
{
	const char *name = calc->expr->roots[node->index];
	char why[EXPR_ERROR_TEXT_MAX] = "";

	calc->node = node;
	if (calc->scope &&
	    calc->scope->lookup(calc->scope->ctx, name, out, why, sizeof(why)) == 0) {
		*out = adopt(calc, *out);
		return 0;
	}
	if (node->value.type == VALUE_TYPE) {
		*out = node->value;
		return 0;
	}
	if (!calc->scope)
		return calc_fail(calc, "no such variable: '%s'", name);
	if (why[0])
		return expr_error_set(calc->error, EXPR_ERROR_UNKNOWN, node->place, "%s", why);
	return expr_error_set(
	    calc->error, EXPR_ERROR_UNKNOWN, node->place, "the value of '%s' is not known", name);
}

static int eval_root(struct calc *calc, const struct node *node, struct expr_value *out)
{
	if (!calc->root_known[node->index]) {
		if (look_up(calc, node, &calc->roots[node->index]) < 0)
			return -1;
		calc->root_known[node->index] = true;
	}
	*out = calc->roots[node->index];
	return 0;
}

/* An item of a list or the value of an entry; not THERE when it is `?none`. */
static int eval_item(
    struct calc *calc, const struct node *node, struct expr_value *out, bool *there)
{
	if (node->kind != NODE_MAYBE)
		return calc_eval(calc, node, out);
	if (calc_eval(calc, node->kids[0], out) < 0)
		return -1;
	calc->node = node->kids[0];
	if (out->type != VALUE_OPTIONAL)
		return calc_fail(
		    calc, "the value behind '?' is %s, not an optional", cel_type_name(out));
	*there = out->as.inner != NULL;
	if (*there)
		*out = *out->as.inner;
	return 0;
}

static int eval_list(struct calc *calc, const struct node *node, struct expr_value *out)
{
	struct list_build list = {0};
	struct expr_value item = {0};

	for (size_t i = 0; i < node->count; i++) {
		bool there = true;

		if (eval_item(calc, node->kids[i], &item, &there) < 0)
			return -1;
		calc->node = node;
		if (there && list_add(calc, &list, item) < 0)
			return -1;
	}
	return list_take(calc, &list, out);
}

static int eval_map(struct calc *calc, const struct node *node, struct expr_value *out)
{
	struct map_build map = {0};
	struct value_entry entry = {0};

	for (size_t i = 0; i + 1 < node->count; i += 2) {
		bool there = true;

		if (calc_eval(calc, node->kids[i], &entry.key) < 0 ||
		    eval_item(calc, node->kids[i + 1], &entry.value, &there) < 0)
			return -1;
		calc->node = node->kids[i];
		if (there && map_add_new(calc, &map, entry) < 0)
			return -1;
	}
	calc->node = node;
	return map_take(calc, &map, out);
}

static int eval_not(struct calc *calc, const struct node *node, struct expr_value *out)
{
	if (calc_eval(calc, node->kids[0], out) < 0)
		return -1;
	calc->node = node;
	*out = written_value(*out);
	if (out->type != VALUE_BOOL)
		return calc_no_overload(calc, "!%s", cel_type_name(out));
	out->as.truth = !out->as.truth;
	return 0;
}

static int eval_negate(struct calc *calc, const struct node *node, struct expr_value *out)
{
	struct expr_value value = {0};

	if (calc_eval(calc, node->kids[0], &value) < 0)
		return -1;
	calc->node = node;
	return arith_negate(calc, &value, out);
}

static int eval_binary(struct calc *calc, const struct node *node, struct expr_value *out)
{
	struct expr_value a = {0}, b = {0};

	if (calc_eval(calc, node->kids[0], &a) < 0 || calc_eval(calc, node->kids[1], &b) < 0)
		return -1;
	calc->node = node;
	if (arith_binary(calc, node->op, &a, &b, out) < 0)
		return -1;
	return node->op == OP_ADD ? taint_made(calc, (struct expr_value[]){a, b}, 2, out) : 0;
}

int absorb(struct calc *calc, struct expr_error **held)
{
	if (calc->error->kind == EXPR_ERROR_LIMIT)
		return -1;
	if (*held &&
	    (calc->error->kind != EXPR_ERROR_UNKNOWN || (*held)->kind == EXPR_ERROR_UNKNOWN))
		return 0;
	if (!*held)
		*held = calc_alloc(calc, sizeof(**held));
	if (!*held)
		return -1;
	**held = *calc->error;
	return 0;
}

int absorb_end(struct calc *calc, const struct expr_error *held)
{
	if (!held)
		return 0;
	*calc->error = *held;
	return -1;
}

/* A logical operator: its sign, and the operand that decides. */
struct logic {
	const char *sign;
	bool stop;
};

static int not_a_bool(
    struct calc *calc, const struct logic *logic, const struct expr_value *value, bool first)
{
	const char *type = cel_type_name(value);

	return first ? calc_no_overload(calc, "%s %s bool", type, logic->sign)
	             : calc_no_overload(calc, "bool %s %s", logic->sign, type);
}

/* Operand AT of a logical operator; other than a bool is an error. */
static int operand(
    struct calc *calc, const struct node *node, size_t at, const struct logic *logic, bool *out)
{
	struct expr_value value = {0};

	if (calc_eval(calc, node->kids[at], &value) < 0)
		return -1;
	calc->node = node->kids[at];
	value = written_value(value);
	if (value.type != VALUE_BOOL)
		return not_a_bool(calc, logic, &value, at == 0);
	*out = value.as.truth;
	return 0;
}

static int eval_logic(
    struct calc *calc, const struct node *node, const struct logic *logic, struct expr_value *out)
{
	struct expr_error *held = NULL;
	bool truth = false;

	for (size_t i = 0; i < node->count; i++) {
		if (operand(calc, node, i, logic, &truth) < 0) {
			if (absorb(calc, &held) < 0)
				return -1;
		} else if (truth == logic->stop) {
			*out = cel_bool(truth);
			return 0;
		}
	}
	*out = cel_bool(!logic->stop);
	return absorb_end(calc, held);
}

static int eval_and(struct calc *calc, const struct node *node, struct expr_value *out)
{
	static const struct logic logic = {"&&", false};

	return eval_logic(calc, node, &logic, out);
}

static int eval_or(struct calc *calc, const struct node *node, struct expr_value *out)
{
	static const struct logic logic = {"||", true};

	return eval_logic(calc, node, &logic, out);
}

static int eval_choice(struct calc *calc, const struct node *node, struct expr_value *out)
{
	struct expr_value condition = {0};

	if (calc_eval(calc, node->kids[0], &condition) < 0)
		return -1;
	calc->node = node;
	condition = written_value(condition);
	if (condition.type != VALUE_BOOL)
		return calc_no_overload(calc, "%s ? … : …", cel_type_name(&condition));
	return calc_eval(calc, node->kids[condition.as.truth ? 1 : 2], out);
}

static int eval_call(struct calc *calc, const struct node *node, struct expr_value *out)
{
	struct expr_value few[ARGS_FEW];
	struct expr_value *args = few;

	if (node->count > ARGS_FEW)
		args = calc_alloc(calc, node->count * sizeof(args[0]));
	if (!args)
		return -1;
	for (size_t i = 0; i < node->count; i++)
		if (calc_eval(calc, node->kids[i], &args[i]) < 0)
			return -1;
	calc->node = node;
	if (function_call(calc, node, args, out) < 0)
		return -1;
	return taint_made(calc, args, node->count, out);
}

typedef int eval_fn(struct calc *calc, const struct node *node, struct expr_value *out);

static eval_fn *const evals[NODE_KINDS] = {
    [NODE_LITERAL] = eval_literal,
    [NODE_ROOT] = eval_root,
    [NODE_SLOT] = eval_slot,
    [NODE_SELECT] = eval_select,
    [NODE_HAS] = eval_has,
    [NODE_INDEX] = eval_index,
    [NODE_MAY_SELECT] = eval_select,
    [NODE_MAY_INDEX] = eval_index,
    [NODE_LIST] = eval_list,
    [NODE_MAP] = eval_map,
    [NODE_NOT] = eval_not,
    [NODE_NEGATE] = eval_negate,
    [NODE_BINARY] = eval_binary,
    [NODE_AND] = eval_and,
    [NODE_OR] = eval_or,
    [NODE_CHOICE] = eval_choice,
    [NODE_CALL] = eval_call,
    [NODE_MACRO] = eval_macro,
};

int calc_eval(struct calc *calc, const struct node *node, struct expr_value *out)
{
	if (calc->steps <= 1) {
		calc->node = node;
		return calc_step(calc, 1);
	}
	calc->steps--;
	return evals[node->kind](calc, node, out);
}
