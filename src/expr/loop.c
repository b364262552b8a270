/*
 * The macros: what they are called, and what they do with each item.
 *
 * Invariant: memory that a condition used for one item is given back before the
 * next, so that a test over a long list costs no more memory than one over a short one.
 */
#include <stdlib.h>
#include <string.h>

#include "compare.h"
#include "eval.h"
#include "parse.h"
#include "fsops/mem.h"

/* The items to loop over: a list, or the keys of a map. */
static int range(struct calc *calc, const struct node *node, struct expr_value *out)
{
	struct expr_value value = {0};

	if (calc_eval(calc, node->kids[0], &value) < 0)
		return -1;
	calc->node = node;
	if (value.type == VALUE_MAP)
		return calc_keys(calc, &value, out);
	if (value.type != VALUE_LIST)
		return calc_no_overload(calc, "%s.%s(), it needs a list or map",
		    cel_type_name(&value), node->macro->name);
	*out = value;
	return 0;
}

/* The condition kids[1] for ITEM. */
static int test(struct calc *calc, const struct node *node, struct expr_value item, bool *out)
{
	struct arena_mark mark = arena_mark(&calc->arena);
	struct expr_value value = {0};
	int result;

	calc->slots[node->index] = item;
	result = calc_eval(calc, node->kids[1], &value);
	arena_rewind(&calc->arena, mark);
	if (result < 0)
		return -1;
	calc->node = node->kids[1];
	if (value.type != VALUE_BOOL)
		return calc_fail(calc, "the condition of %s() is %s, not bool", node->macro->name,
		    cel_type_name(&value));
	*out = value.as.truth;
	return 0;
}

/* STOP is the answer that decides: false for all(), true for exists(). */
static int decide(struct calc *calc, const struct node *node, bool stop, struct expr_value *out)
{
	struct expr_error *held = NULL;
	struct expr_value items = {0};
	bool truth = false;

	if (range(calc, node, &items) < 0)
		return -1;
	for (size_t i = 0; i < cel_count(&items); i++) {
		if (test(calc, node, cel_item(&items, i), &truth) < 0) {
			if (absorb(calc, &held) < 0)
				return -1;
		} else if (truth == stop) {
			*out = cel_bool(stop);
			return 0;
		}
	}
	*out = cel_bool(!stop);
	return absorb_end(calc, held);
}

static int run_all(struct calc *calc, const struct node *node, struct expr_value *out)
{
	return decide(calc, node, false, out);
}

static int run_exists(struct calc *calc, const struct node *node, struct expr_value *out)
{
	return decide(calc, node, true, out);
}

static int run_exists_one(struct calc *calc, const struct node *node, struct expr_value *out)
{
	struct expr_value items = {0};
	size_t found = 0;
	bool truth = false;

	if (range(calc, node, &items) < 0)
		return -1;
	for (size_t i = 0; i < cel_count(&items); i++) {
		if (test(calc, node, cel_item(&items, i), &truth) < 0)
			return -1;
		found += truth;
	}
	*out = cel_bool(found == 1);
	return 0;
}

/* kids[1] is the condition, unless there is none (WHAT is kids[1] then); WHAT is
 * what each item becomes, NULL for the item itself. */
static int collect(struct calc *calc, const struct node *node, bool condition,
    const struct node *what, struct expr_value *out)
{
	struct list_build list = {0};
	struct expr_value items = {0}, item;
	bool truth = true;

	if (range(calc, node, &items) < 0)
		return -1;
	for (size_t i = 0; i < cel_count(&items); i++) {
		item = cel_item(&items, i);
		if (condition && test(calc, node, item, &truth) < 0)
			return -1;
		if (!truth)
			continue;
		calc->slots[node->index] = item;
		if (what && calc_eval(calc, what, &item) < 0)
			return -1;
		calc->node = node;
		if (list_add(calc, &list, item) < 0)
			return -1;
	}
	return list_take(calc, &list, out);
}

static int run_filter(struct calc *calc, const struct node *node, struct expr_value *out)
{
	return collect(calc, node, true, NULL, out);
}

static int run_map(struct calc *calc, const struct node *node, struct expr_value *out)
{
	return collect(calc, node, node->count == 3, node->kids[node->count - 1], out);
}

#define SORT_COST 16 /* comparisons, and steps, for an item that is sorted */

/* An item with what it is sorted by; AT keeps equal ones in their order. */
struct sortable {
	struct expr_value key;
	size_t at;
};

