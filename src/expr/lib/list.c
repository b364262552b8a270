/* Lists: Kubernetes' isSorted, sum, min, max, indexOf, and cel-go's slice, sort, distinct … */
#include <stdlib.h>

#include "expr/compare.h"
#include "expr/function.h"

#define SORT_COST 16 /* steps for an item that is sorted */

static int mixed(struct calc *calc, const struct expr_value *a, const struct expr_value *b)
{
	return calc_no_overload(
	    calc, "%s() of %s and %s", calc->node->name, cel_type_name(a), cel_type_name(b));
}

static int is_sorted(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	size_t items = cel_count(&args[0]);

	(void)count;
	*out = cel_bool(true);
	for (size_t i = 1; i < items; i++) {
		struct expr_value before = cel_item(&args[0], i - 1);
		struct expr_value item = cel_item(&args[0], i);
		enum order order = compare_order(&before, &item);

		if (calc_step_compare(calc, &item, 1) < 0)
			return -1;
		if (order == ORDER_TYPES)
			return mixed(calc, &before, &item);
		if (order == ORDER_MORE)
			out->as.truth = false;
	}
	return calc_step(calc, items / 8);
}

static int sum(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	size_t items = cel_count(&args[0]);
	struct expr_value total;

	(void)count;
	*out = items ? cel_item(&args[0], 0) : cel_int(0);
	if (items == 1 && arith_binary(calc, OP_ADD, out, out, &total) < 0)
		return -1;
	for (size_t i = 1; i < items; i++) {
		struct expr_value item = cel_item(&args[0], i);

		if (calc_step(calc, 1) < 0 || arith_binary(calc, OP_ADD, out, &item, &total) < 0)
			return -1;
		*out = total;
	}
	return 0;
}

/* The item that comes before (ORDER_LESS) or after all others. */
static int extreme(
    struct calc *calc, const struct expr_value *list, enum order wanted, struct expr_value *out)
{
	size_t items = cel_count(list);

	if (items == 0)
		return calc_fail(calc, "%s() of an empty list", calc->node->name);
	*out = cel_item(list, 0);
	for (size_t i = 0; i < items; i++) {
		struct expr_value item = cel_item(list, i);
		enum order order = compare_order(&item, out);

		if (calc_step_compare(calc, &item, 1) < 0)
			return -1;
		if (order == ORDER_TYPES)
			return mixed(calc, out, &item);
		if (order == wanted)
			*out = item;
	}
	return calc_step(calc, items / 8);
}

static int min(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	(void)count;
	return extreme(calc, &args[0], ORDER_LESS, out);
}

static int max(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	(void)count;
	return extreme(calc, &args[0], ORDER_MORE, out);
}

static int index_of(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	size_t items = cel_count(&args[0]);

	(void)count;
	*out = cel_int(-1);
	for (size_t i = 0; i < items && out->as.number < 0; i++) {
		struct expr_value item = cel_item(&args[0], i);
		bool same;

		if (calc_equal(calc, &item, &args[1], &same) < 0)
			return -1;
		if (same)
			*out = cel_int((int64_t)i);
	}
	return 0;
}

static int last_index_of(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	(void)count;
	*out = cel_int(-1);
	for (size_t i = cel_count(&args[0]); i-- > 0 && out->as.number < 0;) {
		struct expr_value item = cel_item(&args[0], i);
		bool same;

		if (calc_equal(calc, &item, &args[1], &same) < 0)
			return -1;
		if (same)
			*out = cel_int((int64_t)i);
	}
	return 0;
}

static int slice(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	int64_t start = args[1].as.number;
	int64_t end = args[2].as.number;
	struct list_build list = {0};

	(void)count;
	if (start < 0 || end < start || (uint64_t)end > cel_count(&args[0]))
		return calc_fail(calc, "slice(%lld, %lld) is not within the list of %zu items",
		    (long long)start, (long long)end, cel_count(&args[0]));
	for (int64_t i = start; i < end; i++)
		if (list_add(calc, &list, cel_item(&args[0], (size_t)i)) < 0)
			return -1;
	return calc_step(calc, list.count / 8) < 0 ? -1 : list_take(calc, &list, out);
}

static int flatten_into(
    struct calc *calc, const struct expr_value *from, int64_t depth, struct list_build *list)
{
	size_t items = cel_count(from);

