/*
 * Reading nodes: members, texts, words, and the tree as JSON by YAML 1.2's core schema.
 * Nothing here changes a node.
 */
#include "fsops/node.h"

#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/plain.h"
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

/* How a plain scalar that is not null becomes JSON. */
typedef json_t *scalar_fn(const char *text);

static json_t *by_schema(const char *text)
{
	bool truth;
	json_t *number = plain_truth(text, &truth) ? json_boolean(truth) : plain_number(text);

	return number ? number : value_text(text, strlen(text));
}

static json_t *to_json(const struct node *node, scalar_fn *plain)
{
	json_t *json;

	if (node->kind == NODE_SCALAR && node->style != NODE_PLAIN)
		return value_text(node->text, node->len);
	if (node->kind == NODE_SCALAR)
		return node_is_null(node) ? json_null() : plain(node->text);
	json = node->kind == NODE_MAP ? json_object() : json_array();
	for (size_t i = 0; i < node->count; i++) {
		json_t *item = to_json(node->items[i], plain);

		if (node->kind == NODE_MAP)
			json_object_set_new(json, node->keys[i]->text, item);
		else
			json_array_append_new(json, item);
	}
	return json;
}

json_t *node_to_json(const struct node *node)
{
	return to_json(node, by_schema);
}

json_t *node_as_written(const struct node *node)
{
	return to_json(node, plain_as_written);
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
