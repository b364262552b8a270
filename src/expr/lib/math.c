/* Numbers: the math extension of cel-go. */
#include <math.h>

#include "expr/compare.h"
#include "expr/function.h"

/* The extreme of COUNT numbers; a single list argument stands for its items. */
static int extreme(struct calc *calc, const struct expr_value *args, size_t count,
    enum order wanted, struct expr_value *out)
{
	struct value_list list = {args, count};
	struct expr_value all = {.type = VALUE_LIST, .as.list = &list};
	size_t items;

	if (count == 1 && args[0].type == VALUE_LIST)
		all = args[0];
	items = cel_count(&all);
	if (items == 0)
		return calc_fail(calc, "%s() of an empty list", calc->node->name);
	for (size_t i = 0; i < items; i++) {
		struct expr_value item = cel_item(&all, i);

		if (!compare_is_number(&item))
			return calc_no_overload(
			    calc, "%s(%s)", calc->node->name, cel_type_name(&item));
		if (i == 0 || compare_order(&item, out) == wanted)
			*out = item;
	}
	return calc_step(calc, items / 8);
}

static int greatest(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	return extreme(calc, args, count, ORDER_MORE, out);
}

static int least(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	return extreme(calc, args, count, ORDER_LESS, out);
}

#define DOUBLE_FUNCTION(name, function)                                                            \
	static int name(struct calc *calc, const struct expr_value *args, size_t count,            \
	    struct expr_value *out)                                                                \
	{                                                                                          \
		(void)calc;                                                                        \
		(void)count;                                                                       \
		*out = cel_double(function(args[0].as.real));                                      \
		return 0;                                                                          \
	}

DOUBLE_FUNCTION(math_ceil, ceil)
DOUBLE_FUNCTION(math_floor, floor)
DOUBLE_FUNCTION(math_round, round)
DOUBLE_FUNCTION(math_trunc, trunc)
DOUBLE_FUNCTION(math_abs, fabs)

#define TEST_FUNCTION(name, test)                                                                  \
	static int name(struct calc *calc, const struct expr_value *args, size_t count,            \
	    struct expr_value *out)                                                                \
	{                                                                                          \
		(void)calc;                                                                        \
		(void)count;                                                                       \
		*out = cel_bool(test(args[0].as.real) != 0);                                       \
		return 0;                                                                          \
	}

TEST_FUNCTION(math_is_nan, isnan)
TEST_FUNCTION(math_is_inf, isinf)
TEST_FUNCTION(math_is_finite, isfinite)

static int same(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	(void)calc;
	(void)count;
	*out = args[0];
	return 0;
}

static int abs_int(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	(void)count;
	if (args[0].as.number >= 0) {
		*out = args[0];
		return 0;
	}
	return arith_negate(calc, &args[0], out);
}

static int sign_int(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	(void)calc;
	(void)count;
	*out = cel_int((args[0].as.number > 0) - (args[0].as.number < 0));
	return 0;
}

static int sign_uint(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	(void)calc;
	(void)count;
	*out = cel_uint(args[0].as.natural > 0);
	return 0;
}

static int sign_double(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	double real = args[0].as.real;

	(void)calc;
	(void)count;
	*out = isnan(real) ? args[0] : cel_double((real > 0) - (real < 0));
	return 0;
}

static int square_root(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	double real = args[0].type == VALUE_INT    ? (double)args[0].as.number
	              : args[0].type == VALUE_UINT ? (double)args[0].as.natural
	                                           : args[0].as.real;

	(void)calc;
	(void)count;
	*out = cel_double(real < 0 ? NAN : sqrt(real));
	return 0;
}

const struct overload lib_math[] = {
    {"math.greatest", "*+", greatest, "the greatest of its arguments, or of a list"},
    {"math.least", "*+", least, "the least of its arguments, or of a list"},
    {"math.ceil", "d", math_ceil, "rounded up"},
    {"math.floor", "d", math_floor, "rounded down"},
    {"math.round", "d", math_round, "rounded to the nearest, halves away from zero"},
    {"math.trunc", "d", math_trunc, "without decimals"},
    {"math.abs", "d", math_abs, "the absolute value"},
    {"math.abs", "i", abs_int, NULL},
    {"math.abs", "u", same, NULL},
    {"math.sign", "d", sign_double, "-1, 0 or 1"},
    {"math.sign", "i", sign_int, NULL},
    {"math.sign", "u", sign_uint, NULL},
    {"math.sqrt", "#", square_root, "the square root"},
    {"math.isNaN", "d", math_is_nan, "whether a double is not a number"},
    {"math.isInf", "d", math_is_inf, "whether a double is infinite"},
    {"math.isFinite", "d", math_is_finite, "whether a double is neither NaN nor infinite"},
    {0},
};
