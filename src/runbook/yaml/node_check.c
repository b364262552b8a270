/*
 * Maps against tables of the keys they may have. Every key and value of a map is
 * looked at, so that all of its mistakes are told in one go.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/buf.h"
#include "fsops/clock.h"
#include "fsops/mem.h"
#include "fsops/node.h"
#include "fsops/text.h"

/* A message that lists what may be there stays readable up to this many names. */
#define NAMES_LISTED_MAX 48

void node_unknown_key(const struct node *key, const char *what, const char *const *names,
    size_t count, struct problems *list)
{
	const char *near = text_nearest(key->text, names, count);
	struct buf known;

	if (near) {
		NODE_PROBLEM(
		    list, key, "unknown key '%s' in %s; did you mean '%s'?", key->text, what, near);
		return;
	}
	buf_init(&known, ERR_TEXT_MAX / 2);
	for (size_t i = 0; i < count && i < NAMES_LISTED_MAX; i++)
		buf_addf(&known, "%s%s", i ? ", " : "", names[i]);
	NODE_PROBLEM(list, key, "unknown key '%s' in %s; it may have %s%s", key->text, what,
	    known.data, count > NAMES_LISTED_MAX ? " …" : "");
	buf_release(&known);
}

static bool is_scalar(const struct node *value)
{
	return value->kind == NODE_SCALAR && !node_is_null(value);
}

static bool is_words(const struct node *value)
{
	return is_scalar(value) || value->kind == NODE_LIST;
}

static bool is_list(const struct node *value)
{
	return value->kind == NODE_LIST;
}

static bool is_map(const struct node *value)
{
	return value->kind == NODE_MAP;
}

static bool is_bool(const struct node *value)
{
	return is_scalar(value) && value->style == NODE_PLAIN &&
	       (strcmp(value->text, "true") == 0 || strcmp(value->text, "false") == 0);
}

static bool is_count(const struct node *value)
{
	return is_scalar(value) && value->text[strspn(value->text, "0123456789")] == '\0' &&
	       *value->text && value->len <= 9;
}

static bool is_span(const struct node *value)
{
	msec span;

	return is_scalar(value) && clock_parse_span(value->text, &span) == 0;
}

static bool is_any(const struct node *value)
{
	return !node_is_null(value);
}

static const struct want {
	bool (*is)(const struct node *value);
	const char *name;
} wants[] = {
    [WANT_TEXT] = {is_scalar, "text"},
    [WANT_WORDS] = {is_words, "text or a list of texts"},
    [WANT_LIST] = {is_list, "a list"},
    [WANT_MAP] = {is_map, "a map"},
    [WANT_BOOL] = {is_bool, "true or false"},
    [WANT_COUNT] = {is_count, "a whole number from 0 to 999999999"},
    [WANT_SPAN] = {is_span, "a duration up to 366d, such as 90s, 5m or 1h30m"},
    [WANT_ANY] = {is_any, "given"},
};

int node_check(
    const struct node *value, enum node_want want, const char *key, struct problems *list)
{
	if (wants[want].is(value))
		return 0;
	if (is_scalar(value))
		NODE_PROBLEM(
		    list, value, "'%s' must be %s, not '%s'", key, wants[want].name, value->text);
	else
		NODE_PROBLEM(list, value, "'%s' must be %s, not %s", key, wants[want].name,
		    node_kind_name(value));
	return -1;
}

static size_t table_names(const struct node_key *table, const char **names, size_t max)
{
	size_t count = 0;

	for (; table->name && count < max; table++)
		names[count++] = table->name;
	return count;
}

static void check_entry(const struct node *key, const struct node *value,
    const struct node_key *table, const char *what, struct problems *list)
{
	const char *names[64];

	for (const struct node_key *entry = table; entry->name; entry++) {
		if (strcmp(entry->name, key->text) == 0) {
			node_check(value, entry->want, entry->name, list);
			return;
		}
	}
	node_unknown_key(key, what, names, table_names(table, names, COUNT_OF(names)), list);
}

int node_check_map(
    const struct node *map, const struct node_key *table, const char *what, struct problems *list)
{
	size_t errors = list->errors;

	if (map->kind != NODE_MAP) {
		NODE_PROBLEM(list, map, "%s must be a map, not %s", what, node_kind_name(map));
		return 1;
	}
	for (size_t i = 0; i < map->count; i++)
		check_entry(map->keys[i], map->items[i], table, what, list);
	for (; table->name; table++)
		if (table->required && !node_get(map, table->name))
			NODE_PROBLEM(
			    list, map, "%s needs '%s' (%s)", what, table->name, table->help);
	return (int)(list->errors - errors);
}
