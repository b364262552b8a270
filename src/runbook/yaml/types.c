/*
 * The types of fields that several tables use. Each reads one value, or adds one problem and
 * leaves the memory as it was.
 */
#include <stdlib.h>
#include <string.h>

#include "decode.h"
#include "fsops/mem.h"

static bool is_text(const struct node *value)
{
	return value->kind == NODE_SCALAR && !node_is_null(value);
}

static void decode_text(
    struct decode *d, const struct field *field, const struct node *value, void *out)
{
	if (is_text(value))
		*(char **)out = mem_text(value->text);
	else
		decode_wrong(d, field, value);
}

bool is_identifier(const char *text)
{
	static const char letters[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";

	return *text && !(*text >= '0' && *text <= '9') && text[strspn(text, letters)] == '\0';
}

static void decode_id(
    struct decode *d, const struct field *field, const struct node *value, void *out)
{
	if (is_text(value) && is_identifier(value->text))
		*(char **)out = mem_text(value->text);
	else
		decode_wrong(d, field, value);
}

static bool is_name(const struct node *value)
{
	static const char letters[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";

	return is_text(value) && value->len <= 100 && !strchr("-.", value->text[0]) &&
	       value->text[strspn(value->text, letters)] == '\0';
}

static void decode_name(
    struct decode *d, const struct field *field, const struct node *value, void *out)
{
	if (is_name(value))
		*(char **)out = mem_text(value->text);
	else
		decode_wrong(d, field, value);
}

static void decode_bool(
    struct decode *d, const struct field *field, const struct node *value, void *out)
{
	if (node_check(value, WANT_BOOL, field->key, d->list) == 0)
		*(bool *)out = value->text[0] == 't';
}

static void decode_count(
    struct decode *d, const struct field *field, const struct node *value, void *out)
{
	if (node_check(value, WANT_COUNT, field->key, d->list) == 0)
		*(int *)out = (int)strtol(value->text, NULL, 10);
}

static void decode_span(
    struct decode *d, const struct field *field, const struct node *value, void *out)
{
	msec span;

	if (!is_text(value) || clock_parse_span(value->text, &span) < 0)
		decode_wrong(d, field, value);
	else if (span <= 0)
		NODE_PROBLEM(d->list, value, "'%s' must be longer than nothing", field->key);
	else
		*(msec *)out = span;
}

static int take_text(struct decode *d, const struct field *field, const struct node *value,
    bool taken, const char *what, char **item)
{
	if (!taken) {
		NODE_PROBLEM(d->list, value, "each of '%s' must be %s", field->key, what);
		return -1;
	}
	*item = mem_text(value->text);
	return 0;
}

static int item_text(
    struct decode *d, const struct field *field, const struct node *value, void *item)
{
	return take_text(d, field, value, is_text(value), type_text.name, item);
}

static int item_name(
    struct decode *d, const struct field *field, const struct node *value, void *item)
{
	return take_text(d, field, value, is_name(value), type_name.name, item);
}

static void decode_texts(
    struct decode *d, const struct field *field, const struct node *value, void *out)
{
	decode_items(d, field, value, sizeof(char *), item_text, out);
}

static void decode_names(
    struct decode *d, const struct field *field, const struct node *value, void *out)
{
	decode_items(d, field, value, sizeof(char *), item_name, out);
}

int decode_expr(struct decode *d, const struct node *value, const char *key, struct condition *out)
{
	if (!is_text(value)) {
		NODE_PROBLEM(d->list, value, "'%s' must be an expression, not %s", key,
		    node_kind_name(value));
		return -1;
	}
	*out = (struct condition){
	    .text = mem_text(value->text),
	    .pos = value->pos,
	    .node = value,
	};
	return 0;
}

static void decode_condition(
    struct decode *d, const struct field *field, const struct node *value, void *out)
{
	decode_expr(d, value, field->key, out);
}

static void decode_checked(
    struct decode *d, const struct field *field, const struct node *value, void *out)
{
	(void)out;
	if (!is_text(value))
		decode_wrong(d, field, value);
}

static void decode_json(
    struct decode *d, const struct field *field, const struct node *value, void *out)
{
	if (decode_is_map(d, field, value))
		*(json_t **)out = node_as_written(value);
}

void decode_choice(struct decode *d, const struct field *field, const struct node *value, void *out)
{
	for (const struct choice *choice = field->type->choices; choice->word; choice++) {
		if (is_text(value) && strcmp(choice->word, value->text) == 0) {
			memcpy(out, &choice->value, sizeof(choice->value));
			return;
		}
	}
	decode_wrong(d, field, value);
}

static const struct choice levels[] = {
    {"critical", LEVEL_CRITICAL}, {"warning", LEVEL_WARNING}, {"info", LEVEL_INFO}, {0}};

/* Enums are decoded as int. */
_Static_assert(sizeof(enum level) == sizeof(int), "an enum is not as large as an int");

const struct type type_text = {"text", decode_text, NULL, SCHEMA_TEXT};
const struct type type_id = {"a name of letters, digits and '_' that does not begin with a digit",
    decode_id, NULL, SCHEMA_IDENTIFIER};
const struct type type_name = {
    "a name of letters, digits, '-', '_' and '.'", decode_name, NULL, SCHEMA_NAME};
const struct type type_bool = {"true or false", decode_bool, NULL, "{\"type\": \"boolean\"}"};
const struct type type_count = {"a whole number from 0", decode_count, NULL, SCHEMA_COUNT};
const struct type type_span = {
    "a duration up to 366d, such as 90s, 5m or 1h30m", decode_span, NULL, SCHEMA_SPAN};
const struct type type_texts = {"a list of texts", decode_texts, NULL, SCHEMA_LIST(SCHEMA_TEXT)};
const struct type type_names = {"a list of names", decode_names, NULL, SCHEMA_LIST(SCHEMA_NAME)};
const struct type type_expr = {"an expression", decode_condition, NULL, SCHEMA_TEXT};
const struct type type_checked = {"text", decode_checked, NULL, SCHEMA_TEXT};
const struct type type_level = {"critical, warning or info", decode_choice, levels, NULL};
const struct type type_json = {"a map", decode_json, NULL, "{\"type\": \"object\"}"};
