/* Number text. Invariant: the decimal mark is '.', also where LC_NUMERIC says otherwise. */
#include "number.h"

#include <locale.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DOUBLE_TEXT_MAX 1100 /* longer decimal texts are not read */

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 99;
}

int number_parse_uint(const char *text, size_t len, int base, uint64_t *out)
{
	uint64_t value = 0;

	if (len == 0)
		return -1;
	for (size_t i = 0; i < len; i++) {
		int digit = digit_value(text[i]);

		if (digit >= base || __builtin_mul_overflow(value, (uint64_t)base, &value) ||
		    __builtin_add_overflow(value, (uint64_t)digit, &value))
			return -1;
	}
	*out = value;
	return 0;
}

int number_parse_int(const char *text, size_t len, int64_t *out)
{
	bool negative = len > 0 && text[0] == '-';
	size_t skip = len > 0 && (text[0] == '-' || text[0] == '+');
	uint64_t value;

	if (number_parse_uint(text + skip, len - skip, 10, &value) < 0 ||
	    value > (uint64_t)INT64_MAX + negative)
		return -1;
	*out = negative ? (int64_t)(0 - value) : (int64_t)value;
	return 0;
}

static size_t skip_digits(const char *text, size_t len, size_t at)
{
	while (at < len && text[at] >= '0' && text[at] <= '9')
		at++;
	return at;
}

/* digits [. digits] [e [sign] digits], with at least one digit before the exponent */
static bool is_decimal(const char *text, size_t len)
{
	size_t at = skip_digits(text, len, 0);
	bool digits = at > 0;
	size_t start;

	if (at < len && text[at] == '.') {
		start = ++at;
		at = skip_digits(text, len, at);
		digits |= at > start;
	}
	if (digits && at < len && (text[at] == 'e' || text[at] == 'E')) {
		at++;
		at += at < len && (text[at] == '+' || text[at] == '-');
		start = at;
		at = skip_digits(text, len, at);
		digits = at > start;
	}
	return digits && at == len;
}

static bool same_word(const char *text, size_t len, const char *word)
{
	return len == strlen(word) && strncasecmp(text, word, len) == 0;
}

/* strtod() in the C locale; TEXT is known to be a decimal number. */
static double read_decimal(const char *text, size_t len)
{
	static locale_t plain;
	char copy[DOUBLE_TEXT_MAX + 1];

	if (!plain)
		plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	memcpy(copy, text, len);
	copy[len] = '\0';
	return strtod_l(copy, NULL, plain);
}

int number_parse_double(const char *text, size_t len, double *out)
{
	bool negative = len > 0 && text[0] == '-';
	size_t skip = len > 0 && (text[0] == '-' || text[0] == '+');
	double real;

	text += skip;
	len -= skip;
	if (same_word(text, len, "inf") || same_word(text, len, "infinity"))
		real = INFINITY;
	else if (same_word(text, len, "nan") && !skip)
		real = NAN;
	else if (len <= DOUBLE_TEXT_MAX && is_decimal(text, len))
		real = read_decimal(text, len);
	else
		return -1;
	*out = negative ? -real : real;
	return 0;
}

static size_t copy_text(const char *text, char *out)
{
	size_t len = strlen(text);

	memcpy(out, text, len + 1);
	return len;
}

static size_t format_special(double real, char *out)
{
	if (isnan(real))
		return copy_text("NaN", out);
	return copy_text(real < 0 ? "-Infinity" : "Infinity", out);
}

/* Whatever stands for the decimal mark in this locale becomes '.'. */
static void plain_point(char *text)
{
	size_t at = strspn(text, "+-0123456789");

	if (text[at] && text[at] != 'e') {
		size_t skip = strcspn(text + at, "0123456789e");

		text[at] = '.';
		memmove(text + at + 1, text + at + skip, strlen(text + at + skip) + 1);
	}
}

size_t number_format_fixed(double real, int precision, char notation, char *out, size_t size)
{
	if (!isfinite(real))
		return format_special(real, out);
	snprintf(out, size, notation == 'e' ? "%.*e" : "%.*f", precision, real);
	plain_point(out);
	return strlen(out);
}

/* Decimals that fixed notation needs when SIGNIFICANT digits are enough; SCIENTIFIC is
 * the number in that notation. */
static int decimals_needed(const char *scientific, int significant)
{
	int exponent = (int)strtol(strchr(scientific, 'e') + 1, NULL, 10);
	int decimals = significant - 1 - exponent;

	return decimals < 0 ? 0 : decimals;
}

static bool reads_back(const char *text, double real)
{
	return read_decimal(text + (text[0] == '-'), strlen(text) - (text[0] == '-')) == fabs(real);
}

static void drop_zeros(char *text)
{
	size_t len = strlen(text);

	if (!strchr(text, '.'))
		return;
	while (text[len - 1] == '0')
		text[--len] = '\0';
	if (text[len - 1] == '.')
		text[len - 1] = '\0';
}

/* "1.50e+05" to "1.5e+05" */
static void drop_mantissa_zeros(char *text)
{
	char *exponent = strchr(text, 'e');
	char tail[16];

	snprintf(tail, sizeof(tail), "%s", exponent);
	*exponent = '\0';
	drop_zeros(text);
	memcpy(text + strlen(text), tail, strlen(tail) + 1);
}

size_t number_format_double(double real, char out[NUMBER_TEXT_MAX])
{
	bool fixed = real == 0 || (fabs(real) >= 1e-4 && fabs(real) < 1e21);

	if (!isfinite(real))
		return format_special(real, out);
	for (int digits = 1; digits <= 17; digits++) {
		if (digits > 1 && digits < 15)
			digits = 15; /* 15 always print well; fewer are its trailing zeros */
		number_format_fixed(real, digits - 1, 'e', out, NUMBER_TEXT_MAX);
		if (!reads_back(out, real))
			continue;
		if (!fixed) {
			drop_mantissa_zeros(out);
			break;
		}
		number_format_fixed(real, decimals_needed(out, digits), 'f', out, NUMBER_TEXT_MAX);
		drop_zeros(out);
		break;
	}
	return strlen(out);
}
