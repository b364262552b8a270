/* Equality and order of values, across number types. */
#ifndef EXPR_COMPARE_H
#define EXPR_COMPARE_H

#include "value.h"

/* What comparing two values can say. */
enum order {
	ORDER_LESS = -1,
	ORDER_EQUAL = 0,
	ORDER_MORE = 1,
	ORDER_NONE = 2, /* a NaN: neither less, nor equal, nor more */
	ORDER_TYPES = 3 /* these types have no order */
};

/* Equality of two map keys. */
bool compare_keys(const struct expr_value *a, const struct expr_value *b);

/* Equality of anything; different types are not equal, numbers compare by value.
 * STEPS is counted down for each item looked at; at 0 the answer is false and
 * means nothing. */
bool compare_equal(const struct expr_value *a, const struct expr_value *b, size_t *steps);

/* The order of two numbers, strings, bytes, bools, timestamps, durations or quantities. */
enum order compare_order(const struct expr_value *a, const struct expr_value *b);

bool compare_is_number(const struct expr_value *value);

#endif