	if (calc_step(calc, items / 8 + 1) < 0)
		return -1;
	for (size_t i = 0; i < items; i++) {
		struct expr_value item = cel_item(from, i);
		int result = item.type == VALUE_LIST && depth > 0
		                 ? flatten_into(calc, &item, depth - 1, list)
		                 : list_add(calc, list, item);

		if (result < 0)
			return -1;
	}
	return 0;
}

static int flatten(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	int64_t depth = count == 2 ? args[1].as.number : 1;
	struct list_build list = {0};

	if (depth < 0)
		return calc_fail(calc, "flatten() to a negative depth");
	if (flatten_into(calc, &args[0], depth, &list) < 0)
		return -1;
	return list_take(calc, &list, out);
}

static int distinct(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	size_t items = cel_count(&args[0]);
	struct list_build list = {0};

	(void)count;
	for (size_t i = 0; i < items; i++) {
		struct value_list so_far = {list.items, list.count};
		struct expr_value made = {.type = VALUE_LIST, .as.list = &so_far};
		struct expr_value item = cel_item(&args[0], i);
		bool known;

		if (calc_contains(calc, &made, &item, &known) < 0 ||
		    (!known && list_add(calc, &list, item) < 0))
			return -1;
	}
	return list_take(calc, &list, out);
}

static int compare_items(const void *left, const void *right)
{
	enum order order = compare_order(left, right);

	return order == ORDER_LESS || order == ORDER_MORE ? (int)order : 0;
}

static int copy_items(struct calc *calc, const struct expr_value *from, struct list_build *list)
{
	size_t items = cel_count(from);

	for (size_t i = 0; i < items; i++)
		if (list_add(calc, list, cel_item(from, i)) < 0)
			return -1;
	return calc_step(calc, items / 8);
}

static int sort(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	struct list_build list = {0};

	(void)count;
	if (copy_items(calc, &args[0], &list) < 0 || calc_step(calc, list.count * SORT_COST) < 0)
		return -1;
	for (size_t i = 0; i < list.count; i++) {
		if (calc_step_compare(calc, &list.items[i], SORT_COST) < 0)
			return -1;
		if (compare_order(&list.items[0], &list.items[i]) == ORDER_TYPES)
			return mixed(calc, &list.items[0], &list.items[i]);
	}
	if (list.count > 1)
		qsort(list.items, list.count, sizeof(list.items[0]), compare_items);
	/* A text that counts as a number has an order with both, which have none with each other. */
	for (size_t i = 1; i < list.count; i++)
		if (compare_order(&list.items[i - 1], &list.items[i]) == ORDER_TYPES)
			return mixed(calc, &list.items[i - 1], &list.items[i]);
	return list_take(calc, &list, out);
}

static int reverse(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	struct list_build list = {0};

	(void)count;
	for (size_t i = cel_count(&args[0]); i-- > 0;)
		if (list_add(calc, &list, cel_item(&args[0], i)) < 0)
			return -1;
	return calc_step(calc, list.count / 8) < 0 ? -1 : list_take(calc, &list, out);
}

static int range(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	struct list_build list = {0};

	(void)count;
	if (args[0].as.number < 0)
		return calc_fail(calc, "range() of a negative number");
	for (int64_t i = 0; i < args[0].as.number; i++)
		if (list_add(calc, &list, cel_int(i)) < 0)
			return -1;
	return calc_step(calc, list.count / 8) < 0 ? -1 : list_take(calc, &list, out);
}

const struct overload lib_list[] = {
    {"isSorted", "l.", is_sorted, "whether each item is at least the one before"},
    {"sum", "l.", sum, "all items added up; 0 for an empty list"},
    {"min", "l.", min, "the least item"},
    {"max", "l.", max, "the greatest item"},
    {"indexOf", "l.*", index_of, NULL},
    {"lastIndexOf", "l.*", last_index_of, NULL},
    {"slice", "l.ii", slice, "the items from one position to before another"},
    {"flatten", "l.", flatten,
        "with the items of lists in the list instead of them, n levels deep"},
    {"flatten", "l.i", flatten, NULL},
    {"distinct", "l.", distinct, "each item once"},
    {"sort", "l.", sort, "the items in order"},
    {"reverse", "l.", reverse, NULL},
    {"lists.range", "i", range, "the numbers from 0 to before n"},
    {0},
};
