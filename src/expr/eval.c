/*
 * The evaluator: a walk over the tree.
 *
 * Invariant: an error ends the evaluation unless a logical operator (or all()
 * and exists(), in loop.c) absorbs it; a ceiling that was reached is never absorbed.
 */
#include <math.h>
#include <string.h>

#include "compare.h"
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
	return 0;
}

static int eval_slot(struct calc *calc, const struct node *node, struct expr_value *out)
{
	*out = calc->slots[node->index];
	return 0;
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

static int no_such_key(struct calc *calc, const struct expr_value *key)
{
	switch (key->type) {
	case VALUE_STRING:
		return calc_fail(calc, "no such key: '%.*s'",
		    expr_error_shown(key->as.text.data, key->as.text.len), key->as.text.data);
	case VALUE_INT:
		return calc_fail(calc, "no such key: %lld", (long long)key->as.number);
	case VALUE_UINT:
		return calc_fail(calc, "no such key: %lluu", (unsigned long long)key->as.natural);
	case VALUE_BOOL:
		return calc_fail(calc, "no such key: %s", key->as.truth ? "true" : "false");
	default:
		return calc_fail(calc, "no such key: %g", key->as.real);
	}
}

static int eval_select(struct calc *calc, const struct node *node, struct expr_value *out)
{
	struct expr_value target = {0};
	struct expr_value key = cel_string(node->name, node->name_len);
	bool found;

	if (calc_eval(calc, node->kids[0], &target) < 0)
		return -1;
	calc->node = node;
	if (target.type != VALUE_MAP)
		return calc_fail(calc, "no such field '%s': the value before it is %s, not a map",
		    node->name, cel_type_name(&target));
	if (calc_find(calc, &target, &key, out, &found) < 0)
		return -1;
	return found ? 0 : no_such_key(calc, &key);
}

static int eval_has(struct calc *calc, const struct node *node, struct expr_value *out)
{
	struct expr_value target = {0}, ignored;

	if (calc_eval(calc, node->kids[0], &target) < 0)
		return -1;
	calc->node = node;
	if (target.type != VALUE_MAP)
		return calc_fail(calc, "has() of '%s': the value before it is %s, not a map",
		    node->name, cel_type_name(&target));
	*out = cel_bool(cel_field(&target, node->name, node->name_len, &ignored));
	return 0;
}

/* KEY as a place in a list: an int, an uint, or a double that is whole. */
static bool list_index(const struct expr_value *key, int64_t *out)
{
	if (key->type == VALUE_INT)
		*out = key->as.number;
	else if (key->type == VALUE_UINT)
		*out = key->as.natural > INT64_MAX ? INT64_MAX : (int64_t)key->as.natural;
	else if (key->type == VALUE_DOUBLE && key->as.real == trunc(key->as.real) &&
	         fabs(key->as.real) < 1e18)
		*out = (int64_t)key->as.real;
	else
		return false;
	return true;
}

static int index_list(struct calc *calc, const struct expr_value *list,
    const struct expr_value *key, struct expr_value *out)
{
	size_t count = cel_count(list);
	struct expr_value place = written_value(*key);
	int64_t index = 0;

	if (!list_index(&place, &index))
		return calc_no_overload(calc, "list[%s]", cel_type_name(key));
	if (index < 0 || (uint64_t)index >= count)
		return calc_fail(calc, "index out of bounds: %lld, the list has %zu item%s",
		    (long long)index, count, count == 1 ? "" : "s");
	*out = cel_item(list, (size_t)index);
	return 0;
}

bool eval_is_key(const struct expr_value *value)
{
	return value->type == VALUE_STRING || value->type == VALUE_BOOL ||
	       value->type == VALUE_INT || value->type == VALUE_UINT;
}

static int eval_index(struct calc *calc, const struct node *node, struct expr_value *out)
{
	struct expr_value target = {0}, key = {0};
	bool found;

	if (calc_eval(calc, node->kids[0], &target) < 0 || calc_eval(calc, node->kids[1], &key) < 0)
		return -1;
	calc->node = node;
	if (target.type == VALUE_LIST)
		return index_list(calc, &target, &key, out);
	if (target.type != VALUE_MAP || (!eval_is_key(&key) && key.type != VALUE_DOUBLE))
		return calc_no_overload(
		    calc, "%s[%s]", cel_type_name(&target), cel_type_name(&key));
	if (calc_find(calc, &target, &key, out, &found) < 0)
		return -1;
	return found ? 0 : no_such_key(calc, &key);
}

static int eval_list(struct calc *calc, const struct node *node, struct expr_value *out)
{
	struct list_build list = {0};
	struct expr_value item = {0};

	for (size_t i = 0; i < node->count; i++) {
		if (calc_eval(calc, node->kids[i], &item) < 0)
			return -1;
		calc->node = node;
		if (list_add(calc, &list, item) < 0)
			return -1;
	}
	return list_take(calc, &list, out);
}

static int map_key(
    struct calc *calc, const struct node *node, const struct value_map *map, struct expr_value *key)
{
	struct expr_value so_far = {.type = VALUE_MAP, .as.map = map};
	struct expr_value other;

	if (calc_eval(calc, node, key) < 0)
		return -1;
	calc->node = node;
	if (!eval_is_key(key))
		return calc_fail(calc, "a map key must be int, uint, bool or string, not %s",
		    cel_type_name(key));
	if (calc_step(calc, map->count / 8) < 0)
		return -1;
	if (cel_find(&so_far, key, &other))
		return calc_fail(calc, "the map has the same key twice");
	return 0;
}

static int eval_map(struct calc *calc, const struct node *node, struct expr_value *out)
{
	size_t count = node->count / 2;
	struct value_entry *entries = calc_alloc(calc, count * sizeof(entries[0]));
	struct value_map *map = calc_alloc(calc, sizeof(*map));

	if (!entries || !map)
		return -1;
	*map = (struct value_map){.entries = entries};
	for (size_t i = 0; i < count; i++) {
		if (map_key(calc, node->kids[2 * i], map, &entries[i].key) < 0 ||
		    calc_eval(calc, node->kids[2 * i + 1], &entries[i].value) < 0)
			return -1;
		map->count++;
	}
	*out = (struct expr_value){.type = VALUE_MAP, .as.map = map};
	return 0;
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
    [NODE_LIST] = eval_list,
    [NODE_MAP] = eval_map,
    [NODE_NOT] = eval_not,
    [NODE_NEGATE] = eval_negate,
    [NODE_BINARY] = eval_binary,
    [NODE_AND] = eval_and,
    [NODE_OR] = eval_or,
    [NODE_CHOICE] = eval_choice,
    [NODE_CALL] = eval_call,
    [NODE_LOOP] = eval_loop,
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
