/* 'text %s'.format([values]). */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "expr/compare.h"
#include "expr/function.h"
#include "expr/show.h"
#include "expr/types/number.h"
#include "fsops/mem.h"

#define PRECISION_MAX  300
#define SHOWN_PER_STEP 8 /* bytes of a list or map that are written */

/* One clause being written. */
struct clause {
	struct calc *calc;
	struct buf *out;
	char verb;
	int precision; /* -1: none written */
};

typedef int verb_fn(struct clause *c, const struct expr_value *value);

static int wrong_type(struct clause *c, const struct expr_value *value, const char *wanted)
{
	return calc_fail(c->calc, "%%%c takes %s, not %s", c->verb, wanted, cel_type_name(value));
}

/* A list may hold one value many times: each costs as much as it takes to write it. */
static int put_text(struct clause *c, const struct expr_value *value)
{
	size_t before = c->out->len;

	show_value(c->out, value);
	if (value->type != VALUE_LIST && value->type != VALUE_MAP)
		return 0;
	return calc_step(c->calc, (c->out->len - before) / SHOWN_PER_STEP);
}

static int put_decimal(struct clause *c, const struct expr_value *value)
{
	if (!compare_is_number(value))
		return wrong_type(c, value, "a number");
	show_value(c->out, value);
	return 0;
}

static int put_fixed(struct clause *c, const struct expr_value *value)
{
	char text[NUMBER_TEXT_MAX + PRECISION_MAX];
	double real;

	if (!compare_is_number(value))
		return wrong_type(c, value, "a number");
	real = value->type == VALUE_DOUBLE ? value->as.real
	       : value->type == VALUE_INT  ? (double)value->as.number
	                                   : (double)value->as.natural;
	number_format_fixed(real, c->precision < 0 ? 6 : c->precision, c->verb, text, sizeof(text));
	buf_adds(c->out, text);
	return 0;
}

/* The sign and magnitude of a whole number (or bool); false when VALUE is none. */
static bool magnitude(const struct expr_value *value, bool bools, bool *negative, uint64_t *out)
{
	*negative = value->type == VALUE_INT && value->as.number < 0;
	if (value->type == VALUE_INT)
		*out = *negative ? 0 - (uint64_t)value->as.number : (uint64_t)value->as.number;
	else if (value->type == VALUE_UINT)
		*out = value->as.natural;
	else if (bools && value->type == VALUE_BOOL)
		*out = value->as.truth;
	else
		return false;
	return true;
}

static int put_binary(struct clause *c, const struct expr_value *value)
{
	char digits[65];
	size_t at = sizeof(digits);
	uint64_t number;
	bool negative;

	if (!magnitude(value, true, &negative, &number))
		return wrong_type(c, value, "an int, uint or bool");
	do {
		digits[--at] = (char)('0' + (number & 1));
		number >>= 1;
	} while (number);
	buf_adds(c->out, negative ? "-" : "");
	buf_add(c->out, digits + at, sizeof(digits) - at);
	return 0;
}

static int put_octal(struct clause *c, const struct expr_value *value)
{
	uint64_t number;
	bool negative;

	if (!magnitude(value, false, &negative, &number))
		return wrong_type(c, value, "an int or uint");
	buf_addf(c->out, "%s%" PRIo64, negative ? "-" : "", number);
	return 0;
}

static int put_hex(struct clause *c, const struct expr_value *value)
{
	bool upper = c->verb == 'X';
	uint64_t number;
	bool negative;

	if (magnitude(value, false, &negative, &number)) {
		buf_addf(c->out, upper ? "%s%" PRIX64 : "%s%" PRIx64, negative ? "-" : "", number);
		return 0;
	}
	if (value->type != VALUE_STRING && value->type != VALUE_BYTES)
		return wrong_type(c, value, "an int, uint, string or bytes");
	for (size_t i = 0; i < value->as.text.len; i++)
		buf_addf(
		    c->out, upper ? "%02X" : "%02x", (unsigned)(uint8_t)value->as.text.data[i]);
	return 0;
}

static const struct verb {
	char letter;
	verb_fn *put;
} verbs[] = {
    {'s', put_text},
    {'d', put_decimal},
    {'f', put_fixed},
    {'e', put_fixed},
    {'b', put_binary},
    {'o', put_octal},
    {'x', put_hex},
    {'X', put_hex},
};

/* ".3" at the cursor; only %f and %e have a precision. */
static int read_precision(struct clause *c, const char **at, const char *end)
{
	c->precision = -1;
	if (*at >= end || **at != '.')
		return 0;
	c->precision = 0;
	for ((*at)++; *at < end && **at >= '0' && **at <= '9'; (*at)++)
		if (c->precision <= PRECISION_MAX)
			c->precision = c->precision * 10 + (**at - '0');
	if (c->precision > PRECISION_MAX)
		return calc_fail(c->calc, "a precision over %d", PRECISION_MAX);
	return 0;
}

static int put_clause(struct clause *c, const struct expr_value *values, size_t *used)
{
	const struct verb *verb = NULL;
	struct expr_value value;

	for (size_t i = 0; i < COUNT_OF(verbs); i++)
		if (verbs[i].letter == c->verb)
			verb = &verbs[i];
	if (!verb || (c->precision >= 0 && verb->put != put_fixed))
		return calc_fail(c->calc,
		    "unknown clause %%%s%c; there are s d f e b o x X and %%%%",
		    c->precision >= 0 ? ".n" : "", c->verb);
	if (*used >= cel_count(values))
		return calc_fail(
		    c->calc, "index %zu out of range: too few values for the format", *used);
	value = cel_item(values, (*used)++);
	return verb->put(c, &value);
}

/* What follows a '%' at the cursor. */
static int read_clause(struct clause *c, const char **at, const char *end,
    const struct expr_value *values, size_t *used)
{
	if (*at < end && **at == '%') {
		(*at)++;
		buf_addc(c->out, '%');
		return 0;
	}
	if (read_precision(c, at, end) < 0)
		return -1;
	if (*at >= end)
		return calc_fail(c->calc, "the format ends with a '%%'");
	c->verb = *(*at)++;
	if (calc_step(c->calc, 4) < 0)
		return -1;
	return put_clause(c, values, used);
}

static int format(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	const char *at = args[0].as.text.data;
	const char *end = at + args[0].as.text.len;
	struct buf text;
	struct clause c = {.calc = calc, .out = &text};
	size_t used = 0;
	int result = 0;

	(void)count;
	calc_buf(&text);
	while (at < end && result == 0) {
		const char *percent = memchr(at, '%', (size_t)(end - at));

		buf_add(&text, at, (size_t)((percent ? percent : end) - at));
		at = percent ? percent + 1 : end;
		if (percent)
			result = read_clause(&c, &at, end, &args[1], &used);
	}
	if (result == 0 && used < cel_count(&args[1]))
		result = calc_fail(calc, "too many values for the format");
	if (result == 0)
		return calc_take(calc, &text, VALUE_STRING, out);
	buf_release(&text);
	return -1;
}

const struct overload lib_format[] = {
    {"format", "s.l", format,
        "with the values in place of %s %d %f %e %b %o %x %X: '%d pods'.format([3])"},
    {0},
};
