/* Calls whose arguments are not just evaluated: they bind variables, or are left alone. */
#ifndef EXPR_MACRO_H
#define EXPR_MACRO_H

#include "expr/calc.h"

/* NODE has what the macro works on in kids[0], its other arguments after that, and the
 * slots of its variables from `index` on. */
typedef int macro_fn(struct calc *calc, const struct node *node, struct expr_value *out);

struct macro {
	const char *name; /* "all" of a value, or "cel.bind" */
	size_t vars;      /* variables that it binds, its first arguments */
	size_t min_args;  /* with the variables, without the receiver */
	size_t max_args;
	macro_fn *run;
	const char *usage; /* how it is written */
	const char *help;  /* one line, in the first of a name; NULL in the others */
};

/* Every macro; those with the same name stand together. */
const struct macro *macro_table(size_t *count);

/* loop.c */
int macro_all(struct calc *calc, const struct node *node, struct expr_value *out);
int macro_exists(struct calc *calc, const struct node *node, struct expr_value *out);
int macro_exists_one(struct calc *calc, const struct node *node, struct expr_value *out);
int macro_filter(struct calc *calc, const struct node *node, struct expr_value *out);
int macro_map(struct calc *calc, const struct node *node, struct expr_value *out);
int macro_transform_map(struct calc *calc, const struct node *node, struct expr_value *out);
int macro_transform_entry(struct calc *calc, const struct node *node, struct expr_value *out);
int macro_sort_by(struct calc *calc, const struct node *node, struct expr_value *out);

/* lazy.c */
int macro_bind(struct calc *calc, const struct node *node, struct expr_value *out);
int macro_opt_map(struct calc *calc, const struct node *node, struct expr_value *out);
int macro_opt_flat_map(struct calc *calc, const struct node *node, struct expr_value *out);
int macro_or(struct calc *calc, const struct node *node, struct expr_value *out);
int macro_or_value(struct calc *calc, const struct node *node, struct expr_value *out);

#endif
