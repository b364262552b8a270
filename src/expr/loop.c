/*
 * The macros that go over the items of a list or the entries of a map.
 *
 * Invariant: memory that a condition used for one item is given back before the
 * next, so that a test over a long list costs no more memory than one over a short one.
 */
#include <stdlib.h>

#include "compare.h"
#include "eval.h"
#include "expr/syntax/macro.h"
#include "written.h"

/* A way through a list or map, with where it is. */
struct loop {
	const struct node *node;
	struct expr_value over;
	size_t at; /* of a list */
	size_t count;
	struct cel_walk walk; /* of a map */
};

static int not_a_range(struct calc *calc, const struct node *node, const struct expr_value *value)
{
	return calc_no_overload(
	    calc, "%s.%s(), it needs a list or map", cel_type_name(value), node->macro->name);
}

static int loop_begin(struct loop *loop, struct calc *calc, const struct node *node)
{
	*loop = (struct loop){.node = node};
	if (calc_eval(calc, node->kids[0], &loop->over) < 0)
		return -1;
	calc->node = node;
	if (loop->over.type != VALUE_LIST && loop->over.type != VALUE_MAP)
		return not_a_range(calc, node, &loop->over);
	loop->count = cel_count(&loop->over);
	return loop->over.type == VALUE_MAP ? calc_step(calc, loop->count / 4) : 0;
}

/* Bind the next item: two variables are its position and itself, or key and value; one is
 * the item or the key. */
static bool loop_next(struct loop *loop, struct calc *calc)
{
	struct expr_value *slots = &calc->slots[loop->node->index];
	bool both = loop->node->macro->vars == 2;

	if (loop->over.type == VALUE_LIST) {
		if (loop->at >= loop->count)
			return false;
		slots[both] = cel_item(&loop->over, loop->at);
		if (both)
			slots[0] = cel_int((int64_t)loop->at);
		loop->at++;
		return true;
	}
	if (!cel_walk(&loop->over, &loop->walk))
		return false;
	slots[0] = loop->walk.entry.key;
	if (both)
		slots[1] = loop->walk.entry.value;
	return true;
}

