/* Quantities as 128-bit billionths. Invariant: |nano| <= QUANTITY_LIMIT. */
#include "quantity.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "fsops/mem.h"

#define NANO_SCALE     ((quantity_nano)1000000000)
#define QUANTITY_LIMIT ((quantity_nano)INT64_MAX * NANO_SCALE)
#define DIGITS_MAX     27 /* significant digits kept while parsing: 10^27 < 2^90 */

struct suffix {
	const char *name;
	enum quantity_format format;
	int base;  /* 2 or 10 */
	int power; /* of the base */
};

/* From large to small within a format. */
static const struct suffix suffixes[] = {
    {"Ei", QUANTITY_BINARY, 2, 60},
    {"Pi", QUANTITY_BINARY, 2, 50},
    {"Ti", QUANTITY_BINARY, 2, 40},
    {"Gi", QUANTITY_BINARY, 2, 30},
    {"Mi", QUANTITY_BINARY, 2, 20},
    {"Ki", QUANTITY_BINARY, 2, 10},
    {"E", QUANTITY_DECIMAL, 10, 18},
    {"P", QUANTITY_DECIMAL, 10, 15},
    {"T", QUANTITY_DECIMAL, 10, 12},
    {"G", QUANTITY_DECIMAL, 10, 9},
    {"M", QUANTITY_DECIMAL, 10, 6},
    {"k", QUANTITY_DECIMAL, 10, 3},
    {"", QUANTITY_DECIMAL, 10, 0},
    {"m", QUANTITY_DECIMAL, 10, -3},
    {"u", QUANTITY_DECIMAL, 10, -6},
    {"n", QUANTITY_DECIMAL, 10, -9},
};

/* What parsing has found: digits * 10^-decimals * base^power. */
struct parts {
	bool negative;
	quantity_nano digits;
	int decimals;
	int digit_count; /* 0: no digit was written */
	bool inexact;    /* digits beyond DIGITS_MAX that are not zero were dropped */
	struct suffix suffix;
};

static size_t parse_digits(const char *text, size_t len, struct parts *out)
{
	bool point = false;
	size_t i = 0;

	for (; i < len && ((text[i] >= '0' && text[i] <= '9') || (text[i] == '.' && !point)); i++) {
		if (text[i] == '.') {
			point = true;
			continue;
		}
		out->digit_count++;
		if (out->digits >= (quantity_nano)1e26) {
			out->inexact |= text[i] != '0';
			out->decimals -= !point;
			continue;
		}
		out->digits = out->digits * 10 + (text[i] - '0');
		out->decimals += point;
	}
	return i;
}

/* "e3", "E-6" */
static int parse_exponent(const char *text, size_t len, struct suffix *out)
{
	size_t i = 1;
	bool negative = false;
	int power = 0;

	if (len < 2 || (text[0] != 'e' && text[0] != 'E'))
		return -1;
	if (text[i] == '+' || text[i] == '-')
		negative = text[i++] == '-';
	if (i >= len || len - i > 3)
		return -1;
	for (; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		power = power * 10 + (text[i] - '0');
	}
	*out = (struct suffix){"", QUANTITY_EXPONENT, 10, negative ? -power : power};
	return 0;
}

static int parse_suffix(const char *text, size_t len, struct suffix *out)
{
	for (size_t i = 0; i < COUNT_OF(suffixes); i++)
		if (strlen(suffixes[i].name) == len && memcmp(suffixes[i].name, text, len) == 0) {
			*out = suffixes[i];
			return 0;
		}
	return parse_exponent(text, len, out);
}

/* VALUE times 10^POWER, rounded away from zero; over the limit stays over it. */
static quantity_nano scale_ten(quantity_nano value, int power, bool *inexact)
{
	for (; power > 0 && value <= QUANTITY_LIMIT; power--)
		value *= 10;
	for (; power < 0 && value > 0; power++) {
		*inexact |= value % 10 != 0;
		value /= 10;
	}
	return value;
}

static quantity_nano scale_two(quantity_nano value, int power)
{
	for (; power > 0 && value <= QUANTITY_LIMIT; power--)
		value *= 2;
	return value;
}

