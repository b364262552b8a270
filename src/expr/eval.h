/* What the parts of the evaluator share. */
#ifndef EXPR_EVAL_H
#define EXPR_EVAL_H

#include "calc.h"

/* Errors that a logical operator holds back until it is known whether they count. */
struct absorbed {
	bool any;
	struct expr_error error; /* the first; one that says "not known" goes first */
};

/* Hold back calc->error; -1 when it is a ceiling, which nothing holds back. */
int absorb(struct calc *calc, struct absorbed *absorbed);

/* No operand decided: 0, or -1 with the error that was held back. */
int absorb_end(struct calc *calc, const struct absorbed *absorbed);

/* Whether VALUE may be a key of a map literal. */
bool eval_is_key(const struct expr_value *value);

/* A macro over a list or the keys of a map; loop.c. */
int eval_loop(struct calc *calc, const struct node *node, struct expr_value *out);

#endif
