/* Helpers over jansson values: text that may not be UTF-8, members, numbers. */
#include "fsops/value.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/buf.h"
#include "fsops/mem.h"

#define BEYOND_INT 9223372036854775808.0 /* 2^63 */

/* The length of the well-formed UTF-8 sequence at TEXT, 0 when it is none
 * (overlong forms, surrogates and values over U+10FFFF are none). */
static size_t sequence_len(const unsigned char *text, size_t left)
{
	unsigned char c = text[0];
	unsigned char low = 0x80;
	unsigned char high = 0xBF;
	size_t len = c < 0x80 ? 1 : c >= 0xC2 && c < 0xE0 ? 2 : c >= 0xE0 && c < 0xF0 ? 3 : 4;

	if (c < 0x80)
		return 1;
	if (c < 0xC2 || c > 0xF4 || len > left)
		return 0;
	if (c == 0xE0)
		low = 0xA0;
	if (c == 0xED)
		high = 0x9F;
	if (c == 0xF0)
		low = 0x90;
	if (c == 0xF4)
		high = 0x8F;
	if (text[1] < low || text[1] > high)
		return 0;
	for (size_t i = 2; i < len; i++)
		if (text[i] < 0x80 || text[i] > 0xBF)
			return 0;
	return len;
}

json_t *value_text(const char *data, size_t len)
{
	json_t *text = json_stringn(data, len);
	struct buf clean;

	if (text)
		return text;
	buf_init(&clean, len * 3 + 1);
	for (size_t i = 0; i < len;) {
		size_t step = sequence_len((const unsigned char *)data + i, len - i);

		if (step)
			buf_add(&clean, data + i, step);
		else
			buf_adds(&clean, "\xEF\xBF\xBD");
		i += step ? step : 1;
	}
	text = json_stringn(clean.data, clean.len);
	buf_release(&clean);
	return text;
}

/* Is TEXT, to its end, the beginning of one character? */
static bool is_cut(const char *text, size_t left)
{
	size_t more = 1;

	while (more < left && ((unsigned char)text[more] & 0xC0) == 0x80)
		more++;
	return (unsigned char)*text >= 0xC2 && more == left && left < 4;
}

void value_clean(char *text)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len;) {
		size_t step = sequence_len((const unsigned char *)text + i, len - i);

		if (!step && is_cut(text + i, len - i)) {
			text[i] = '\0';
			return;
		}
		if (!step)
			text[i] = '?';
		i += step ? step : 1;
	}
}

bool value_has_beyond_int(const json_t *value)
{
	const char *key;
	json_t *member;
	size_t i;

	if (json_is_real(value))
		return fabs(json_real_value(value)) >= BEYOND_INT;
	json_array_foreach((json_t *)value, i, member)
		if (value_has_beyond_int(member))
			return true;
	json_object_foreach((json_t *)value, key, member)
		if (value_has_beyond_int(member))
			return true;
	return false;
}

bool value_has_zero_byte(const json_t *value)
{
	const char *key;
	json_t *member;
	size_t i;

	if (json_is_string(value))
		return strlen(json_string_value(value)) != json_string_length(value);
	json_array_foreach((json_t *)value, i, member)
		if (value_has_zero_byte(member))
			return true;
	json_object_foreach((json_t *)value, key, member)
		if (value_has_zero_byte(member))
			return true;
	return false;
}

/* Decimal digits that every double has, and that no double needs more of. */
#define DIGITS_LEAST 15
#define DIGITS_MOST  17

/* The fewest digits, at least DIGITS, that are read back as the same number. */
static int digits_of(double real, int digits)
{
	char text[64];

	for (; digits < DIGITS_MOST; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, real);
		if (strtod(text, NULL) == real)
			break;
	}
	return digits;
}

/* A whole number is one to a command, too: with all its digits, as far as an int has them. */
static char *real_to_text(double number)
{
	if (number == floor(number) && fabs(number) < BEYOND_INT)
		return mem_printf("%.0f", number);
	return mem_printf("%.*g", digits_of(number, DIGITS_LEAST), number);
}

static int digits_needed(const json_t *value, int digits)
{
	const char *key;
	json_t *member;
	size_t i;

	if (json_is_real(value))
		return digits_of(json_real_value(value), digits);
	json_object_foreach((json_t *)value, key, member) {
		digits = digits_needed(member, digits);
	}
	json_array_foreach(value, i, member) {
		digits = digits_needed(member, digits);
	}
	return digits;
}

size_t value_digits(const json_t *value)
{
	return (size_t)digits_needed(value, DIGITS_LEAST);
}

char *value_to_text(const json_t *value)
{
	char *text;

	switch (value ? json_typeof(value) : JSON_NULL) {
	case JSON_STRING:
		return mem_text(json_string_value(value));
	case JSON_INTEGER:
		return mem_printf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
	case JSON_REAL:
		return real_to_text(json_real_value(value));
	case JSON_TRUE:
		return mem_text("true");
	case JSON_FALSE:
		return mem_text("false");
	case JSON_NULL:
		return mem_text("");
	default:
		text = value_to_json(value);
		return text ? text : mem_text("");
	}
}

const char *value_get_text(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

double value_get_number(const json_t *object, const char *key, double otherwise)
{
	double number;

	return value_number(json_object_get(object, key), &number) ? number : otherwise;
}

bool value_number(const json_t *value, double *out)
{
	if (!json_is_number(value))
		return false;
	*out = json_number_value(value);
	return true;
}
