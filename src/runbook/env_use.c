/* What comes from the environment. Invariant: the one place that knows how a text names it. */
#include "fsops/env_use.h"

#include <stdlib.h>
#include <string.h>

#include "fsops/expr.h"
#include "fsops/mem.h"
#include "fsops/template.h"
#include "runbook/names.h"

struct env_use {
	const struct platform *platform;
	const struct env_told *told; /* NULL: the variables are being read */
	void *ctx;
	struct names at; /* a variable by its name */
	bool *takes;     /* of each variable: its default takes something from the environment */
	bool *used;      /* … and it is named in a text that was read */
};

/* One text, or one `${…}` of it. */
struct reading {
	struct env_use *use;
	bool takes;
	bool shows; /* it is not just that all of `vars` are named */
};

static void note_var(struct reading *reading, size_t i)
{
	if (!reading->use->takes[i])
		return;
	reading->takes = true;
	if (reading->use->told)
		reading->use->used[i] = true;
}

static void note_env(struct reading *reading, const char *name)
{
	const struct env_told *told = reading->use->told;

	reading->takes = reading->shows = true;
	if (name && told && told->name)
		told->name(reading->use->ctx, name);
}

static void note_path(void *ctx, const char *const *parts, size_t count)
{
	struct reading *reading = ctx;
	const struct platform *platform = reading->use->platform;
	const struct var *var = names_get(&reading->use->at, variable_of_path(parts, count));

	if (strcmp(parts[0], "env") == 0) {
		note_env(reading, count > 1 ? parts[1] : NULL);
	} else if (strcmp(parts[0], "vars") == 0 && count == 1) {
		for (size_t i = 0; i < platform->var_count; i++)
			note_var(reading, i);
	} else if (var) {
		note_var(reading, (size_t)(var - platform->vars));
		reading->shows |= reading->use->takes[var - platform->vars];
	}
}

static int read_hole(void *ctx, const char *text, size_t len)
{
	struct reading *whole = ctx;
	struct reading reading = {.use = whole->use};
	const struct env_told *told = whole->use->told;
	struct expr_error error;
	struct expr *expr = expr_compile(text, len, NULL, &error);

	if (expr)
		expr_each_path(expr, note_path, &reading);
	expr_free(expr);
	whole->takes |= reading.takes;
	if (reading.shows && told && told->hole)
		told->hole(whole->use->ctx, text, len);
	return 0;
}

static bool read_text(struct env_use *use, const char *text)
{
	struct reading reading = {.use = use};

	if (template_any(text))
		template_each(text, NULL, read_hole, &reading);
	return reading.takes;
}

static bool read_json(struct env_use *use, const json_t *value)
{
	bool takes = json_is_string(value) && read_text(use, json_string_value(value));
	const char *key;
	json_t *item;

	for (size_t i = 0; i < json_array_size(value); i++)
		takes |= read_json(use, json_array_get(value, i));
	json_object_foreach((json_t *)value, key, item)
		takes |= read_json(use, item);
	return takes;
}

/* A default names earlier variables only: in their order, what it takes through those is known. */
struct env_use *env_use_new(const struct platform *platform, const struct env_told *told, void *ctx)
{
	struct env_use *use = mem_alloc(sizeof(*use));

	*use = (struct env_use){.platform = platform, .ctx = ctx};
	use->takes = mem_alloc(platform->var_count + 1);
	use->used = mem_alloc(platform->var_count + 1);
	for (size_t i = 0; i < platform->var_count; i++) {
		use->takes[i] = read_json(use, platform->vars[i].value);
		names_put(&use->at, platform->vars[i].name, &platform->vars[i]);
	}
	use->told = told;
	return use;
}

void env_use_text(struct env_use *use, const char *text)
{
	read_text(use, text);
}

void env_use_json(struct env_use *use, const json_t *value)
{
	read_json(use, value);
}

/* The last comes first, as a later one may use an earlier one. */
void env_use_end(struct env_use *use)
{
	for (size_t i = use->platform->var_count; i-- > 0;)
		if (use->used[i])
			read_json(use, use->platform->vars[i].value);
	names_release(&use->at);
	free(use->takes);
	free(use->used);
	free(use);
}
