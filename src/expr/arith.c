/* Operators on values that are there: arithmetic, comparison, `in`. */
#include <math.h>
#include <string.h>

#include "calc.h"
#include "compare.h"
#include "expr/time/time.h"
#include "expr/types/quantity.h"
#include "fsops/mem.h"
#include "written.h"

static const char *const signs[OPS] = {
    "==", "!=", "<", "<=", ">", ">=", "in", "+", "-", "*", "/", "%"};

typedef int binary_fn(struct calc *calc, enum op op, const struct expr_value *a,
    const struct expr_value *b, struct expr_value *out);

static int no_overload(
    struct calc *calc, enum op op, const struct expr_value *a, const struct expr_value *b)
{
	return calc_no_overload(calc, "%s %s %s", cel_type_name(a), signs[op], cel_type_name(b));
}

static int add_int(int64_t a, int64_t b, int64_t *out)
{
	return __builtin_add_overflow(a, b, out);
}

static int subtract_int(int64_t a, int64_t b, int64_t *out)
{
	return __builtin_sub_overflow(a, b, out);
}

static int multiply_int(int64_t a, int64_t b, int64_t *out)
{
	return __builtin_mul_overflow(a, b, out);
}

static int divide_int(int64_t a, int64_t b, int64_t *out)
{
	if (a == INT64_MIN && b == -1)
		return 1;
	*out = a / b;
	return 0;
}

static int remainder_int(int64_t a, int64_t b, int64_t *out)
{
	if (a == INT64_MIN && b == -1)
		return 1;
	*out = a % b;
	return 0;
}

typedef int int_fn(int64_t a, int64_t b, int64_t *out);

static int_fn *const int_ops[OPS] = {
    [OP_ADD] = add_int,
    [OP_SUBTRACT] = subtract_int,
    [OP_MULTIPLY] = multiply_int,
    [OP_DIVIDE] = divide_int,
    [OP_REMAINDER] = remainder_int,
};

/* Whether it is one, which is an error for int and uint alike. */
static bool divides_by_zero(struct calc *calc, enum op op, bool zero)
{
	if (!zero || (op != OP_DIVIDE && op != OP_REMAINDER))
		return false;
	calc_fail(calc, op == OP_DIVIDE ? "division by zero" : "remainder of a division by zero");
	return true;
}

static int binary_int(struct calc *calc, enum op op, const struct expr_value *a,
    const struct expr_value *b, struct expr_value *out)
{
	int64_t result;

	if (divides_by_zero(calc, op, b->as.number == 0))
		return -1;
	if (int_ops[op](a->as.number, b->as.number, &result))
		return calc_fail(calc, "integer overflow");
	*out = cel_int(result);
	return 0;
}

static int uint_result(enum op op, uint64_t a, uint64_t b, uint64_t *out)
{
	switch (op) {
	case OP_ADD:
		return __builtin_add_overflow(a, b, out);
	case OP_SUBTRACT:
		return __builtin_sub_overflow(a, b, out);
	case OP_MULTIPLY:
		return __builtin_mul_overflow(a, b, out);
	default:
		*out = b == 0 ? 0 : op == OP_DIVIDE ? a / b : a % b;
		return b == 0;
	}
}

static int binary_uint(struct calc *calc, enum op op, const struct expr_value *a,
    const struct expr_value *b, struct expr_value *out)
{
	uint64_t result;

	if (divides_by_zero(calc, op, b->as.natural == 0))
		return -1;
	if (uint_result(op, a->as.natural, b->as.natural, &result))
		return calc_fail(calc, "unsigned integer overflow");
	*out = cel_uint(result);
	return 0;
}

static int binary_double(struct calc *calc, enum op op, const struct expr_value *a,
    const struct expr_value *b, struct expr_value *out)
{
	double x = a->as.real;
	double y = b->as.real;

	if (op == OP_REMAINDER)
		return no_overload(calc, op, a, b);
	*out = cel_double(op == OP_ADD        ? x + y
	                  : op == OP_SUBTRACT ? x - y
	                  : op == OP_MULTIPLY ? x * y
	                                      : x / y);
	return 0;
}

