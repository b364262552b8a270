/* Unicode's general categories: \pL, \p{Lu} … */
#ifndef EXPR_REGEX_TABLES_H
#define EXPR_REGEX_TABLES_H

#include <stddef.h>
#include <stdint.h>

struct regex_step {
	uint32_t low;
	uint32_t high;
	uint32_t step;
};

struct regex_category {
	const char *name;
	const struct regex_step *ranges;
	size_t count;
};

const struct regex_category *regex_categories(size_t *count);

#endif
