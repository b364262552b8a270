/* Kubernetes' quantities ("500m", "1.5Gi", "1e30"): exact to a billionth, below 10^1000. */
#ifndef EXPR_QUANTITY_H
#define EXPR_QUANTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QUANTITY_DIGITS_MAX 1000                       /* before the decimal point */
#define QUANTITY_LIMBS_MAX  128                        /* of 9 digits; some are for parsing only */
#define QUANTITY_TEXT_MAX   (QUANTITY_DIGITS_MAX + 24) /* with sign, decimals, suffix, NUL */

enum quantity_format { QUANTITY_DECIMAL, QUANTITY_BINARY, QUANTITY_EXPONENT };

/* The value is ± limbs / 10^9: billionths in base 10^9, the least first. */
struct quantity {
	enum quantity_format format;
	bool negative; /* never of 0 */
	unsigned count;
	uint32_t limbs[QUANTITY_LIMBS_MAX]; /* set up to `count`; the last is not 0 */
};

/* Finer than a billionth is rounded up, away from zero. -1: not a quantity, -2: too large. */
int quantity_parse(const char *text, size_t len, struct quantity *out);

/* The canonical form: the largest suffix that leaves no fraction. */
size_t quantity_format(const struct quantity *quantity, char out[QUANTITY_TEXT_MAX]);

void quantity_from_int(int64_t number, struct quantity *out);

int quantity_compare(const struct quantity *a, const struct quantity *b);

/* A plus (or, with SIGN -1, minus) B; -1 when too large. */
int quantity_add(
    const struct quantity *a, const struct quantity *b, int sign, struct quantity *out);

/* Without billionths, however large? */
bool quantity_whole(const struct quantity *quantity);

/* The value as an int64; false when it is none. */
bool quantity_integer(const struct quantity *quantity, int64_t *out);

/* The nearest double; an infinity when it is over all of them. */
double quantity_double(const struct quantity *quantity);

#endif