/* The condition kids[1] for what is bound. */
static int test(struct calc *calc, const struct node *node, bool *out)
{
	struct arena_mark mark = arena_mark(&calc->arena);
	struct expr_value value = {0};
	size_t kept = calc->kept;
	int result;

	calc->kept = SIZE_MAX;
	result = calc_eval(calc, node->kids[1], &value);
	if (calc->kept >= node->index) /* nothing that outlives the item was made */
		arena_rewind(&calc->arena, mark);
	if (kept < calc->kept)
		calc->kept = kept;
	if (result < 0)
		return -1;
	calc->node = node->kids[1];
	value = written_value(value);
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
	struct loop loop;
	bool truth = false;

	if (loop_begin(&loop, calc, node) < 0)
		return -1;
	while (loop_next(&loop, calc)) {
		if (test(calc, node, &truth) < 0) {
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

int macro_all(struct calc *calc, const struct node *node, struct expr_value *out)
{
	return decide(calc, node, false, out);
}

int macro_exists(struct calc *calc, const struct node *node, struct expr_value *out)
{
	return decide(calc, node, true, out);
}

int macro_exists_one(struct calc *calc, const struct node *node, struct expr_value *out)
{
	struct loop loop;
	size_t found = 0;
	bool truth = false;

	if (loop_begin(&loop, calc, node) < 0)
		return -1;
	while (loop_next(&loop, calc)) {
		if (test(calc, node, &truth) < 0)
			return -1;
		found += truth;
	}
	*out = cel_bool(found == 1);
	return 0;
}

/* The next item that the condition holds for, if there is a condition: 1, 0 at the end, -1. */
static int next_wanted(struct loop *loop, struct calc *calc, bool condition)
{
	bool truth = !condition;

	while (loop_next(loop, calc)) {
		if (condition && test(calc, loop->node, &truth) < 0)
			return -1;
		if (truth)
			return 1;
	}
	return 0;
}

/* A list of WHAT for each item that the condition holds for; NULL: of the item itself. */
static int collect(struct calc *calc, const struct node *node, bool condition,
    const struct node *what, struct expr_value *out)
{
	struct list_build list = {0};
	struct loop loop;
	int more;

	if (loop_begin(&loop, calc, node) < 0)
		return -1;
	while ((more = next_wanted(&loop, calc, condition)) > 0) {
		struct expr_value item = calc->slots[node->index];

		if (what && calc_eval(calc, what, &item) < 0)
			return -1;
		calc->node = node;
		if (list_add(calc, &list, item) < 0)
			return -1;
	}
	return more < 0 ? -1 : list_take(calc, &list, out);
}

int macro_filter(struct calc *calc, const struct node *node, struct expr_value *out)
{
	return collect(calc, node, true, NULL, out);
}

/* kids[1] is the condition if there are three kids; the last is what is made. */
int macro_map(struct calc *calc, const struct node *node, struct expr_value *out)
{
	return collect(calc, node, node->count == 3, node->kids[node->count - 1], out);
}

typedef int insert_fn(struct calc *calc, const struct node *node, struct map_build *map);

/* The last kid is the value under the first variable, which no other item has. */
static int insert_value(struct calc *calc, const struct node *node, struct map_build *map)
{
	struct value_entry entry = {.key = calc->slots[node->index]};

	if (calc_eval(calc, node->kids[node->count - 1], &entry.value) < 0)
		return -1;
	calc->node = node;
	return map_add(calc, map, entry);
}

/* The last kid is a map, whose entries are new. */
static int insert_entries(struct calc *calc, const struct node *node, struct map_build *map)
{
	const struct node *made = node->kids[node->count - 1];
	struct expr_value entries = {0};
	struct cel_walk walk = {0};

	if (calc_eval(calc, made, &entries) < 0)
		return -1;
	calc->node = made;
	if (entries.type != VALUE_MAP)
		return calc_fail(calc, "what transformMapEntry() makes of an item is %s, not a map",
		    cel_type_name(&entries));
	while (cel_walk(&entries, &walk))
		if (calc_step(calc, 1) < 0 || map_add_new(calc, map, walk.entry) < 0)
			return -1;
	return 0;
}

static int collect_map(
    struct calc *calc, const struct node *node, insert_fn *insert, struct expr_value *out)
{
	struct map_build map = {0};
	struct loop loop;
	int more;

	if (loop_begin(&loop, calc, node) < 0)
		return -1;
	while ((more = next_wanted(&loop, calc, node->count == 3)) > 0)
		if (insert(calc, node, &map) < 0)
			return -1;
	return more < 0 ? -1 : map_take(calc, &map, out);
}

int macro_transform_map(struct calc *calc, const struct node *node, struct expr_value *out)
{
	return collect_map(calc, node, insert_value, out);
}

int macro_transform_entry(struct calc *calc, const struct node *node, struct expr_value *out)
{
	return collect_map(calc, node, insert_entries, out);
}

/* What is sorted: a list, or the keys of a map. */
static int sorted_range(struct calc *calc, const struct node *node, struct expr_value *out)
{
	struct expr_value value = {0};

	if (calc_eval(calc, node->kids[0], &value) < 0)
		return -1;
	calc->node = node;
	if (value.type == VALUE_MAP)
		return calc_keys(calc, &value, out);
	if (value.type != VALUE_LIST)
		return not_a_range(calc, node, &value);
	*out = value;
	return 0;
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

static int need_order(struct calc *calc, const struct sortable *a, const struct sortable *b)
{
	if (compare_order(&a->key, &b->key) != ORDER_TYPES)
		return 0;
	return calc_no_overload(
	    calc, "sortBy() of %s and %s", cel_type_name(&a->key), cel_type_name(&b->key));
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
		if (need_order(calc, &sort[0], &sort[i]) < 0)
			return -1;
		if (calc_step(calc, SORT_COST) < 0 ||
		    calc_step_compare(calc, &sort[i].key, SORT_COST) < 0)
			return -1;
	}
	return 0;
}

int macro_sort_by(struct calc *calc, const struct node *node, struct expr_value *out)
{
	struct list_build list = {0};
	struct sortable *sort;
	struct expr_value items = {0};
	size_t count;

	if (sorted_range(calc, node, &items) < 0)
		return -1;
	count = cel_count(&items);
	sort = calc_alloc(calc, count * sizeof(sort[0]));
	if (!sort || sort_keys(calc, node, &items, sort) < 0)
		return -1;
	if (count > 1)
		qsort(sort, count, sizeof(sort[0]), compare_sortables);
	/* Each has an order with the first; a text that counts as a number may be one with both of two others. */
	for (size_t i = 1; i < count; i++)
		if (need_order(calc, &sort[i - 1], &sort[i]) < 0)
			return -1;
	for (size_t i = 0; i < count; i++)
		if (list_add(calc, &list, cel_item(&items, sort[i].at)) < 0)
			return -1;
	return list_take(calc, &list, out);
}
