/*
 * Reading nodes: members, texts, words, and the tree as JSON by YAML 1.2's core schema.
 * Nothing here changes a node.
 */
#include "fsops/node.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/text.h"
#include "fsops/value.h"

const struct node *node_get(const struct node *map, const char *key)
{
	if (map->kind != NODE_MAP)
		return NULL;
	for (size_t i = 0; i < map->count; i++)
		if (text_same(map->keys[i]->text, key))
			return map->items[i];
	return NULL;
}

static bool one_of(const char *text, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (text_same(text, words[i]))
			return true;
	return false;
}

bool node_is_null(const struct node *node)
{
	static const char *const words[] = {"", "~", "null", "Null", "NULL"};

	return node->kind == NODE_SCALAR && node->style == NODE_PLAIN &&
	       one_of(node->text, words, COUNT_OF(words));
}

const char *node_kind_name(const struct node *node)
{
	static const char *const names[] = {
	    [NODE_SCALAR] = "text", [NODE_LIST] = "a list", [NODE_MAP] = "a map"};

	return node_is_null(node) ? "nothing" : names[node->kind];
}

static bool is_digits(const char *text)
{
	return *text && text[strspn(text, "0123456789")] == '\0';
}

/* [-+]?[0-9]+, 0o… and 0x…, as far as a JSON integer holds it. */
static json_t *read_int(const char *text)
{
	const char *digits = text + (*text == '-' || *text == '+');
	int base = 10;
	long long number;

	if (strncmp(text, "0x", 2) == 0 && text[2] &&
	    !text[2 + strspn(text + 2, "0123456789abcdefABCDEF")])
		base = 16;
	else if (strncmp(text, "0o", 2) == 0 && text[2] && !text[2 + strspn(text + 2, "01234567")])
		base = 8;
	else if (!is_digits(digits))
		return NULL;
	errno = 0;
	number = strtoll(base == 8 ? text + 2 : text, NULL, base);
	return errno ? NULL : json_integer(number);
}

/* [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)? ; JSON has no infinities: those stay text. */
static json_t *read_real(const char *text)
{
	const char *at = text + (*text == '-' || *text == '+');
	size_t whole = strspn(at, "0123456789");
	size_t part = at[whole] == '.' ? strspn(at + whole + 1, "0123456789") : 0;

	at += whole + (at[whole] == '.' ? part + 1 : 0);
	if (whole + part == 0)
		return NULL;
	if (*at == 'e' || *at == 'E') {
		at += 1 + (at[1] == '-' || at[1] == '+');
		if (!is_digits(at))
			return NULL;
		at += strlen(at);
	}
	if (*at || is_digits(text + (*text == '-' || *text == '+')))
		return NULL; /* whole numbers that no integer holds keep all their digits as text */
	return json_real(strtod(text, NULL));
}

static json_t *scalar_to_json(const struct node *node)
{
	static const char *const yes[] = {"true", "True", "TRUE"};
	static const char *const no[] = {"false", "False", "FALSE"};
	json_t *number;

	if (node->style != NODE_PLAIN)
		return value_text(node->text, node->len);
	if (node_is_null(node))
		return json_null();
	if (one_of(node->text, yes, COUNT_OF(yes)))
		return json_true();
	if (one_of(node->text, no, COUNT_OF(no)))
		return json_false();
	number = read_int(node->text);
	if (!number)
		number = read_real(node->text);
	return number ? number : value_text(node->text, node->len);
}

json_t *node_to_json(const struct node *node)
{
	json_t *json;

	if (node->kind == NODE_SCALAR)
		return scalar_to_json(node);
	json = node->kind == NODE_MAP ? json_object() : json_array();
	for (size_t i = 0; i < node->count; i++) {
		if (node->kind == NODE_MAP)
			json_object_set_new(
			    json, node->keys[i]->text, node_to_json(node->items[i]));
		else
			json_array_append_new(json, node_to_json(node->items[i]));
	}
	return json;
}

const char *node_want_text(const struct node *node, const char *what, struct problems *list)
{
	if (node->kind == NODE_SCALAR && !node_is_null(node))
		return node->text;
	NODE_PROBLEM(list, node, "%s must be text, not %s", what, node_kind_name(node));
	return NULL;
}

static json_t *split_words(const struct node *node, const char *what, struct problems *list)
{
	struct words words;
	struct err err;
	json_t *json;

	if (words_split(node->text, &words, &err) < 0) {
		NODE_PROBLEM(list, node, "%s: %s", what, err.text);
		return NULL;
	}
	json = json_array();
	for (size_t i = 0; i < words.count; i++)
		json_array_append_new(json, value_text(words.items[i], strlen(words.items[i])));
	words_release(&words);
	return json;
}

static json_t *list_words(const struct node *node, const char *what, struct problems *list)
{
	json_t *json = json_array();
	size_t errors = list->errors;

	if (node->count > TEXT_WORDS_MAX)
		NODE_PROBLEM(list, node, "%s: more than %d words", what, TEXT_WORDS_MAX);
	for (size_t i = 0; i < node->count; i++) {
		const struct node *item = node->items[i];

		if (item->kind == NODE_SCALAR)
			json_array_append_new(json, value_text(item->text, item->len));
		else
			NODE_PROBLEM(list, item, "%s: a word must be text, not %s", what,
			    node_kind_name(item));
	}
	if (list->errors == errors)
		return json;
	json_decref(json);
	return NULL;
}

json_t *node_want_words(const struct node *node, const char *what, struct problems *list)
{
	json_t *json = NULL;

	if (node->kind == NODE_LIST)
		json = list_words(node, what, list);
	else if (node->kind == NODE_SCALAR && !node_is_null(node))
		json = split_words(node, what, list);
	else
		NODE_PROBLEM(list, node, "%s must be words or a list of words, not %s", what,
		    node_kind_name(node));
	if (json && json_array_size(json) == 0) {
		NODE_PROBLEM(list, node, "%s is empty", what);
		json_decref(json);
		return NULL;
	}
	return json;
}
