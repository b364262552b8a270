/* Resolves variables. Invariant: a value that is taken has passed its pattern and has the type
 * of its default. */
#include "vars.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/buf.h"
#include "fsops/json_read.h"
#include "fsops/mem.h"
#include "fsops/node.h"
#include "fsops/plain.h"
#include "fsops/text.h"
#include "fsops/value.h"

#define ENV_PREFIX "FSOPS_VAR_"
#define VARS_MAX   256

struct resolving {
	const struct platform *platform;
	const char *name;      /* of the runbook, for messages */
	const struct var *own; /* the runbook's */
	size_t own_count;
	const struct plan_options *options;
	struct redact *redact;
	json_t *names;    /* what a default may use: constants and the variables so far */
	json_t *vars;     /* the variables so far */
	struct buf wrong; /* one complaint after another, separated by "; " */
};

__attribute__((format(printf, 2, 3))) static void complain(
    struct resolving *r, const char *fmt, ...)
{
	va_list args;

	if (r->wrong.len)
		buf_adds(&r->wrong, "; ");
	va_start(args, fmt);
	buf_vaddf(&r->wrong, fmt, args);
	va_end(args);
}

static const struct var *find_in(const struct var *vars, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(vars[i].name, name) == 0)
			return &vars[i];
	return NULL;
}

/* The last --var wins, as with any option. */
static const char *from_options(const struct plan_options *options, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = options->var_count; i-- > 0;)
		if (strncmp(options->vars[i], name, len) == 0 && options->vars[i][len] == '=')
			return options->vars[i] + len + 1;
	return NULL;
}

char *var_environment_name(const char *name)
{
	char *key = mem_printf(ENV_PREFIX "%s", name);

	for (char *at = key; *at; at++)
		*at = *at == '-' ? '_' : (char)toupper((unsigned char)*at);
	return key;
}

static const char *from_environment(const char *name)
{
	char *key = var_environment_name(name);
	const char *value = getenv(key);

	free(key);
	return value;
}

/* As a text that has the type of LIKE; NULL when it has not. It stays the text that it is. */
static json_t *typed_scalar(const char *text, const json_t *like)
{
	json_t *number = json_is_number(like) ? plain_number(text) : NULL;
	bool truth;
	bool fits = json_is_boolean(like) ? plain_truth(text, &truth)
	            : json_is_real(like)
	                ? number != NULL
	                : json_is_integer(number) ||
	                      (json_is_real(number) &&
	                          json_real_value(number) == floor(json_real_value(number)));

	json_decref(number);
	return fits ? plain_as_written(text) : NULL;
}

static bool has_real(const json_t *value)
{
	bool found = json_is_real(value);
	const char *key;
	json_t *item;

	for (size_t i = 0; i < json_array_size(value) && !found; i++)
		found = has_real(json_array_get(value, i));
	json_object_foreach((json_t *)value, key, item)
		found = found || has_real(item);
	return found;
}

/* JSON is YAML, where "3.10" in a list keeps its characters. */
static json_t *as_written(const char *text)
{
	struct problems problems = {0};
	struct document *document = document_parse("", text, strlen(text), &problems);
	json_t *value = document && !problems.count ? node_as_written(document->root) : NULL;

	document_free(document);
	problems_release(&problems);
	return value;
}

static json_t *typed_json(const char *text, const json_t *like)
{
	json_t *value = json_read("the value", text, strlen(text), BUF_TEXT_MAX, NULL);
	json_t *written = has_real(value) && !strstr(text, "\\u") ? as_written(text) : NULL;

	if (written) {
		json_decref(value);
		value = written;
	}
	if (value && json_typeof(value) == json_typeof(like))
		return value;
	json_decref(value);
	return NULL;
}

/* Text from outside, as the type that the default has. NULL when it is none. */
static json_t *typed(const char *text, const json_t *like)
{
	if (!like || json_is_string(like) || json_is_null(like))
		return json_string(text);
	return json_is_array(like) || json_is_object(like) ? typed_json(text, like)
	                                                   : typed_scalar(text, like);
}

static const char *type_word(const json_t *like)
{
	return !like || json_is_string(like) || json_is_null(like) ? "text in UTF-8"
	       : json_is_boolean(like)                             ? "true or false"
	       : json_is_integer(like)                             ? "a whole number"
	       : json_is_number(like)                              ? "a number"
	       : json_is_array(like)                               ? "a JSON list"
	                                                           : "a JSON object";
}

/* The pattern language is the expressions' own (RE2): one meaning for all of fsops. */
static bool fits_pattern(const char *text, const char *pattern)
{
	static const char source[] = "value.matches(pattern)";
	json_t *names = json_pack("{s:s, s:s}", "value", text, "pattern", pattern);
	struct scope scope = {.names = names};
	bool secret = false;
	struct err err;
	json_t *fits = NULL;
	bool result = scope_eval_text(&scope, source, strlen(source), &fits, &secret, &err) == 0 &&
	              json_is_true(fits);

	json_decref(fits);
	json_decref(names);
	return result;
}

