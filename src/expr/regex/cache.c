/* Patterns at evaluation. Invariant: the cache owns its arena, so that giving back the
 * evaluation's memory between the items of a loop never takes a pattern away. */
#include "cache.h"

#include <stdlib.h>
#include <string.h>

#include "expr/calc.h"
#include "fsops/mem.h"
#include "regex.h"

#define PATTERN_MEMORY_MAX (8 * 1024 * 1024)

struct regex_cache {
	struct arena arena;
	const char *pattern;
	size_t len;
	const struct regex *regex;
};

void regex_cache_free(struct regex_cache *cache)
{
	if (cache)
		arena_release(&cache->arena);
	free(cache);
}

static struct regex_cache *cache_new(const char *pattern, size_t len, struct regex_error *error)
{
	struct regex_cache *cache = mem_alloc(sizeof(*cache));

	arena_init(&cache->arena, PATTERN_MEMORY_MAX);
	cache->regex = regex_compile(&cache->arena, pattern, len, error);
	cache->pattern = cache->regex ? arena_text(&cache->arena, pattern, len) : NULL;
	cache->len = len;
	if (cache->pattern)
		return cache;
	regex_cache_free(cache);
	return NULL;
}

/* Steps for compiling PATTERN: repeats may be written out many times. */
static size_t compile_cost(const struct expr_value *pattern)
{
	size_t len = pattern->as.text.len;

	return 200 + 8 * len + (memchr(pattern->as.text.data, '{', len) ? 2000 : 0);
}

const struct regex *regex_cache_get(struct calc *calc, const struct expr_value *pattern)
{
	struct regex_cache *cache = calc->regex;
	struct regex_error why = {"it is too large"};
	size_t len = pattern->as.text.len;

	if (calc->node->regex)
		return calc->node->regex;
	if (cache && cache->len == len && memcmp(cache->pattern, pattern->as.text.data, len) == 0)
		return cache->regex;
	if (calc_step(calc, compile_cost(pattern)) < 0)
		return NULL;
	cache = cache_new(pattern->as.text.data, len, &why);
	if (!cache) {
		calc_fail(calc, "the pattern is wrong: %s", why.text);
		return NULL;
	}
	regex_cache_free(calc->regex);
	calc->regex = cache;
	return cache->regex;
}
