/* Bits of int and uint: the math.bit… functions. */
#include "expr/function.h"

/* Both arguments are of the same of the two types, which share their bits. */
static struct expr_value bits(const struct expr_value *like, uint64_t value)
{
	return like->type == VALUE_INT ? cel_int((int64_t)value) : cel_uint(value);
}

static uint64_t bits_of(const struct expr_value *value)
{
	return value->type == VALUE_INT ? (uint64_t)value->as.number : value->as.natural;
}

static int bit_and(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	(void)calc;
	(void)count;
	*out = bits(&args[0], bits_of(&args[0]) & bits_of(&args[1]));
	return 0;
}

static int bit_or(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	(void)calc;
	(void)count;
	*out = bits(&args[0], bits_of(&args[0]) | bits_of(&args[1]));
	return 0;
}

static int bit_xor(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	(void)calc;
	(void)count;
	*out = bits(&args[0], bits_of(&args[0]) ^ bits_of(&args[1]));
	return 0;
}

static int bit_not(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	(void)calc;
	(void)count;
	*out = bits(&args[0], ~bits_of(&args[0]));
	return 0;
}

static int shift(
    struct calc *calc, const struct expr_value *args, bool left, struct expr_value *out)
{
	int64_t by = args[1].as.number;
	uint64_t value = bits_of(&args[0]);

	if (by < 0)
		return calc_fail(calc, "%s() by a negative number", calc->node->name);
	if (by > 63)
		value = 0;
	else
		value = left ? value << by : value >> by;
	*out = bits(&args[0], value);
	return 0;
}

static int shift_left(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	(void)count;
	return shift(calc, args, true, out);
}

static int shift_right(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	(void)count;
	return shift(calc, args, false, out);
}

const struct overload lib_bits[] = {
    {"math.bitAnd", "ii", bit_and, "bits that both have"},
    {"math.bitAnd", "uu", bit_and, NULL},
    {"math.bitOr", "ii", bit_or, "bits that either has"},
    {"math.bitOr", "uu", bit_or, NULL},
    {"math.bitXor", "ii", bit_xor, "bits that one of them has"},
    {"math.bitXor", "uu", bit_xor, NULL},
    {"math.bitNot", "i", bit_not, "bits that it has not"},
    {"math.bitNot", "u", bit_not, NULL},
    {"math.bitShiftLeft", "ii", shift_left, "bits moved to the left"},
    {"math.bitShiftLeft", "ui", shift_left, NULL},
    {"math.bitShiftRight", "ii", shift_right, "bits moved to the right, zeros coming in"},
    {"math.bitShiftRight", "ui", shift_right, NULL},
    {0},
};
