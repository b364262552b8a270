/* Sums and products of limbs. Invariant: the last limb is not 0; 0 has no limbs. */
#include "quantity_big.h"

#include <string.h>

static void trim(struct quantity *quantity)
{
	while (quantity->count && quantity->limbs[quantity->count - 1] == 0)
		quantity->count--;
}

void big_multiply(struct quantity *quantity, uint32_t factor, uint32_t more)
{
	uint64_t carry = more;

	for (unsigned i = 0; i < quantity->count; i++) {
		carry += (uint64_t)quantity->limbs[i] * factor;
		quantity->limbs[i] = (uint32_t)(carry % LIMB_BASE);
		carry /= LIMB_BASE;
	}
	for (; carry; carry /= LIMB_BASE)
		quantity->limbs[quantity->count++] = (uint32_t)(carry % LIMB_BASE);
	trim(quantity);
}

uint32_t big_divide(struct quantity *quantity, uint32_t divisor)
{
	uint64_t left = 0;

	for (unsigned i = quantity->count; i-- > 0;) {
		left = left * LIMB_BASE + quantity->limbs[i];
		quantity->limbs[i] = (uint32_t)(left / divisor);
		left %= divisor;
	}
	trim(quantity);
	return (uint32_t)left;
}

static uint32_t power_of_ten(size_t power)
{
	uint32_t result = 1;

	while (power-- > 0)
		result *= 10;
	return result;
}

bool big_shift_right(struct quantity *quantity, size_t power)
{
	size_t whole = power / LIMB_DIGITS;
	bool rest = false;

	if (whole > quantity->count)
		whole = quantity->count;
	for (size_t i = 0; i < whole; i++)
		rest |= quantity->limbs[i] != 0;
	quantity->count -= (unsigned)whole;
	memmove(
	    quantity->limbs, quantity->limbs + whole, quantity->count * sizeof(quantity->limbs[0]));
	return (big_divide(quantity, power_of_ten(power % LIMB_DIGITS)) != 0) | rest;
}

void big_shift_left(struct quantity *quantity, size_t power)
{
	size_t whole = power / LIMB_DIGITS;

	if (quantity->count == 0)
		return;
	memmove(
	    quantity->limbs + whole, quantity->limbs, quantity->count * sizeof(quantity->limbs[0]));
	memset(quantity->limbs, 0, whole * sizeof(quantity->limbs[0]));
	quantity->count += (unsigned)whole;
	big_multiply(quantity, power_of_ten(power % LIMB_DIGITS), 0);
}

size_t big_digits(const struct quantity *quantity)
{
	size_t digits = quantity->count ? (quantity->count - 1) * LIMB_DIGITS : 0;

	for (uint32_t limb = quantity->count ? quantity->limbs[quantity->count - 1] : 0; limb;
	     limb /= 10)
		digits++;
	return digits;
}

unsigned big_digit(const struct quantity *quantity, size_t index)
{
	uint32_t limb = quantity->limbs[index / LIMB_DIGITS];

	return limb / power_of_ten(index % LIMB_DIGITS) % 10;
}

int big_compare(const struct quantity *a, const struct quantity *b)
{
	if (a->count != b->count)
		return a->count < b->count ? -1 : 1;
	for (unsigned i = a->count; i-- > 0;)
		if (a->limbs[i] != b->limbs[i])
			return a->limbs[i] < b->limbs[i] ? -1 : 1;
	return 0;
}

static uint32_t limb_at(const struct quantity *quantity, unsigned index)
{
	return index < quantity->count ? quantity->limbs[index] : 0;
}

void big_add(const struct quantity *a, const struct quantity *b, struct quantity *out)
{
	unsigned count = a->count > b->count ? a->count : b->count;
	uint32_t carry = 0;

	for (unsigned i = 0; i < count; i++) {
		carry += limb_at(a, i) + limb_at(b, i); /* below 2 * 10^9 + 1, fits */
		out->limbs[i] = carry % LIMB_BASE;
		carry /= LIMB_BASE;
	}
	out->count = count;
	if (carry)
		out->limbs[out->count++] = carry;
}

void big_subtract(const struct quantity *a, const struct quantity *b, struct quantity *out)
{
	int64_t borrow = 0;

	for (unsigned i = 0; i < a->count; i++) {
		int64_t limb = (int64_t)a->limbs[i] - limb_at(b, i) - borrow;

		borrow = limb < 0;
		out->limbs[i] = (uint32_t)(borrow ? limb + LIMB_BASE : limb);
	}
	out->count = a->count;
	trim(out);
}
