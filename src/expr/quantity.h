/* Kubernetes' quantities ("500m", "1.5Gi", "1e3"): exact to a billionth. */
#ifndef EXPR_QUANTITY_H
#define EXPR_QUANTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QUANTITY_TEXT_MAX 48

enum quantity_format { QUANTITY_DECIMAL, QUANTITY_BINARY, QUANTITY_EXPONENT };

typedef __int128 quantity_nano;

struct quantity {
	quantity_nano nano; /* the value times 10^9, at most (2^63 - 1) * 10^9 either way */
	enum quantity_format format;
};

/* Finer than a billionth is rounded up, away from zero. -1: not a quantity, -2: too large. */
int quantity_parse(const char *text, size_t len, struct quantity *out);

/* The canonical form: the largest suffix that leaves no fraction. */
size_t quantity_format(const struct quantity *quantity, char out[QUANTITY_TEXT_MAX]);

int quantity_compare(const struct quantity *a, const struct quantity *b);

/* A plus (or, with SIGN -1, minus) B; -1 when too large. */
int quantity_add(
    const struct quantity *a, const struct quantity *b, int sign, struct quantity *out);

/* The value as an int64; false when it is none. */
bool quantity_integer(const struct quantity *quantity, int64_t *out);
double quantity_double(const struct quantity *quantity);

#endif
