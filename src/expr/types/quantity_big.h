/* Natural numbers of any size in base 10^9, for quantities: the limbs of struct quantity. */
#ifndef EXPR_QUANTITY_BIG_H
#define EXPR_QUANTITY_BIG_H

#include "quantity.h"

#define LIMB_BASE   1000000000u
#define LIMB_DIGITS 9

/* *QUANTITY = *QUANTITY * FACTOR + MORE. The caller makes sure that there is room. */
void big_multiply(struct quantity *quantity, uint32_t factor, uint32_t more);

/* Divide by DIVISOR; returns the remainder. */
uint32_t big_divide(struct quantity *quantity, uint32_t divisor);

/* Divide by 10^POWER; returns whether there was a remainder. */
bool big_shift_right(struct quantity *quantity, size_t power);

/* Multiply by 10^POWER. The caller makes sure that there is room. */
void big_shift_left(struct quantity *quantity, size_t power);

/* The decimal digits; 0 of 0. */
size_t big_digits(const struct quantity *quantity);

/* The digit INDEX from the right. */
unsigned big_digit(const struct quantity *quantity, size_t index);

/* -1, 0, 1, without the signs. */
int big_compare(const struct quantity *a, const struct quantity *b);

/* OUT = A + B, and A - B where A >= B, without the signs. */
void big_add(const struct quantity *a, const struct quantity *b, struct quantity *out);
void big_subtract(const struct quantity *a, const struct quantity *b, struct quantity *out);

#endif
