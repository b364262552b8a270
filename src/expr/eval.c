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
#include "fsops/mem.h"

#define ARGS_FEW 8 /* so many arguments need no memory of the arena */

static int eval_literal(struct run *run, const struct node *node, struct expr_value *out)
{
	(void)run;
	*out = node->value;
	return 0;
}

static int eval_slot(struct run *run, const struct node *node, struct expr_value *out)
{
	*out = run->slots[node->index];
	return 0;
}

/* A reference that the scope gave away is kept until the end. */
static struct expr_value adopt(struct run *run, struct expr_value value)
{
	json_t *json = value.as.json;

	if (!value.owned)
		return value;
	MEM_PUSH_ROOM(run->owned, run->owned_count);
	run->owned[run->owned_count++] = json; /* transferred */
	return expr_value_json(json);
}

static int look_up(struct run *run, const struct node *node, struct expr_value *out)
{
	const char *name = run->expr->roots[node->index];
	char why[EXPR_ERROR_TEXT_MAX] = "";

	run->node = node;
	if (!run->scope || !run->scope->lookup)
		return run_fail(run, "no such variable: '%s'", name);
	if (run->scope->lookup(run->scope->ctx, name, out, why, sizeof(why)) == 0) {
		*out = adopt(run, *out);
		return 0;
	}
	if (why[0])
		return error_set(run->error, EXPR_ERROR_UNKNOWN, node->place, "%s", why);
	return error_set(
	    run->error, EXPR_ERROR_UNKNOWN, node->place, "the value of '%s' is not known", name);
}

static int eval_root(struct run *run, const struct node *node, struct expr_value *out)
{
	if (!run->root_known[node->index]) {
		if (look_up(run, node, &run->roots[node->index]) < 0)
			return -1;
		run->root_known[node->index] = true;
	}
	*out = run->roots[node->index];
	return 0;
}

static int no_such_key(struct run *run, const struct expr_value *key)
{
	switch (key->type) {
	case VALUE_STRING:
		return run_fail(run, "no such key: '%.*s'",
		    error_shown(key->as.text.data, key->as.text.len), key->as.text.data);
	case VALUE_INT:
		return run_fail(run, "no such key: %lld", (long long)key->as.number);
	case VALUE_UINT:
		return run_fail(run, "no such key: %lluu", (unsigned long long)key->as.natural);
	case VALUE_BOOL:
		return run_fail(run, "no such key: %s", key->as.truth ? "true" : "false");
	default:
		return run_fail(run, "no such key: %g", key->as.real);
	}
}

static int eval_select(struct run *run, const struct node *node, struct expr_value *out)
{
	struct expr_value target;
	struct expr_value key = value_string(node->name, node->name_len);

	if (run_eval(run, node->kids[0], &target) < 0)
		return -1;
	run->node = node;
	if (target.type != VALUE_MAP)
		return run_fail(run, "no such field '%s': the value before it is %s, not a map",
		    node->name, value_type_name(&target));
	return value_find(&target, &key, out) ? 0 : no_such_key(run, &key);
}

