/* Conversions. Invariant: what the target type cannot hold is an error, never cut off. */
#include <math.h>
#include <string.h>

#include "expr/function.h"
#include "expr/show.h"
#include "expr/time/time.h"
#include "expr/types/number.h"
#include "expr/types/quantity.h"
#include "expr/utf8.h"
#include "fsops/mem.h"

#define INT_LIMIT  9223372036854775808.0
#define UINT_LIMIT 18446744073709551616.0

static int same(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	(void)calc;
	(void)count;
	*out = args[0];
	return 0;
}

static int wrong_text(struct calc *calc, const struct expr_value *text, const char *what)
{
	return calc_fail(calc, "'%.*s' is no %s", CALC_SHOWN(calc, text), what);
}

static int out_of_range(struct calc *calc, const char *type)
{
	return calc_fail(calc, "range error: the value does not fit into %s", type);
}

static int int_from_uint(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	(void)count;
	if (args[0].as.natural > INT64_MAX)
		return out_of_range(calc, "int");
	*out = cel_int((int64_t)args[0].as.natural);
	return 0;
}

static int int_from_double(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	double real = args[0].as.real;

	(void)count;
	if (!(real > -INT_LIMIT && real < INT_LIMIT))
		return out_of_range(calc, "int");
	*out = cel_int((int64_t)real);
	return 0;
}

static int int_from_string(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	(void)count;
	*out = cel_int(0);
	if (number_parse_int(args[0].as.text.data, args[0].as.text.len, &out->as.number) < 0)
		return wrong_text(calc, &args[0], "int");
	return 0;
}

static int int_from_timestamp(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	(void)calc;
	(void)count;
	*out = cel_int(args[0].as.number);
	return 0;
}

static int uint_from_int(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	(void)count;
	if (args[0].as.number < 0)
		return out_of_range(calc, "uint");
	*out = cel_uint((uint64_t)args[0].as.number);
	return 0;
}

static int uint_from_double(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	double real = args[0].as.real;

	(void)count;
	if (!(real > -1 && real < UINT_LIMIT))
		return out_of_range(calc, "uint");
	*out = cel_uint(real < 0 ? 0 : (uint64_t)real);
	return 0;
}

static int uint_from_string(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	(void)count;
	*out = cel_uint(0);
	if (number_parse_uint(args[0].as.text.data, args[0].as.text.len, 10, &out->as.natural) < 0)
		return wrong_text(calc, &args[0], "uint");
	return 0;
}

static int double_from_int(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	(void)calc;
	(void)count;
	*out = cel_double((double)args[0].as.number);
	return 0;
}

static int double_from_uint(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	(void)calc;
	(void)count;
	*out = cel_double((double)args[0].as.natural);
	return 0;
}

static int double_from_string(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	(void)count;
	*out = cel_double(0);
	if (number_parse_double(args[0].as.text.data, args[0].as.text.len, &out->as.real) < 0)
		return wrong_text(calc, &args[0], "double");
	return 0;
}

static int bool_from_string(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	static const char *const words[] = {
	    "false", "true", "False", "True", "FALSE", "TRUE", "f", "t", "F", "T", "0", "1"};

	(void)count;
	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (strlen(words[i]) == args[0].as.text.len &&
		    memcmp(words[i], args[0].as.text.data, args[0].as.text.len) == 0) {
			*out = cel_bool(i % 2);
			return 0;
		}
	return wrong_text(calc, &args[0], "bool");
}

static int bytes_from_string(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	(void)calc;
	(void)count;
	*out = cel_bytes(args[0].as.text.data, args[0].as.text.len);
	return 0;
}

static int string_from_bytes(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	(void)count;
	if (calc_step_bytes(calc, args[0].as.text.len) < 0)
		return -1;
	if (!utf8_valid(args[0].as.text.data, args[0].as.text.len))
		return calc_fail(calc, "invalid UTF-8 in bytes, cannot make a string of them");
	*out = cel_string(args[0].as.text.data, args[0].as.text.len);
	return 0;
}

