/* Lists as sets. */
#include "function.h"

/* Whether WHOLE has every item of PART. */
static int has_all(
    struct run *run, const struct expr_value *whole, const struct expr_value *part, bool *out)
{
	size_t items = value_count(part);

	*out = true;
	for (size_t i = 0; i < items && *out; i++) {
		struct expr_value item = value_item(part, i);

		if (run_contains(run, whole, &item, out) < 0)
			return -1;
	}
	return 0;
}

static int contains(
    struct run *run, const struct expr_value *args, size_t count, struct expr_value *out)
{
	bool all;

	(void)count;
	if (has_all(run, &args[0], &args[1], &all) < 0)
		return -1;
	*out = value_bool(all);
	return 0;
}

static int equivalent(
    struct run *run, const struct expr_value *args, size_t count, struct expr_value *out)
{
	bool one, other;

	(void)count;
	if (has_all(run, &args[0], &args[1], &one) < 0 ||
	    has_all(run, &args[1], &args[0], &other) < 0)
		return -1;
	*out = value_bool(one && other);
	return 0;
}

static int intersects(
    struct run *run, const struct expr_value *args, size_t count, struct expr_value *out)
{
	size_t items = value_count(&args[0]);
	bool found = false;

	(void)count;
	for (size_t i = 0; i < items && !found; i++) {
		struct expr_value item = value_item(&args[0], i);

		if (run_contains(run, &args[1], &item, &found) < 0)
			return -1;
	}
	*out = value_bool(found);
	return 0;
}

const struct overload lib_sets[] = {
    {"sets.contains", "ll", contains, "whether the first list has every item of the second"},
    {"sets.equivalent", "ll", equivalent, "whether two lists have the same items"},
    {"sets.intersects", "ll", intersects, "whether two lists have an item in common"},
    {0},
};