static int compare_sortables(const void *left, const void *right)
{
	const struct sortable *a = left;
	const struct sortable *b = right;
	enum order order = compare_order(&a->key, &b->key);

	if (order == ORDER_LESS || order == ORDER_MORE)
		return order;
	return (a->at > b->at) - (a->at < b->at);
}

static int sort_keys(struct calc *calc, const struct node *node, const struct expr_value *items,
    struct sortable *sort)
{
	for (size_t i = 0; i < cel_count(items); i++) {
		calc->slots[node->index] = cel_item(items, i);
		sort[i].at = i;
		if (calc_eval(calc, node->kids[1], &sort[i].key) < 0)
			return -1;
		calc->node = node;
		if (compare_order(&sort[0].key, &sort[i].key) == ORDER_TYPES)
			return calc_no_overload(calc, "sortBy() of %s and %s",
			    cel_type_name(&sort[0].key), cel_type_name(&sort[i].key));
		if (calc_step(calc, SORT_COST) < 0 ||
		    calc_step_compare(calc, &sort[i].key, SORT_COST) < 0)
			return -1;
	}
	return 0;
}

static int run_sort_by(struct calc *calc, const struct node *node, struct expr_value *out)
{
	struct list_build list = {0};
	struct sortable *sort;
	struct expr_value items = {0};
	size_t count;

	if (range(calc, node, &items) < 0)
		return -1;
	count = cel_count(&items);
	sort = calc_alloc(calc, count * sizeof(sort[0]));
	if (!sort || sort_keys(calc, node, &items, sort) < 0)
		return -1;
	if (count > 1)
		qsort(sort, count, sizeof(sort[0]), compare_sortables);
	for (size_t i = 0; i < count; i++)
		if (list_add(calc, &list, cel_item(&items, sort[i].at)) < 0)
			return -1;
	return list_take(calc, &list, out);
}

static const struct macro macros[] = {
    {"all", 2, 2, "whether the condition holds for every item: list.all(x, x > 0)", run_all},
    {"exists", 2, 2, "whether it holds for at least one item: list.exists(x, x > 0)", run_exists},
    {"exists_one", 2, 2, "whether it holds for exactly one item: list.exists_one(x, x > 0)",
        run_exists_one},
    {"filter", 2, 2, "the items it holds for: list.filter(x, x > 0)", run_filter},
    {"map", 2, 3, "a new item for each (that a condition holds for): list.map(x, x > 0, x * 2)",
        run_map},
    {"sortBy", 2, 2, "the items in the order of a key: list.sortBy(x, x.name)", run_sort_by},
};

const struct macro *macro_table(size_t *count)
{
	*count = COUNT_OF(macros);
	return macros;
}

const struct macro *macro_find(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(macros); i++)
		if (strcmp(macros[i].name, name) == 0)
			return &macros[i];
	return NULL;
}

int eval_loop(struct calc *calc, const struct node *node, struct expr_value *out)
{
	return node->macro->run(calc, node, out);
}

static struct node *misused(struct build *build, const struct node *node, const char *how)
{
	expr_error_set(build->error, EXPR_ERROR_COMPILE, node->place, "%s() %s", node->name, how);
	return NULL;
}

static struct node *expand_has(struct build *build, struct node *node)
{
	struct node *field = node->count == 1 ? node->kids[0] : NULL;

	if (!field || field->kind != NODE_SELECT)
		return misused(build, node, "takes one field: has(a.b)");
	field->kind = NODE_HAS;
	return field;
}

struct node *macro_expand(struct build *build, struct node *node)
{
	const struct macro *macro = node->receiver ? macro_find(node->name) : NULL;

	if (!node->receiver && strcmp(node->name, "has") == 0)
		return expand_has(build, node);
	if (!macro)
		return node;
	if (node->count - 1 < macro->min_args || node->count - 1 > macro->max_args)
		return misused(build, node,
		    macro->max_args > macro->min_args
		        ? "takes a variable, and one or two expressions"
		        : "takes a variable and an expression");
	if (node->kids[1]->kind != NODE_NAME || node->kids[1]->absolute)
		return misused(build, node, "needs the name of a variable first, like x");
	node->kind = NODE_LOOP;
	node->macro = macro;
	node->name = node->kids[1]->name;
	node->name_len = node->kids[1]->name_len;
	memmove(&node->kids[1], &node->kids[2], (node->count - 2) * sizeof(node->kids[0]));
	node->count--;
	return node;
}
