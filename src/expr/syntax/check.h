/* What every name and call of a parsed expression means. */
#ifndef EXPR_CHECK_H
#define EXPR_CHECK_H

#include "ast.h"

/* Resolve build->expr->top in place; NAMES may be NULL. 0, or -1 with the error filled. */
int expr_check(struct build *build, const struct expr_names *names);

/* The overloads of the call NODE, or the error that there is no such function. */
int expr_find_call(struct build *build, struct node *node);

/* What can be known of its arguments, which are checked, already. */
int expr_check_call(struct build *build, struct node *node);

#endif
