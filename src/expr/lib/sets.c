/* Lists as sets. */
#include "expr/function.h"

/* Whether WHOLE has every item of PART. */
static int has_all(
    struct calc *calc, const struct expr_value *whole, const struct expr_value *part, bool *out)
{
	size_t items = cel_count(part);

	*out = true;
	for (size_t i = 0; i < items && *out; i++) {
		struct expr_value item = cel_item(part, i);

		if (calc_contains(calc, whole, &item, out) < 0)
			return -1;
	}
	return 0;
}

static int contains(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	bool all;

	(void)count;
	if (has_all(calc, &args[0], &args[1], &all) < 0)
		return -1;
	*out = cel_bool(all);
	return 0;
}

static int equivalent(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	bool one, other;

	(void)count;
	if (has_all(calc, &args[0], &args[1], &one) < 0 ||
	    has_all(calc, &args[1], &args[0], &other) < 0)
		return -1;
	*out = cel_bool(one && other);
	return 0;
}

static int intersects(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	size_t items = cel_count(&args[0]);
	bool found = false;

	(void)count;
	for (size_t i = 0; i < items && !found; i++) {
		struct expr_value item = cel_item(&args[0], i);

		if (calc_contains(calc, &args[1], &item, &found) < 0)
			return -1;
	}
	*out = cel_bool(found);
	return 0;
}

const struct overload lib_sets[] = {
    {"sets.contains", "ll", contains, "whether the first list has every item of the second"},
    {"sets.equivalent", "ll", equivalent, "whether two lists have the same items"},
    {"sets.intersects", "ll", intersects, "whether two lists have an item in common"},
    {0},
};