/* Strings or bytes. */
static int join_text(struct calc *calc, enum op op, const struct expr_value *a,
    const struct expr_value *b, struct expr_value *out)
{
	size_t len = a->as.text.len + b->as.text.len;
	char *text;

	if (op != OP_ADD)
		return no_overload(calc, op, a, b);
	if (len > EXPR_TEXT_MAX)
		return expr_error_set(calc->error, EXPR_ERROR_LIMIT, calc->node->place,
		    "a string of more than %d MiB (EXPR_TEXT_MAX)", EXPR_TEXT_MAX / 1024 / 1024);
	text = calc_alloc(calc, len + 1);
	if (!text || calc_step_bytes(calc, len) < 0)
		return -1;
	memcpy(text, a->as.text.data, a->as.text.len);
	memcpy(text + a->as.text.len, b->as.text.data, b->as.text.len);
	text[len] = '\0';
	*out = a->type == VALUE_STRING ? cel_string(text, len) : cel_bytes(text, len);
	return 0;
}

static int add_items(struct calc *calc, struct list_build *list, const struct expr_value *from)
{
	size_t count = cel_count(from);

	if (calc_step(calc, count / 8) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (list_add(calc, list, cel_item(from, i)) < 0)
			return -1;
	return 0;
}

static int join_lists(struct calc *calc, enum op op, const struct expr_value *a,
    const struct expr_value *b, struct expr_value *out)
{
	struct list_build list = {0};

	if (op != OP_ADD)
		return no_overload(calc, op, a, b);
	if (add_items(calc, &list, a) < 0 || add_items(calc, &list, b) < 0)
		return -1;
	return list_take(calc, &list, out);
}

static nanos_t in_nanos(const struct expr_value *value)
{
	return (nanos_t)value->as.number * NANOS + value->nanos;
}

static int make_time(struct calc *calc, enum value_type type, nanos_t total, struct expr_value *out)
{
	enum time_result result;

	*out = (struct expr_value){.type = type};
	result = type == VALUE_TIMESTAMP ? time_from_nanos(total, &out->as.number, &out->nanos)
	                                 : span_from_nanos(total, &out->as.number, &out->nanos);
	if (result == TIME_OK)
		return 0;
	return calc_fail(calc, type == VALUE_TIMESTAMP
	                           ? "the timestamp is out of range (years 0001 to 9999)"
	                           : "the duration is out of range (292 years)");
}

/* What the sum or difference of these two times is; VALUE_TYPES: nothing. */
static enum value_type time_sum(enum op op, enum value_type a, enum value_type b)
{
	bool both = a == VALUE_TIMESTAMP && b == VALUE_TIMESTAMP;

	if (op != OP_ADD && op != OP_SUBTRACT)
		return VALUE_TYPES;
	if (a == VALUE_DURATION && b == VALUE_DURATION)
		return VALUE_DURATION;
	if (both)
		return op == OP_SUBTRACT ? VALUE_DURATION : VALUE_TYPES;
	return a == VALUE_TIMESTAMP || op == OP_ADD ? VALUE_TIMESTAMP : VALUE_TYPES;
}

static int binary_time(struct calc *calc, enum op op, const struct expr_value *a,
    const struct expr_value *b, struct expr_value *out)
{
	enum value_type type = time_sum(op, a->type, b->type);

	if (type == VALUE_TYPES)
		return no_overload(calc, op, a, b);
	return make_time(calc, type, in_nanos(a) + (op == OP_ADD ? 1 : -1) * in_nanos(b), out);
}

static int binary_quantity(struct calc *calc, enum op op, const struct expr_value *a,
    const struct expr_value *b, struct expr_value *out)
{
	struct quantity *sum;

	if (op != OP_ADD && op != OP_SUBTRACT)
		return no_overload(calc, op, a, b);
	sum = calc_alloc(calc, sizeof(*sum));
	if (!sum || calc_step(calc, (a->as.quantity->count + b->as.quantity->count) / 8) < 0)
		return -1;
	if (quantity_add(a->as.quantity, b->as.quantity, op == OP_ADD ? 1 : -1, sum) < 0)
		return calc_fail(calc, "the quantity is out of range");
	*out = (struct expr_value){.type = VALUE_QUANTITY, .as.quantity = sum};
	return 0;
}

static binary_fn *const arithmetic[VALUE_TYPES] = {
    [VALUE_INT] = binary_int,
    [VALUE_UINT] = binary_uint,
    [VALUE_DOUBLE] = binary_double,
    [VALUE_STRING] = join_text,
    [VALUE_BYTES] = join_text,
    [VALUE_LIST] = join_lists,
    [VALUE_TIMESTAMP] = binary_time,
    [VALUE_DURATION] = binary_time,
    [VALUE_QUANTITY] = binary_quantity,
};

static int calculate(struct calc *calc, enum op op, const struct expr_value *a,
    const struct expr_value *b, struct expr_value *out)
{
	struct expr_value x = *a, y = *b;
	binary_fn *function;

	if (op == OP_ADD) /* two texts are joined */
		written_meet(&x, &y);
	else
		written_count(&x, &y);
	a = &x;
	b = &y;
	function = arithmetic[a->type];
	if (!function || function != arithmetic[b->type] ||
	    (a->type != b->type && function != binary_time))
		return no_overload(calc, op, a, b);
	return function(calc, op, a, b, out);
}

static int relate(struct calc *calc, enum op op, const struct expr_value *a,
    const struct expr_value *b, struct expr_value *out)
{
	enum order order = compare_order(a, b);

	if (order == ORDER_TYPES)
		return no_overload(calc, op, a, b);
	if (a->type == VALUE_STRING && calc_step_bytes(calc, a->as.text.len) < 0)
		return -1;
	*out = cel_bool((order == ORDER_LESS && (op == OP_LESS || op == OP_LESS_EQUAL)) ||
	                (order == ORDER_MORE && (op == OP_MORE || op == OP_MORE_EQUAL)) ||
	                (order == ORDER_EQUAL && (op == OP_LESS_EQUAL || op == OP_MORE_EQUAL)));
	return 0;
}

static int equal(struct calc *calc, enum op op, const struct expr_value *a,
    const struct expr_value *b, struct expr_value *out)
{
	bool same;

	if (calc_equal(calc, a, b, &same) < 0)
		return -1;
	*out = cel_bool(same == (op == OP_EQUAL));
	return 0;
}

static int is_in(struct calc *calc, enum op op, const struct expr_value *a,
    const struct expr_value *b, struct expr_value *out)
{
	struct expr_value ignored;
	bool found = false;
	int result;

	if (b->type == VALUE_MAP)
		result = calc_find(calc, b, a, &ignored, &found);
	else if (b->type == VALUE_LIST)
		result = calc_contains(calc, b, a, &found);
	else
		return no_overload(calc, op, a, b);
	*out = cel_bool(found);
	return result;
}

static binary_fn *const operators[OPS] = {
    [OP_EQUAL] = equal,
    [OP_UNEQUAL] = equal,
    [OP_LESS] = relate,
    [OP_LESS_EQUAL] = relate,
    [OP_MORE] = relate,
    [OP_MORE_EQUAL] = relate,
    [OP_IN] = is_in,
    [OP_ADD] = calculate,
    [OP_SUBTRACT] = calculate,
    [OP_MULTIPLY] = calculate,
    [OP_DIVIDE] = calculate,
    [OP_REMAINDER] = calculate,
};

int arith_binary(struct calc *calc, enum op op, const struct expr_value *a,
    const struct expr_value *b, struct expr_value *out)
{
	return operators[op](calc, op, a, b, out);
}

int arith_negate(struct calc *calc, const struct expr_value *value, struct expr_value *out)
{
	struct expr_value plain = written_value(*value);
	const struct expr_value *a = &plain;

	if (a->type == VALUE_DOUBLE) {
		*out = cel_double(-a->as.real);
		return 0;
	}
	if (a->type != VALUE_INT)
		return calc_no_overload(calc, "-%s", cel_type_name(a));
	if (a->as.number == INT64_MIN)
		return calc_fail(calc, "integer overflow");
	*out = cel_int(-a->as.number);
	return 0;
}
