/* The forms that names and values have in Kubernetes: format.dns1123Label() and the others. */
#ifndef EXPR_NAMES_H
#define EXPR_NAMES_H

#include "expr/calc.h"

struct name_format {
	const char *name;
	/* What is wrong with TEXT: at most WRONGS_MAX sentences into OUT; returns how many. */
	size_t (*check)(const char *text, size_t len, const char **out);
};

#define WRONGS_MAX 4

/* The formats by name; NULL after the last. */
extern const struct name_format name_formats[];

/* NULL when there is none of this name. */
const struct name_format *name_format_find(const char *name, size_t len);

#endif