static int string_from_any(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	struct buf text;

	(void)count;
	calc_buf(&text);
	show_value(&text, &args[0]);
	return calc_take(calc, &text, VALUE_STRING, out);
}

static int timestamp_from_string(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	enum time_result result;

	(void)count;
	if (calc_step_bytes(calc, args[0].as.text.len) < 0)
		return -1;
	*out = (struct expr_value){.type = VALUE_TIMESTAMP};
	result =
	    time_parse(args[0].as.text.data, args[0].as.text.len, &out->as.number, &out->nanos);
	if (result == TIME_RANGE)
		return calc_fail(calc, "the timestamp is out of range (years 0001 to 9999)");
	if (result == TIME_ENDLESS)
		return calc_fail(
		    calc, "PostgreSQL's 'infinity' is no timestamp: look for it before");
	if (result == TIME_ZONELESS)
		return wrong_text(calc, &args[0],
		    "timestamp, since it names no time zone: put one behind it (+ 'Z'; in SQL a "
		    "timestamptz has one)");
	return result == TIME_OK ? 0
	                         : wrong_text(calc, &args[0], "timestamp (2026-11-23T09:00:00Z)");
}

static int timestamp_from_int(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	(void)count;
	if (args[0].as.number < TIME_MIN || args[0].as.number > TIME_MAX)
		return calc_fail(calc, "the timestamp is out of range (years 0001 to 9999)");
	*out = expr_value_timestamp(args[0].as.number, 0);
	return 0;
}

static int duration_from_string(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	enum time_result result;

	(void)count;
	if (calc_step_bytes(calc, args[0].as.text.len) < 0)
		return -1;
	*out = (struct expr_value){.type = VALUE_DURATION};
	result =
	    span_parse(args[0].as.text.data, args[0].as.text.len, &out->as.number, &out->nanos);
	if (result == TIME_RANGE)
		return calc_fail(calc, "the duration is out of range (292 years)");
	return result == TIME_OK ? 0 : wrong_text(calc, &args[0], "duration (1h30m, 1.5s, 10ms)");
}

const struct overload lib_convert[] = {
    {"int", "i", same, "a number, string or timestamp as int; decimals are cut off"},
    {"int", "u", int_from_uint, NULL},
    {"int", "d", int_from_double, NULL},
    {"int", "s", int_from_string, NULL},
    {"int", "t", int_from_timestamp, NULL},
    {"uint", "u", same, "a number or string as uint; decimals are cut off"},
    {"uint", "i", uint_from_int, NULL},
    {"uint", "d", uint_from_double, NULL},
    {"uint", "s", uint_from_string, NULL},
    {"double", "d", same, "a number or string as double"},
    {"double", "i", double_from_int, NULL},
    {"double", "u", double_from_uint, NULL},
    {"double", "s", double_from_string, NULL},
    {"bool", "b", same, "a string ('true', 'false', '1', '0', 't', 'f') as bool"},
    {"bool", "s", bool_from_string, NULL},
    {"bytes", "y", same, "the UTF-8 bytes of a string"},
    {"bytes", "s", bytes_from_string, NULL},
    {"string", "s", same, "a value as a string"},
    {"string", "y", string_from_bytes, NULL},
    {"string", "i", string_from_any, NULL},
    {"string", "u", string_from_any, NULL},
    {"string", "d", string_from_any, NULL},
    {"string", "b", string_from_any, NULL},
    {"string", "t", string_from_any, NULL},
    {"string", "r", string_from_any, NULL},
    {"string", "q", string_from_any, NULL},
    {"string", "p", string_from_any, NULL},
    {"string", "c", string_from_any, NULL},
    {"string", "h", string_from_any, NULL},
    {"string", "v", string_from_any, NULL},
    {"timestamp", "!s", timestamp_from_string,
        "a point in time: timestamp('2026-11-23T09:00:00Z')"},
    {"timestamp", "i", timestamp_from_int, NULL},
    {"timestamp", "t", same, NULL},
    {"duration", "!s", duration_from_string, "a span of time: duration('1h30m'), duration('1.5s')"},
    {"duration", "r", same, NULL},
    {0},
};
