/* From text to a tree; names are not looked at yet. */
#ifndef EXPR_PARSE_H
#define EXPR_PARSE_H

#include "ast.h"

/* The whole of TEXT as one expression; NULL with the error filled. */
struct node *expr_parse(struct build *build, const char *text, size_t len);

/* NODE is a NODE_CALL just parsed: the loop or has() that it stands for when it is a
 * macro, or itself. NULL with the error filled when a macro is used wrongly. */
struct node *macro_expand(struct build *build, struct node *node);

struct calc;

/* A macro that loops: what it does with each item is loop.c's. */
struct macro {
	const char *name;
	size_t min_args; /* without the receiver, with the variable */
	size_t max_args;
	const char *help;
	int (*run)(struct calc *calc, const struct node *node, struct expr_value *out);
};

/* The looping macro NAME, or NULL. */
const struct macro *macro_find(const char *name);
const struct macro *macro_table(size_t *count);

#endif