const char *var_wrong_type(const struct var *var, const char *text)
{
	json_t *value = typed(text, var->like);
	bool fits = value;

	json_decref(value);
	return fits ? NULL : type_word(var->like);
}

bool var_admits(const struct var *var, const char *text)
{
	char *whole;
	bool fits;

	whole = mem_printf("^(?:%s)$", var->pattern ? var->pattern : VAR_PLAIN_PATTERN);
	fits = fits_pattern(text, whole);
	free(whole);
	return fits;
}

static void check_pattern(struct resolving *r, const struct var *var, const json_t *value)
{
	char *text;

	if (!var->pattern)
		return;
	text = value_to_text(value);
	if (!fits_pattern(text, var->pattern))
		complain(r, "variable '%s': '%s' does not match %s%s%s", var->name,
		    var->secret ? REDACT_MASK : text, var->pattern, var->help ? ": " : "",
		    var->help ? var->help : "");
	free(text);
}

static json_t *given(struct resolving *r, const struct var *var)
{
	const char *text = from_options(r->options, var->name);
	json_t *value;

	if (!text)
		text = from_environment(var->name);
	if (!text)
		return NULL;
	value = typed(text, var->like);
	if (!value && r->options->lenient)
		return value_text(text, strlen(text));
	if (!value) {
		complain(r, "variable '%s' must be %s as its default is, not '%s'%s", var->name,
		    type_word(var->like), var->secret ? REDACT_MASK : text,
		    json_is_number(var->like) ? "; a default in quotes makes it a text" : "");
		return json_null();
	}
	if (!(r->options->lenient && strstr(text, "${")))
		check_pattern(r, var, value);
	return value;
}

/* A default may use the environment and the variables before it. */
static json_t *filled_default(struct resolving *r, const struct var *var)
{
	const struct var *ours = find_in(r->platform->vars, r->platform->var_count, var->name);
	const struct var *source = ours && ours->value ? ours : var;
	struct scope scope = {.names = r->names, .redact = r->redact};
	struct expander expander = {.scope = &scope, .redact = r->redact};
	struct err err;
	json_t *value;

	if (!source->value)
		return NULL;
	value = expand_json(&expander, source->value, &err);
	if (!value)
		complain(r, "variable '%s': %s", var->name, err.text);
	return value;
}

static void resolve(struct resolving *r, const struct var *var)
{
	json_t *value = given(r, var);
	char *text;

	if (!value)
		value = filled_default(r, var);
	if (!value) {
		if (var->required && !r->options->lenient)
			complain(r, "variable '%s' is needed: give it with --var %s=…%s%s",
			    var->name, var->name, var->help ? ": " : "",
			    var->help ? var->help : "");
		return;
	}
	text = value_to_text(value);
	if (var->secret && redact_add_value(r->redact, value) < 0 && *text)
		complain(r, "variable '%s': a secret of under %d characters cannot be masked",
		    var->name, REDACT_MIN_LEN);
	free(text);
	json_object_set(r->names, var->name, value);
	json_object_set_new(r->vars, var->name, value);
}

static void check_unknown(struct resolving *r, const char *option)
{
	const char *names[VARS_MAX];
	char *name = mem_textn(option, strcspn(option, "="));
	const char *near;
	size_t count = 0;

	for (size_t i = 0; i < r->own_count && count < VARS_MAX; i++)
		names[count++] = r->own[i].name;
	for (size_t i = 0; i < r->platform->var_count && count < VARS_MAX; i++)
		names[count++] = r->platform->vars[i].name;
	near = text_nearest(name, names, count);
	if (!strchr(option, '='))
		complain(r, "--var %s: write it as NAME=VALUE", option);
	else if (!find_in(r->own, r->own_count, name) &&
	         !find_in(r->platform->vars, r->platform->var_count, name))
		complain(r, "runbook '%s' has no variable '%s'%s%s%s", r->name, name,
		    near ? ": did you mean '" : "", near ? near : "", near ? "'?" : "");
	free(name);
}

json_t *vars_resolve(const struct platform *platform, const struct runbook *runbook,
    const struct plan_options *options, json_t *names, struct redact *redact, struct err *err)
{
	struct resolving r = {
	    .platform = platform,
	    .name = runbook ? runbook->name : platform->name,
	    .own = runbook ? runbook->vars : NULL,
	    .own_count = runbook ? runbook->var_count : 0,
	    .options = options,
	    .redact = redact,
	    .names = names,
	    .vars = json_object(),
	};

	json_object_set(names, "vars", r.vars);
	buf_init(&r.wrong, ERR_TEXT_MAX);
	for (size_t i = 0; i < options->var_count; i++)
		check_unknown(&r, options->vars[i]);
	for (size_t i = 0; i < platform->var_count; i++)
		if (!find_in(r.own, r.own_count, platform->vars[i].name))
			resolve(&r, &platform->vars[i]);
	for (size_t i = 0; i < r.own_count; i++)
		resolve(&r, &r.own[i]);
	if (r.wrong.len) {
		err_set(err, ERR_USAGE, "%s", r.wrong.data);
		json_decref(r.vars);
		r.vars = NULL;
	}
	buf_release(&r.wrong);
	return r.vars;
}
