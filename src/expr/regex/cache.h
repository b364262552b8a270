/* The last pattern that an evaluation compiled itself: in a loop it is mostly the same one. */
#ifndef EXPR_REGEX_CACHE_H
#define EXPR_REGEX_CACHE_H

#include "expr/value.h"

struct regex;
struct regex_cache;
struct calc;

/* The compiled form of PATTERN (a string), kept until the evaluation ends or another one
 * is asked for: that of calc->node when its pattern is a literal. NULL with the error filled. */
const struct regex *regex_cache_get(struct calc *calc, const struct expr_value *pattern);

/* NULL is allowed. */
void regex_cache_free(struct regex_cache *cache);

#endif
