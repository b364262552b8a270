/* What the parts of the evaluator share. */
#ifndef EXPR_EVAL_H
#define EXPR_EVAL_H

#include "calc.h"

/*
 * Errors that a logical operator (or all() and exists()) holds back until it is
 * known whether they count. *HELD is NULL at first, then the first of them; one
 * that says "not known" goes before others. -1 when calc->error is a ceiling that
 * was reached: nothing holds that back.
 */
int absorb(struct calc *calc, struct expr_error **held);

/* No operand decided: 0, or -1 with the error that was held back. */
int absorb_end(struct calc *calc, const struct expr_error *held);

/* Whether VALUE may be a key of a map literal. */
bool eval_is_key(const struct expr_value *value);

/* A macro over a list or the keys of a map; loop.c. */
int eval_loop(struct calc *calc, const struct node *node, struct expr_value *out);

#endif
