/* Names for expressions. Invariant: a scope borrows all it points to and changes nothing. */
#include "scope.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "derived.h"
#include "fsops/mem.h"
#include "fsops/value.h"

#define VARS "vars" /* the member of a run's names that holds its variables once more */

/* A variable's text is what was written; all others have the types that they were given with. */
static bool is_variable(const struct scope *scope, const char *name, const json_t *value)
{
	const json_t *vars = json_object_get(scope->names, VARS);

	return scope->items || (vars && (vars == value || json_object_get(vars, name) == value));
}

static int lookup(void *ctx, const char *name, struct expr_value *out, char *why, size_t why_size)
{
	const struct scope *scope = ctx;

	for (; scope; scope = scope->outer) {
		json_t *value = json_object_get(scope->names, name);

		if (value) {
			*out = is_variable(scope, name, value) ? expr_value_written(value)
			                                       : expr_value_json(value);
			return 0;
		}
		if (scope->clock && strcmp(name, "now") == 0) {
			msec wall = scope->clock->wall(scope->clock->ctx);

			*out = expr_value_timestamp(wall / 1000, (int32_t)(wall % 1000) * 1000000);
			return 0;
		}
	}
	snprintf(why, why_size, "'%s' is not known yet", name);
	return -1;
}

/* ---- why something could not be evaluated ---- */

static const json_t *named(const struct scope *scope, const char *name)
{
	const json_t *value = NULL;

	for (; scope && !value; scope = scope->outer)
		value = json_object_get(scope->names, name);
	return value;
}

/* What an expression looks for that is not there, and why: an action that failed by itself has left no data,
 * a body was no JSON, a value was too large to be kept. The expression fails for that reason. */
struct missing {
	const struct scope *scope;
	const json_t *results;
	const char *name; /* of what is missing; NULL: nothing is */
	const char *why;
};

/* A result says itself why what it has no value for is missing: `json` by `json_error`. */
static const char *why_no_json(const json_t *json, const json_t *why, const char *name)
{
	return strcmp(name, "json") == 0 && json_is_null(json) ? json_string_value(why) : NULL;
}

static const char *why_no_answer(const json_t *result, const char *field)
{
	const char *outcome = value_get_text(result, "outcome");
	bool failed =
	    outcome && (strcmp(outcome, "failed") == 0 || strcmp(outcome, "timed_out") == 0);
	const char *why = why_no_json(
	    json_object_get(result, field), json_object_get(result, "json_error"), field);

	if (why || json_object_get(result, field))
		return why;
	if (failed)
		return json_object_get(result, "why") ? value_get_text(result, "why") : "";
	return value_get_text(result, "left_out");
}

static void note_missing(void *ctx, const char *const *parts, size_t count)
{
	struct missing *missing = ctx;
	bool result = count >= 3 && strcmp(parts[0], "results") == 0;

	if (missing->name)
		return;
	missing->why = result ? why_no_answer(json_object_get(missing->results, parts[1]), parts[2])
	                      : why_no_json(named(missing->scope, parts[0]),
	                            named(missing->scope, "json_error"), parts[0]);
	if (missing->why)
		missing->name = parts[result ? 1 : 0];
}

static int failed(const struct scope *scope, const struct expr *expr,
    const struct expr_error *error, const char *text, size_t len, struct err *err)
{
	enum err_kind kind = error->kind == EXPR_ERROR_UNKNOWN ? ERR_UNKNOWN : ERR_INPUT;
	struct missing missing = {.scope = scope, .results = named(scope, "results")};

	if (expr && error->kind != EXPR_ERROR_LIMIT)
		expr_each_path(expr, note_missing, &missing);
	if (missing.name)
		return err_set(err, kind, "'%s' gave no answer (%s), in '%.*s'", missing.name,
		    missing.why, (int)len, text);
	return err_set(err, kind, "%s (in '%.*s')", error->text, (int)len, text);
}

/* ---- what is made of secrets ---- */

struct redact *scope_redact(const struct scope *scope)
{
	while (!scope->redact && scope->outer)
		scope = scope->outer;
	return scope->redact;
}

static bool holds(void *ctx, const struct expr_text *text)
{
	struct redact_seen seen = redact_look(scope_redact(ctx), text->data, text->len);

	return seen.whole || (seen.cut && !text->literal);
}

static bool derived(
    void *ctx, const struct expr_text *from, size_t count, const struct expr_text *made)
{
	return derived_is_secret(scope_redact(ctx), from, count, made);
}

static int keep(void *ctx, const struct expr_text *text)
{
	return derived_keep(scope_redact(ctx), text);
}

static struct expr_scope names_of(const struct scope *scope)
{
	struct expr_scope names = {
	    .lookup = lookup, .ctx = (void *)scope, .steps_left = scope->steps_left};

	if (scope_redact(scope)) {
		names.holds = holds;
		names.derived = derived;
		names.keep = keep;
	}
	return names;
}

/* ---- evaluation ---- */

int scope_eval(
    const struct scope *scope, const struct condition *condition, json_t **out, struct err *err)
{
	struct expr_scope names = names_of(scope);
	struct expr_error error;

	if (expr_eval(condition->expr, &names, out, &error) < 0)
		return failed(
		    scope, condition->expr, &error, condition->text, strlen(condition->text), err);
	return 0;
}

int scope_eval_bool(
    const struct scope *scope, const struct condition *condition, bool *out, struct err *err)
{
	struct expr_scope names = names_of(scope);
	struct expr_error error;

	if (expr_eval_bool(condition->expr, &names, out, &error) < 0)
		return failed(
		    scope, condition->expr, &error, condition->text, strlen(condition->text), err);
	return 0;
}

int scope_eval_text(const struct scope *scope, const char *text, size_t len, json_t **out,
    bool *secret, struct err *err)
{
	struct expr_scope names = names_of(scope);
	struct expr_error error;
	struct expr *expr = expr_compile(text, len, NULL, &error);
	int result = -1;

	if (!expr || expr_eval(expr, &names, out, &error) < 0) {
		failed(scope, expr, &error, text, len, err);
		goto out;
	}
	*secret = *secret || expr_is_secret(expr);
	result = 0;
out:
	expr_free(expr);
	return result;
}

static json_t *environment(void)
{
	json_t *env = json_object();

	for (char **item = environ; *item; item++) {
		const char *equals = strchr(*item, '=');
		json_t *text = equals ? json_string(equals + 1) : NULL;
		char *name;

		if (!text)
			continue; /* no '=' or not UTF-8: no expression could name it */
		name = mem_textn(*item, (size_t)(equals - *item));
		json_object_set_new(env, name, text);
		free(name);
	}
	return env;
}

json_t *scope_constants(const struct platform *platform)
{
	json_t *names = json_object();

	json_object_set_new(names, "env", environment());
	json_object_set_new(
	    names, "links", platform->links ? json_incref(platform->links) : json_object());
	json_object_set_new(names, "contacts",
	    platform->contacts ? json_incref(platform->contacts) : json_object());
	return names;
}
