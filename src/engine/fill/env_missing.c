/* The variables of the environment that a value names. Pure. */
#include "env_missing.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/template.h"
#include "fsops/value.h"

struct search {
	const json_t *env;
	char *missing;
};

/* "env.NAME" and nothing else: NAME, a new string; or NULL. */
static char *variable_of(const char *text, size_t len)
{
	static const char prefix[] = "env.";
	char *name;

	while (len && isspace((unsigned char)*text))
		text++, len--;
	while (len && isspace((unsigned char)text[len - 1]))
		len--;
	if (len <= strlen(prefix) || strncmp(text, prefix, strlen(prefix)) != 0)
		return NULL;
	name = mem_textn(text + strlen(prefix), len - strlen(prefix));
	for (const char *c = name; *c; c++) {
		if (!isalnum((unsigned char)*c) && *c != '_') {
			free(name);
			return NULL;
		}
	}
	return name;
}

/* A variable that is set to nothing is as good as none. */
static int look_at_hole(void *ctx, const char *text, size_t len)
{
	struct search *search = ctx;
	char *name = variable_of(text, len);
	const char *value = name ? value_get_text(search->env, name) : NULL;

	if (name && (!value || !*value) && !search->missing)
		search->missing = mem_printf("%s is not set", name);
	free(name);
	return 0;
}

static void look_at(struct search *search, const json_t *value)
{
	const char *key;
	json_t *item;
	size_t i;

	if (json_is_string(value))
		template_each(json_string_value(value), NULL, look_at_hole, search);
	json_object_foreach((json_t *)value, key, item) {
		look_at(search, item);
	}
	json_array_foreach((json_t *)value, i, item) {
		look_at(search, item);
	}
}

char *env_missing(const json_t *env, const json_t *value)
{
	struct search search = {.env = env};

	look_at(&search, value);
	return search.missing;
}
