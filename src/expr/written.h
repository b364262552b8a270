/*
 * Text that may be a number: what somebody wrote as a variable (`expr_value_written()`).
 *
 * Such a string is a string wherever one fits. Where an operator, a function or a condition has
 * no use for a string, it is the number or the truth that plain_number() and plain_truth() read.
 */
#ifndef EXPR_WRITTEN_H
#define EXPR_WRITTEN_H

#include "value.h"

/* The number or truth that a written string is; any other value, and any other text, as it is. */
struct expr_value written_value(struct expr_value value);

/* Make A and B meet: a written string beside a number or a truth becomes one, if it can, and a
 * double beside a double. */
void written_meet(struct expr_value *a, struct expr_value *b);

/* Make A and B meet to be equal or not: as above, but two that were both written are equal only when the
 * same was written. The versions 3.10 and 3.1 are two, and so are 007 and 7. */
void written_same(struct expr_value *a, struct expr_value *b);

/* As written_meet(), and two written strings that are both numbers become them: where two strings have no
 * meaning, or an order that is not meant ("10" < "9"). */
void written_count(struct expr_value *a, struct expr_value *b);

#endif