static int scale(const struct parts *parts, quantity_nano *nano)
{
	bool inexact = parts->inexact;
	int tens = 9 - parts->decimals;
	quantity_nano value = parts->digits;

	if (parts->suffix.base == 10)
		tens += parts->suffix.power;
	else
		value = scale_two(value, parts->suffix.power);
	value = scale_ten(value, tens, &inexact) + inexact;
	if (value > QUANTITY_LIMIT)
		return -2;
	*nano = parts->negative ? -value : value;
	return 0;
}

int quantity_parse(const char *text, size_t len, struct quantity *out)
{
	struct parts parts = {0};
	size_t at = 0;

	if (len > 0 && (text[0] == '-' || text[0] == '+'))
		parts.negative = text[at++] == '-';
	at += parse_digits(text + at, len - at, &parts);
	if (parts.digit_count == 0 || parse_suffix(text + at, len - at, &parts.suffix) < 0)
		return -1;
	out->format = parts.suffix.format;
	return scale(&parts, &out->nano);
}

int quantity_compare(const struct quantity *a, const struct quantity *b)
{
	return (a->nano > b->nano) - (a->nano < b->nano);
}

int quantity_add(const struct quantity *a, const struct quantity *b, int sign, struct quantity *out)
{
	out->nano = a->nano + sign * b->nano;
	out->format = a->nano ? a->format : b->format;
	return out->nano > QUANTITY_LIMIT || out->nano < -QUANTITY_LIMIT ? -1 : 0;
}

bool quantity_integer(const struct quantity *quantity, int64_t *out)
{
	quantity_nano whole = quantity->nano / NANO_SCALE;

	if (quantity->nano % NANO_SCALE || whole > INT64_MAX)
		return false;
	*out = (int64_t)whole;
	return true;
}

double quantity_double(const struct quantity *quantity)
{
	quantity_nano whole = quantity->nano / NANO_SCALE;

	return (double)whole + (double)(quantity->nano % NANO_SCALE) / 1e9;
}

static quantity_nano unit_nano(const struct suffix *suffix)
{
	bool inexact = false;

	return suffix->base == 2 ? scale_two(NANO_SCALE, suffix->power)
	                         : scale_ten(1, suffix->power + 9, &inexact);
}

/* The largest suffix of FORMAT that divides the value; decimal ones when none does. */
static const struct suffix *best_suffix(const struct quantity *quantity)
{
	enum quantity_format format =
	    quantity->format == QUANTITY_BINARY ? QUANTITY_BINARY : QUANTITY_DECIMAL;
	const struct suffix *last = &suffixes[COUNT_OF(suffixes) - 1];

	for (size_t i = 0; i < COUNT_OF(suffixes); i++) {
		quantity_nano unit = unit_nano(&suffixes[i]);
		bool whole = unit > 0 && quantity->nano % unit == 0;

		if (whole && (suffixes[i].format == format || suffixes[i].power <= 0))
			return &suffixes[i];
	}
	return last;
}

/* VALUE in decimal; printf knows no 128-bit numbers. */
static size_t print_big(char *out, size_t size, quantity_nano value)
{
	const quantity_nano half = (quantity_nano)1000000000000000000;
	const char *sign = value < 0 ? "-" : "";
	quantity_nano high = value / half * (value < 0 ? -1 : 1);
	quantity_nano low = value % half * (value < 0 ? -1 : 1);

	if (high)
		return (size_t)snprintf(
		    out, size, "%s%" PRId64 "%018" PRId64, sign, (int64_t)high, (int64_t)low);
	return (size_t)snprintf(out, size, "%s%" PRId64, sign, (int64_t)low);
}

size_t quantity_format(const struct quantity *quantity, char out[QUANTITY_TEXT_MAX])
{
	const struct suffix *suffix = best_suffix(quantity);
	size_t len;

	if (quantity->nano == 0)
		return (size_t)snprintf(out, QUANTITY_TEXT_MAX, "0");
	len = print_big(out, QUANTITY_TEXT_MAX, quantity->nano / unit_nano(suffix));
	if (quantity->format == QUANTITY_EXPONENT && suffix->power)
		return len +
		       (size_t)snprintf(out + len, QUANTITY_TEXT_MAX - len, "e%d", suffix->power);
	return len + (size_t)snprintf(out + len, QUANTITY_TEXT_MAX - len, "%s", suffix->name);
}
