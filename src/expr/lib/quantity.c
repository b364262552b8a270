/* Kubernetes' quantities: quantity('500m') < quantity('1'). */
#include "expr/function.h"
#include "expr/types/quantity.h"

/* Each digit of a number costs as much as there are digits before it, up to the ceiling. */
static int step_text(struct calc *calc, const struct expr_value *text)
{
	return calc_step(calc, text->as.text.len / 8);
}

static int quantity_of(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	const char *text = args[0].as.text.data;
	size_t len = args[0].as.text.len;
	struct quantity *quantity = calc_alloc(calc, sizeof(*quantity));
	int result;

	(void)count;
	if (!quantity || step_text(calc, &args[0]) < 0)
		return -1;
	result = quantity_parse(text, len, quantity);
	*out = (struct expr_value){.type = VALUE_QUANTITY, .as.quantity = quantity};
	switch (result) {
	case 0:
		return calc_step(calc, quantity->count);
	case -1:
		return calc_fail(
		    calc, "'%.*s' is no quantity (500m, 1Gi, 2e3)", CALC_SHOWN(calc, &args[0]));
	default:
		return calc_fail(calc, "the quantity '%.*s' is out of range (10^%d)",
		    CALC_SHOWN(calc, &args[0]), QUANTITY_DIGITS_MAX);
	}
}

static int is_quantity(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	struct quantity ignored;

	(void)count;
	if (step_text(calc, &args[0]) < 0)
		return -1;
	*out = cel_bool(quantity_parse(args[0].as.text.data, args[0].as.text.len, &ignored) == 0);
	return 0;
}

static int sign(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	const struct quantity *quantity = args[0].as.quantity;

	(void)calc;
	(void)count;
	*out = cel_int(quantity->negative ? -1 : quantity->count > 0);
	return 0;
}

static int is_integer(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	int64_t ignored;

	(void)calc;
	(void)count;
	*out = cel_bool(quantity_integer(args[0].as.quantity, &ignored));
	return 0;
}

static int as_integer(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	const struct quantity *quantity = args[0].as.quantity;

	(void)count;
	*out = cel_int(0);
	if (quantity_integer(quantity, &out->as.number))
		return 0;
	return calc_fail(calc, quantity_whole(quantity)
	                           ? "the quantity is over the 64 bits of an int"
	                           : "the quantity is no whole number");
}

static int as_float(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	(void)calc;
	(void)count;
	*out = cel_double(quantity_double(args[0].as.quantity));
	return 0;
}

static int compare_to(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	(void)calc;
	(void)count;
	*out = cel_int(quantity_compare(args[0].as.quantity, args[1].as.quantity));
	return 0;
}

static int is_greater(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	(void)calc;
	(void)count;
	*out = cel_bool(quantity_compare(args[0].as.quantity, args[1].as.quantity) > 0);
	return 0;
}

static int is_less(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	(void)calc;
	(void)count;
	*out = cel_bool(quantity_compare(args[0].as.quantity, args[1].as.quantity) < 0);
	return 0;
}

/* args[0] plus or minus args[1], a quantity or an int. */
static int combine(
    struct calc *calc, const struct expr_value *args, enum op op, struct expr_value *out)
{
	struct quantity whole;
	struct expr_value other = args[1];

	if (other.type == VALUE_INT) {
		quantity_from_int(other.as.number, &whole);
		other = (struct expr_value){.type = VALUE_QUANTITY, .as.quantity = &whole};
	}
	return arith_binary(calc, op, &args[0], &other, out);
}

static int add(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	(void)count;
	return combine(calc, args, OP_ADD, out);
}

static int sub(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	(void)count;
	return combine(calc, args, OP_SUBTRACT, out);
}

const struct overload lib_quantity[] = {
    {"quantity", "!s", quantity_of,
        "a Kubernetes quantity, to compare, add and subtract: quantity('1Gi')"},
    {"isQuantity", "s", is_quantity, "whether a string is a quantity"},
    {"sign", "q.", sign, "of a quantity: -1, 0 or 1"},
    {"sign", "q", sign, NULL},
    {"isInteger", "q.", is_integer, "whether a quantity is a whole number of 64 bits"},
    {"asInteger", "q.", as_integer, "a quantity as int"},
    {"asApproximateFloat", "q.", as_float, "a quantity as double"},
    {"compareTo", "q.q", compare_to,
        "of quantities and semantic versions: -1 less, 0 equal, 1 greater"},
    {"isGreaterThan", "q.q", is_greater, "of quantities and semantic versions"},
    {"isLessThan", "q.q", is_less, "of quantities and semantic versions"},
    {"add", "q.q", add, "a quantity plus another or an int"},
    {"add", "q.i", add, NULL},
    {"sub", "q.q", sub, "a quantity minus another or an int"},
    {"sub", "q.i", sub, NULL},
    {0},
};
