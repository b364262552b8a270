/*
 * Variables: `name: default`, or `name: {value, required, pattern, help, secret}`.
 *
 * A variable has a value or is required, never both: so a run knows before its
 * first step what it lacks.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/template.h"
#include "fsops/value.h"
#include "runbook/catalog/catalog.h"

/* A number that nobody counts with: `00501`, `0x1F`, `915785e5`. Whoever gives another value may
 * give any text. */
static bool surely_text(const struct node *value)
{
	const char *text = value->kind == NODE_SCALAR ? value->text : "";

	return (text[0] == '0' && text[1] && text[1] != '.') ||
	       (!strchr(text, '.') && strpbrk(text, "eE") && isdigit((unsigned char)text[0]));
}

static void decode_default(
    struct decode *d, const struct field *field, const struct node *value, void *out)
{
	struct var *var = out;

	if (var->value) {
		NODE_PROBLEM(
		    d->list, value, "'value' and 'default' are the same; give one of them");
		return;
	}
	if (node_is_null(value)) {
		decode_wrong(d, field, value);
		return;
	}
	var->value = node_as_written(value);
	var->like = surely_text(value) ? json_string("") : node_to_json(value);
	var->node = value;
}

static const struct type type_default = {"a text, a number, true, false, a list or a map",
    decode_default, NULL, "{\"not\": {\"type\": \"null\"}}"};

const struct field var_fields[] = {
    {"value", &type_default, 0, "the value when --var says none", false, NULL},
    {"default", &type_default, 0, "the same as value", false, NULL},
    {"required", &type_bool, offsetof(struct var, required),
        "there is no default: --var must give it", false, NULL},
    {"secret", &type_bool, offsetof(struct var, secret), "its value is masked wherever it is shown",
        false, NULL},
    {"pattern", &type_text, offsetof(struct var, pattern),
        "a regular expression (RE2) that the value must match; anchor it with ^ and $", false,
        NULL},
    {"from", &type_text, offsetof(struct var, from),
        "the label of an alert that gives the value; default: one of the variable's own name",
        false, NULL},
    {"help", &type_text, offsetof(struct var, help), "what it is for", false, NULL},
    {0},
};

/* Words that CEL reserves: as variables they are written vars.NAME. */
static const char *const reserved[] = {"true", "false", "null", "in", "as", "break", "const",
    "continue", "else", "for", "function", "if", "import", "let", "loop", "package", "namespace",
    "return", "var", "void", "while"};
/* The names that every expression has. */
static const char *const common[] = {
    "results", "metrics", "links", "contacts", "env", "run", "now", "vars"};

static bool one_of(const char *text, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(words[i], text) == 0)
			return true;
	return false;
}

int check_variable_name(struct decode *d, const struct node *name, const char *what)
{
	if (!is_identifier(name->text))
		NODE_PROBLEM(d->list, name,
		    "%s must be a name of letters, digits and '_' that does not begin with a "
		    "digit, not '%s'",
		    what, name->text);
	else if (one_of(name->text, common, COUNT_OF(common)))
		NODE_PROBLEM(d->list, name,
		    "'%s' has a meaning of its own in every expression; choose another name",
		    name->text);
	else
		return 0;
	return -1;
}

const char *variable_of_path(const char *const *parts, size_t count)
{
	return count > 1 && strcmp(parts[0], "vars") == 0 ? parts[1] : parts[0];
}

bool variable_is_reserved(const char *name)
{
	return one_of(name, reserved, COUNT_OF(reserved));
}

/* The name of an item, which has no other than its own. */
static int check_item_name(struct decode *d, const struct node *name)
{
	if (!variable_is_reserved(name->text))
		return check_variable_name(d, name, "a variable");
	NODE_PROBLEM(d->list, name, "'%s' is a reserved word of expressions; choose another name",
	    name->text);
	return -1;
}

static void decode_variable(
    struct decode *d, const struct field *field, const struct node *value, void *out)
{
	if (value->kind != NODE_SCALAR || node_is_null(value))
		decode_wrong(d, field, value);
	else if (check_item_name(d, value) == 0)
		*(char **)out = mem_text(value->text);
}

const struct type type_variable = {
    "the name of a variable", decode_variable, NULL, SCHEMA_IDENTIFIER};

static void decode_var(
    struct decode *d, const struct node *name, const struct node *value, struct var *var)
{
	size_t errors = d->list->errors;

	var->name = mem_text(name->text);
	var->pos = name->pos;
	if (value->kind != NODE_MAP) {
		decode_default(d, &var_fields[0], value, var);
		return;
	}
	decode_map(d, value, var_fields, "a variable", NULL, var);
	if (d->list->errors != errors)
		return;
	if (var->required && var->value)
		NODE_PROBLEM(d->list, value, "'%s' has a value and is required; it can be only one",
		    var->name);
	else if (!var->required && !var->value)
		NODE_PROBLEM(d->list, value, "'%s' needs a value, or 'required: true'", var->name);
}

static void decode_vars(
    struct decode *d, const struct field *field, const struct node *value, void *out)
{
	struct {
		struct var *items;
		size_t count;
	} list = {0};

	if (!decode_is_map(d, field, value))
		return;
	list.items = mem_alloc((value->count + 1) * sizeof(*list.items));
	for (size_t i = 0; i < value->count; i++)
		if (check_variable_name(d, value->keys[i], "a variable") == 0)
			decode_var(d, value->keys[i], value->items[i], &list.items[list.count++]);
	memcpy(out, &list, sizeof(list));
}

const struct type type_vars = {"a map of names and values", decode_vars, NULL,
    SCHEMA_MAP(SCHEMA_IDENTIFIER, SCHEMA_LONG_OR("{\"not\": {\"type\": \"null\"}}"))};

/* Scope of the one expression that holds a value against a pattern. */
static int lookup(void *ctx, const char *name, struct expr_value *out, char *why, size_t why_size)
{
	json_t **pair = ctx;

	(void)why;
	(void)why_size;
	*out = expr_value_json(strcmp(name, "value") == 0 ? pair[0] : pair[1]);
	return 0;
}

/* Whether TEXT has the pattern: 1 or 0; -1 with ERR when the pattern itself does not work. */
static int matches(const struct var *var, const char *text, struct err *err)
{
	static const char source[] = "value.matches(pattern)";
	struct expr_error error = {0};
	json_t *pair[] = {json_string(text), json_string(var->pattern)};
	struct expr_scope scope = {.lookup = lookup, .ctx = pair};
	struct expr *expr = expr_compile(source, strlen(source), NULL, &error);
	bool yes = false;
	int result = expr ? expr_eval_bool(expr, &scope, &yes, &error) : -1;

	if (result < 0)
		err_set(
		    err, ERR_INPUT, "the pattern of '%s' does not work: %s", var->name, error.text);
	expr_free(expr);
	json_decref(pair[0]);
	json_decref(pair[1]);
	return result < 0 ? -1 : yes;
}

int var_check(const struct var *var, struct err *err)
{
	bool known = var->value &&
	             !(json_is_string(var->value) && template_any(json_string_value(var->value)));
	char *text;
	int match;

	if (!var->pattern)
		return 0;
	text = known ? value_to_text(var->value) : mem_text("");
	match = matches(var, text, err);
	if (known && match == 0)
		match = err_set(err, ERR_INPUT, "the default of '%s' does not match its pattern %s",
		    var->name, var->pattern);
	free(text);
	return match < 0 ? -1 : 0;
}
