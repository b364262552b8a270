/* Optionals, as cel-go has them; what needs no evaluating of its own is in lazy.c. */
#include "expr/function.h"

static int of(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	(void)count;
	return calc_optional(calc, &args[0], out);
}

static int none(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	(void)calc;
	(void)args;
	(void)count;
	*out = cel_optional(NULL);
	return 0;
}

static bool is_zero(const struct expr_value *value)
{
	switch ((enum value_type)value->type) {
	case VALUE_NULL:
		return true;
	case VALUE_BOOL:
		return !value->as.truth;
	case VALUE_INT:
		return value->as.number == 0;
	case VALUE_UINT:
		return value->as.natural == 0;
	case VALUE_DOUBLE:
		return value->as.real == 0;
	case VALUE_STRING:
	case VALUE_BYTES:
		return value->as.text.len == 0;
	case VALUE_LIST:
	case VALUE_MAP:
		return cel_count(value) == 0;
	case VALUE_DURATION:
		return value->as.number == 0 && value->nanos == 0;
	default:
		return false;
	}
}

static int of_non_zero(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	(void)count;
	return calc_optional(calc, is_zero(&args[0]) ? NULL : &args[0], out);
}

static int has_value(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	(void)calc;
	(void)count;
	*out = cel_bool(args[0].as.inner != NULL);
	return 0;
}

static int value(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	(void)count;
	if (!args[0].as.inner)
		return calc_fail(calc, "the optional has no value; ask hasValue(), or say "
		                       "orValue(…) instead");
	*out = *args[0].as.inner;
	return 0;
}

static int first(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	struct expr_value item = {0};
	size_t items = cel_count(&args[0]);

	(void)count;
	if (items)
		item = cel_item(&args[0], 0);
	return calc_optional(calc, items ? &item : NULL, out);
}

static int last(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	struct expr_value item = {0};
	size_t items = cel_count(&args[0]);

	(void)count;
	if (items)
		item = cel_item(&args[0], items - 1);
	return calc_optional(calc, items ? &item : NULL, out);
}

static int unwrap(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	struct list_build list = {0};
	size_t items = cel_count(&args[0]);

	(void)count;
	for (size_t i = 0; i < items; i++) {
		struct expr_value item = cel_item(&args[0], i);

		if (item.type != VALUE_OPTIONAL)
			return calc_fail(calc, "item %zu of the list is %s, not an optional", i,
			    cel_type_name(&item));
		if (item.as.inner && list_add(calc, &list, *item.as.inner) < 0)
			return -1;
	}
	return calc_step(calc, items / 8) < 0 ? -1 : list_take(calc, &list, out);
}

const struct overload lib_optional[] = {
    {"optional.of", "*", of, "an optional with this value"},
    {"optional.none", "", none, "an optional without a value"},
    {"optional.ofNonZeroValue", "*", of_non_zero,
        "an optional with this value, without one if it is null, false, 0 or empty"},
    {"optional.unwrap", "l", unwrap, "the values of a list of optionals, of those that have one"},
    {"unwrapOpt", "l.", unwrap, "the same: list.unwrapOpt()"},
    {"hasValue", "o.", has_value, "whether an optional has a value"},
    {"value", "o.", value, "the value of an optional, an error without one"},
    {"first", "l.", first, "the first item of a list, as an optional: list.first().orValue(0)"},
    {"last", "l.", last, "the last item of a list, as an optional"},
    {0},
};
