/* What is computed from a secret is a secret: texts are marked as they are made, whatever became of the
 * characters, and the scope is told of those that may be shown. Numbers, booleans and times are none. */
#ifndef EXPR_TAINT_H
#define EXPR_TAINT_H

#include "calc.h"

/* A function or operator made OUT from ARGS. */
int taint_made(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out);

/* VALUE leaves the evaluation. */
int taint_taken(struct calc *calc, const struct expr_value *value);

#endif
