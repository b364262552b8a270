/* size(), type(), dyn(). */
#include "expr/function.h"
#include "expr/utf8.h"

static int size_text(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	(void)count;
	if (calc_step_bytes(calc, args[0].as.text.len) < 0)
		return -1;
	*out = cel_int((int64_t)utf8_count(args[0].as.text.data, args[0].as.text.len));
	return 0;
}

static int size_bytes(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	(void)calc;
	(void)count;
	*out = cel_int((int64_t)args[0].as.text.len);
	return 0;
}

static int size_items(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	(void)calc;
	(void)count;
	*out = cel_int((int64_t)cel_count(&args[0]));
	return 0;
}

static int type_of(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	(void)calc;
	(void)count;
	*out = cel_type((enum value_type)args[0].type);
	return 0;
}

static int dyn(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	(void)calc;
	(void)count;
	*out = args[0];
	return 0;
}

const struct overload lib_base[] = {
    {"size", "s.", size_text, "characters of a string, bytes, items of a list, entries of a map"},
    {"size", "y.", size_bytes, NULL},
    {"size", "l.", size_items, NULL},
    {"size", "m.", size_items, NULL},
    {"size", "s", size_text, NULL},
    {"size", "y", size_bytes, NULL},
    {"size", "l", size_items, NULL},
    {"size", "m", size_items, NULL},
    {"type", "*", type_of, "the type of a value: type(1) == int"},
    {"dyn", "*", dyn, "the value itself"},
    {0},
};
