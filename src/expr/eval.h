/* What the parts of the evaluator share. */
#ifndef EXPR_EVAL_H
#define EXPR_EVAL_H

#include "calc.h"

/* The type of a slot whose value was not needed yet; as.later is what gives it. */
#define VALUE_LATER VALUE_TYPES

/*
 * Errors that a logical operator (or all() and exists()) holds back until it is
 * known whether they count. *HELD is NULL at first, then the first of them; one
 * that says "not known" goes before others. -1 when calc->error is a ceiling that
 * was reached: nothing holds that back.
 */
int absorb(struct calc *calc, struct expr_error **held);

/* No operand decided: 0, or -1 with the error that was held back. */
int absorb_end(struct calc *calc, const struct expr_error *held);

/* KEY, a number that is whole, as a place in a list. */
int64_t eval_position(const struct expr_value *key);

/* access.c: NODE_SELECT and NODE_MAY_SELECT, NODE_HAS, NODE_INDEX and NODE_MAY_INDEX. */
int eval_select(struct calc *calc, const struct node *node, struct expr_value *out);
int eval_has(struct calc *calc, const struct node *node, struct expr_value *out);
int eval_index(struct calc *calc, const struct node *node, struct expr_value *out);

/* A macro; syntax/macro.c. */
int eval_macro(struct calc *calc, const struct node *node, struct expr_value *out);

/* The value of slot INDEX, which cel.bind() has left for when it is needed; bind.c. */
int eval_later(struct calc *calc, size_t index, struct expr_value *out);

#endif
