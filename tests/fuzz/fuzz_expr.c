/*
 * Fuzzing of expressions: compile (with names checked and without), ask for the
 * paths, evaluate. The input is the expression; what it names is fixed here.
 *
 * Invariant: whatever the text is, nothing crashes, leaks or hangs; what compiles
 * with names checked compiles without, and an error has a text and a place within
 * the expression.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/expr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char context_text[] =
    "{\"a\": 1, \"b\": [1, 2.5, \"x\", null, true, [3], {\"k\": -7}], \"s\": "
    "\"a,b\\u00e9\\ud83d\\ude00\","
    " \"m\": {\"x\": {\"y\": [{\"z\": 1}]}, \"kind\": \"Pod\"}, \"r\": 0.5, \"n\": null, \"t\": "
    "true,"
    " \"pods\": [{\"kind\": \"Pod\", \"status\": {\"phase\": \"Running\"}}, {\"kind\": \"Node\"}],"
    " \"big\": 9223372036854775807}";

static json_t *context(void)
{
	static json_t *made;

	if (!made)
		made = json_loads(context_text, 0, NULL);
	return made;
}

static int lookup(void *ctx, const char *name, struct expr_value *out, char *why, size_t why_size)
{
	json_t *value = json_object_get(ctx, name);

	if (strcmp(name, "now") == 0) {
		*out = expr_value_timestamp(1795428000, 5);
		return 0;
	}
	if (!value) {
		snprintf(why, why_size, "no '%.100s' here", name);
		return -1;
	}
	*out = strcmp(name, "s") == 0 ? expr_value_own(json_incref(value)) : expr_value_json(value);
	return 0;
}

static bool known(void *ctx, const char *name)
{
	return json_object_get(ctx, name) != NULL;
}

static int field(void *ctx, const char *const *path, size_t count)
{
	json_t *value = ctx;

	for (size_t i = 0; i < count; i++)
		value = json_object_get(value, path[i]);
	return value != NULL;
}

static size_t list(void *ctx, const char *const *path, size_t count, const char **out, size_t max)
{
	const char *key;
	json_t *member;
	json_t *value = ctx;
	size_t found = 0;

	for (size_t i = 0; i < count; i++)
		value = json_object_get(value, path[i]);
	json_object_foreach(value, key, member)
		if (found < max)
			out[found++] = key;
	return found;
}

static void on_path(void *ctx, const char *const *parts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		*(size_t *)ctx += strlen(parts[i]);
}

static void need(bool truth, const char *what)
{
	if (truth)
		return;
	fprintf(stderr, "fuzz_expr: %s\n", what);
	abort();
}

static void check_error(const struct expr_error *error, size_t size)
{
	need(error->kind != EXPR_ERROR_NONE, "an error without a kind");
	need(error->text[0] != '\0', "an error without a text");
	need(error->offset <= size && error->length <= size - error->offset, "a place outside");
}

static void evaluate(const struct expr *expr, size_t size)
{
	struct expr_scope scope = {.lookup = lookup, .ctx = context()};
	struct expr_error error;
	json_t *value = NULL;
	char *text;
	bool truth;

	if (expr_eval(expr, &scope, &value, &error) == 0) {
		text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
		need(text != NULL, "a value that is no JSON");
		free(text);
		json_decref(value);
	} else {
		check_error(&error, size);
	}
	if (size < 64 && expr_eval_bool(expr, NULL, &truth, &error) < 0)
		check_error(&error, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct expr_names names = {.known = known, .field = field, .list = list, .ctx = context()};
	struct expr_error error;
	struct expr *checked = expr_compile((const char *)data, size, &names, &error);
	struct expr *expr;
	size_t total = 0;

	if (!checked)
		check_error(&error, size);
	expr = expr_compile((const char *)data, size, NULL, &error);
	if (!expr) {
		check_error(&error, size);
		need(checked == NULL, "compiles only with names");
		return 0;
	}
	expr_each_path(expr, on_path, &total);
	evaluate(expr, size);
	expr_free(checked);
	expr_free(expr);
	return 0;
}
