/*
 * Quantities: reading, writing, adding.
 *
 * Invariant: |value| < 10^QUANTITY_DIGITS_MAX, so that every sum has room.
 */
#include "quantity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "quantity_big.h"

#define DIGITS_KEPT                                                                                \
	1036           /* significant digits that are looked at: a number this long is too large */
#define POWER_MAX 9999 /* of ten: more is no other number */

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

/* What parsing has found: digits * 10^tens * base^power. */
struct parts {
	bool negative;
	size_t digits; /* significant ones */
	long tens;
	bool written; /* a digit was there */
	bool inexact; /* digits beyond DIGITS_KEPT that are not zero were dropped */
	struct suffix suffix;
};

/* One digit, which is before the point or behind it. */
static void take_digit(struct parts *parts, unsigned digit, bool behind, struct quantity *out)
{
	parts->written = true;
	if (parts->digits >= DIGITS_KEPT) {
		parts->inexact |= digit != 0;
		parts->tens += !behind;
		return;
	}
	parts->digits += parts->digits > 0 || digit != 0;
	parts->tens -= behind;
	big_multiply(out, 10, digit);
}

static size_t parse_digits(const char *text, size_t len, struct parts *parts, struct quantity *out)
{
	bool point = false;
	size_t i = 0;

	for (; i < len && ((text[i] >= '0' && text[i] <= '9') || (text[i] == '.' && !point)); i++) {
		if (text[i] == '.')
			point = true;
		else
			take_digit(parts, (unsigned)(text[i] - '0'), point, out);
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
	if (i >= len)
		return -1;
	for (; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		if (power <= POWER_MAX)
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

static bool too_large(const struct quantity *quantity)
{
	return big_digits(quantity) > QUANTITY_DIGITS_MAX + LIMB_DIGITS;
}

/* Digits to billionths, rounded away from zero. -2 when they are too many. */
static int scale(struct parts *parts, struct quantity *out)
{
	long tens = parts->tens + LIMB_DIGITS;

	if (parts->suffix.base == 10)
		tens += parts->suffix.power;
	for (int bits = parts->suffix.base == 2 ? parts->suffix.power : 0; bits > 0; bits -= 10)
		big_multiply(out, 1024, 0);
	if (tens < 0)
		parts->inexact |= big_shift_right(out, (size_t)-tens);
	else if (out->count && big_digits(out) + (size_t)tens > QUANTITY_DIGITS_MAX + LIMB_DIGITS)
		return -2;
	else
		big_shift_left(out, (size_t)tens);
	if (parts->inexact)
		big_multiply(out, 1, 1);
	out->negative = parts->negative && out->count;
	return too_large(out) ? -2 : 0;
}

int quantity_parse(const char *text, size_t len, struct quantity *out)
{
	struct parts parts = {0};
	size_t at = 0;

	out->count = 0;
	if (len > 0 && (text[0] == '-' || text[0] == '+'))
		parts.negative = text[at++] == '-';
	at += parse_digits(text + at, len - at, &parts, out);
	if (!parts.written || parse_suffix(text + at, len - at, &parts.suffix) < 0)
		return -1;
	out->format = parts.suffix.format;
	return scale(&parts, out);
}

void quantity_from_int(int64_t number, struct quantity *out)
{
	uint64_t left = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;

	*out = (struct quantity){.format = QUANTITY_DECIMAL, .negative = number < 0, .count = 1};
	for (; left; left /= LIMB_BASE)
		out->limbs[out->count++] = (uint32_t)(left % LIMB_BASE);
	out->count = number ? out->count : 0;
}

int quantity_compare(const struct quantity *a, const struct quantity *b)
{
	if (a->negative != b->negative)
		return a->negative ? -1 : 1;
	return a->negative ? big_compare(b, a) : big_compare(a, b);
}

int quantity_add(const struct quantity *a, const struct quantity *b, int sign, struct quantity *out)
{
	bool b_negative = b->count && b->negative != (sign < 0);

	out->format = a->count ? a->format : b->format;
	out->negative = a->count ? a->negative : b_negative;
	if (a->negative == b_negative) {
		big_add(a, b, out);
	} else if (big_compare(a, b) >= 0) {
		big_subtract(a, b, out);
	} else {
		big_subtract(b, a, out);
		out->negative = b_negative;
	}
	if (out->count == 0)
		out->negative = false;
	return too_large(out) ? -1 : 0;
}

bool quantity_whole(const struct quantity *quantity)
{
	return quantity->count == 0 || quantity->limbs[0] == 0;
}

bool quantity_integer(const struct quantity *quantity, int64_t *out)
{
	__int128 whole = 0;

	if (quantity->count > 4 || !quantity_whole(quantity))
		return false;
	for (unsigned i = quantity->count; i-- > 1;)
		whole = whole * LIMB_BASE + quantity->limbs[i];
	if (quantity->negative)
		whole = -whole;
	*out = (int64_t)whole;
	return whole >= INT64_MIN && whole <= INT64_MAX;
}

/* The digits from the left, without the last SKIPPED, with the sign. */
static size_t print_digits(const struct quantity *quantity, size_t skipped, char *out)
{
	size_t len = 0;

	if (quantity->negative)
		out[len++] = '-';
	for (size_t i = big_digits(quantity); i-- > skipped;)
		out[len++] = (char)('0' + big_digit(quantity, i));
	out[len] = '\0';
	return len;
}

double quantity_double(const struct quantity *quantity)
{
	char text[QUANTITY_TEXT_MAX];
	size_t len = print_digits(quantity, 0, text);

	if (quantity->count == 0)
		return 0;
	snprintf(text + len, sizeof(text) - len, "e-%d", LIMB_DIGITS);
	return strtod(text, NULL);
}

static const char *suffix_name(enum quantity_format format, int power)
{
	for (size_t i = 0; i < COUNT_OF(suffixes); i++)
		if (suffixes[i].format == format && suffixes[i].power == power)
			return suffixes[i].name;
	return "";
}

/* A whole number of at least 1024 either way with the largest of Ki, Mi … that divides it. */
static bool format_binary(const struct quantity *quantity, char *out)
{
	struct quantity whole = *quantity;
	struct quantity next;
	int power = 0;
	size_t len;

	if (whole.limbs[0] || whole.count < 2 || (whole.count == 2 && whole.limbs[1] < 1024))
		return false;
	big_shift_right(&whole, LIMB_DIGITS);
	for (; power < 60; power += 10, whole = next) {
		next = whole;
		if (big_divide(&next, 1024) != 0)
			break;
	}
	len = print_digits(&whole, 0, out);
	snprintf(out + len, QUANTITY_TEXT_MAX - len, "%s", suffix_name(QUANTITY_BINARY, power));
	return true;
}

/* The zeros at the end are a power of ten, a multiple of three of them. */
static void format_decimal(const struct quantity *quantity, bool exponent, char *out)
{
	size_t zeros = 0;
	int power;
	size_t len;

	while (big_digit(quantity, zeros) == 0)
		zeros++;
	zeros -= zeros % 3;
	if (!exponent && zeros > LIMB_DIGITS + 18)
		zeros = LIMB_DIGITS + 18;
	power = (int)zeros - LIMB_DIGITS;
	len = print_digits(quantity, zeros, out);
	if (!exponent)
		snprintf(
		    out + len, QUANTITY_TEXT_MAX - len, "%s", suffix_name(QUANTITY_DECIMAL, power));
	else if (power)
		snprintf(out + len, QUANTITY_TEXT_MAX - len, "e%d", power);
}

size_t quantity_format(const struct quantity *quantity, char out[QUANTITY_TEXT_MAX])
{
	if (quantity->count == 0)
		return (size_t)snprintf(out, QUANTITY_TEXT_MAX, "0");
	if (quantity->format != QUANTITY_BINARY || !format_binary(quantity, out))
		format_decimal(quantity, quantity->format == QUANTITY_EXPONENT, out);
	return strlen(out);
}