static int eval_has(struct run *run, const struct node *node, struct expr_value *out)
{
	struct expr_value target, ignored;

	if (run_eval(run, node->kids[0], &target) < 0)
		return -1;
	run->node = node;
	if (target.type != VALUE_MAP)
		return run_fail(run, "has() of '%s': the value before it is %s, not a map",
		    node->name, value_type_name(&target));
	*out = value_bool(value_field(&target, node->name, node->name_len, &ignored));
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

static int index_list(struct run *run, const struct expr_value *list, const struct expr_value *key,
    struct expr_value *out)
{
	size_t count = value_count(list);
	int64_t index;

	if (!list_index(key, &index))
		return run_no_overload(run, "list[%s]", value_type_name(key));
	if (index < 0 || (uint64_t)index >= count)
		return run_fail(run, "index out of bounds: %lld, the list has %zu item%s",
		    (long long)index, count, count == 1 ? "" : "s");
	*out = value_item(list, (size_t)index);
	return 0;
}

bool eval_is_key(const struct expr_value *value)
{
	return value->type == VALUE_STRING || value->type == VALUE_BOOL ||
	       value->type == VALUE_INT || value->type == VALUE_UINT;
}

static int eval_index(struct run *run, const struct node *node, struct expr_value *out)
{
	struct expr_value target, key;

	if (run_eval(run, node->kids[0], &target) < 0 || run_eval(run, node->kids[1], &key) < 0)
		return -1;
	run->node = node;
	if (target.type == VALUE_LIST)
		return index_list(run, &target, &key, out);
	if (target.type != VALUE_MAP || (!eval_is_key(&key) && key.type != VALUE_DOUBLE))
		return run_no_overload(
		    run, "%s[%s]", value_type_name(&target), value_type_name(&key));
	return value_find(&target, &key, out) ? 0 : no_such_key(run, &key);
}

static int eval_list(struct run *run, const struct node *node, struct expr_value *out)
{
	struct list_build list = {0};
	struct expr_value item;

	for (size_t i = 0; i < node->count; i++) {
		if (run_eval(run, node->kids[i], &item) < 0)
			return -1;
		run->node = node;
		if (list_add(run, &list, item) < 0)
			return -1;
	}
	return list_take(run, &list, out);
}

static int map_key(
    struct run *run, const struct node *node, const struct value_map *map, struct expr_value *key)
{
	struct expr_value so_far = {.type = VALUE_MAP, .as.map = map};
	struct expr_value other;

	if (run_eval(run, node, key) < 0)
		return -1;
	run->node = node;
	if (!eval_is_key(key))
		return run_fail(run, "a map key must be int, uint, bool or string, not %s",
		    value_type_name(key));
	if (run_step(run, map->count / 8) < 0)
		return -1;
	if (value_find(&so_far, key, &other))
		return run_fail(run, "the map has the same key twice");
	return 0;
}

static int eval_map(struct run *run, const struct node *node, struct expr_value *out)
{
	size_t count = node->count / 2;
	struct value_entry *entries = run_alloc(run, count * sizeof(entries[0]));
	struct value_map *map = run_alloc(run, sizeof(*map));

	if (!entries || !map)
		return -1;
	*map = (struct value_map){.entries = entries};
	for (size_t i = 0; i < count; i++) {
		if (map_key(run, node->kids[2 * i], map, &entries[i].key) < 0 ||
		    run_eval(run, node->kids[2 * i + 1], &entries[i].value) < 0)
			return -1;
		map->count++;
	}
	*out = (struct expr_value){.type = VALUE_MAP, .as.map = map};
	return 0;
}

static int eval_not(struct run *run, const struct node *node, struct expr_value *out)
{
	if (run_eval(run, node->kids[0], out) < 0)
		return -1;
	run->node = node;
	if (out->type != VALUE_BOOL)
		return run_no_overload(run, "!%s", value_type_name(out));
	out->as.truth = !out->as.truth;
	return 0;
}

static int eval_negate(struct run *run, const struct node *node, struct expr_value *out)
{
	struct expr_value value;

	if (run_eval(run, node->kids[0], &value) < 0)
		return -1;
	run->node = node;
	return arith_negate(run, &value, out);
}

static int eval_binary(struct run *run, const struct node *node, struct expr_value *out)
{
	struct expr_value a, b;

	if (run_eval(run, node->kids[0], &a) < 0 || run_eval(run, node->kids[1], &b) < 0)
		return -1;
	run->node = node;
	return arith_binary(run, node->op, &a, &b, out);
}

int absorb(struct run *run, struct absorbed *absorbed)
{
	if (run->error->kind == EXPR_ERROR_LIMIT)
		return -1;
	if (!absorbed->any ||
	    (run->error->kind == EXPR_ERROR_UNKNOWN && absorbed->error.kind == EXPR_ERROR_EVAL))
		absorbed->error = *run->error;
	absorbed->any = true;
	return 0;
}

int absorb_end(struct run *run, const struct absorbed *absorbed)
{
	if (!absorbed->any)
		return 0;
	*run->error = absorbed->error;
	return -1;
}

/* STOP is the operand that decides: false for &&, true for ||. */
static int eval_logic(
    struct run *run, const struct node *node, bool stop, const char *sign, struct expr_value *out)
{
	struct absorbed absorbed;

	absorbed.any = false;
	for (size_t i = 0; i < node->count; i++) {
		int result = run_eval(run, node->kids[i], out);

		if (result == 0 && out->type == VALUE_BOOL) {
			if (out->as.truth == stop)
				return 0;
			continue;
		}
		if (result == 0) {
			run->node = node->kids[i];
			run_no_overload(run, i == 0 ? "%2$s %1$s bool" : "bool %1$s %2$s", sign,
			    value_type_name(out));
		}
		if (absorb(run, &absorbed) < 0)
			return -1;
	}
	*out = value_bool(!stop);
	return absorb_end(run, &absorbed);
}

static int eval_and(struct run *run, const struct node *node, struct expr_value *out)
{
	return eval_logic(run, node, false, "&&", out);
}

static int eval_or(struct run *run, const struct node *node, struct expr_value *out)
{
	return eval_logic(run, node, true, "||", out);
}

static int eval_choice(struct run *run, const struct node *node, struct expr_value *out)
{
	struct expr_value condition;

	if (run_eval(run, node->kids[0], &condition) < 0)
		return -1;
	run->node = node;
	if (condition.type != VALUE_BOOL)
		return run_no_overload(run, "%s ? … : …", value_type_name(&condition));
	return run_eval(run, node->kids[condition.as.truth ? 1 : 2], out);
}

static int eval_call(struct run *run, const struct node *node, struct expr_value *out)
{
	struct expr_value few[ARGS_FEW];
	struct expr_value *args = few;

	if (node->count > ARGS_FEW)
		args = run_alloc(run, node->count * sizeof(args[0]));
	if (!args)
		return -1;
	for (size_t i = 0; i < node->count; i++)
		if (run_eval(run, node->kids[i], &args[i]) < 0)
			return -1;
	run->node = node;
	return function_call(run, node, args, out);
}

typedef int eval_fn(struct run *run, const struct node *node, struct expr_value *out);

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

int run_eval(struct run *run, const struct node *node, struct expr_value *out)
{
	if (run->steps <= 1) {
		run->node = node;
		return run_step(run, 1);
	}
	run->steps--;
	return evals[node->kind](run, node, out);
}
