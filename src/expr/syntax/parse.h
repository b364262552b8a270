/* From text to a tree; names are not looked at yet. */
#ifndef EXPR_PARSE_H
#define EXPR_PARSE_H

#include "ast.h"

/* The whole of TEXT as one expression; NULL with the error filled. */
struct node *expr_parse(struct build *build, const char *text, size_t len);

/* NODE is a NODE_CALL just parsed: what it stands for when it is a macro (macro.h) or has(),
 * or itself. NULL with the error filled when a macro is used wrongly. */
struct node *macro_expand(struct build *build, struct node *node);

#endif
