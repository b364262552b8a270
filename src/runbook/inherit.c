/* Which variables commands get. Invariant: a variable that anything but a channel names, in any way, is not
 * withheld: a script that reads it finds it. */
#include "fsops/inherit.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "catalog.h"
#include "fsops/adapter.h"
#include "fsops/mem.h"

/* ---- the key ---- */

static bool is_pattern(const char *text)
{
	if (!*text || isdigit((unsigned char)*text))
		return false;
	for (; *text; text++)
		if (!isalnum((unsigned char)*text) && *text != '_' && *text != '*')
			return false;
	return true;
}

static int parse_one(const struct node *value, json_t *names, struct problems *list)
{
	if (value->kind != NODE_SCALAR || !is_pattern(value->text)) {
		NODE_PROBLEM(list, value,
		    "'inherit' takes names of environment variables, with '*' for any text, such "
		    "as "
		    "[AWS_*, PGPASSWORD]");
		return -1;
	}
	return json_array_append_new(names, json_string(value->text));
}

int inherit_parse(const struct node *value, json_t *out, struct problems *list)
{
	json_t *names;
	int result = 0;

	if (!value)
		return 0;
	names = json_array();
	if (value->kind == NODE_LIST)
		for (size_t i = 0; i < value->count; i++)
			result |= parse_one(value->items[i], names, list);
	else
		result = parse_one(value, names, list);
	json_object_set_new(out, ADAPTER_INHERIT, names);
	return result;
}

/* ---- what only channels name ---- */

struct found {
	char **names;
	size_t count;
};

static size_t name_length(const char *text)
{
	size_t len = 0;

	while (isalnum((unsigned char)text[len]) || text[len] == '_')
		len++;
	return len;
}

static void add_name(struct found *found, const char *text, size_t len)
{
	for (size_t i = 0; i < found->count; i++)
		if (strncmp(found->names[i], text, len) == 0 && !found->names[i][len])
			return;
	MEM_PUSH_ROOM(found->names, found->count);
	found->names[found->count++] = mem_textn(text, len);
}

/* env.NAME and env["NAME"] */
static void find_in_text(const char *text, struct found *found)
{
	for (const char *at = text; (at = strstr(at, "env")); at++) {
		const char *name = at + strlen("env");

		name += *name == '.' ? 1 : *name == '[' ? 2 : 0;
		if (name > at + strlen("env") && name_length(name))
			add_name(found, name, name_length(name));
	}
}

static void find_in(const struct node *node, struct found *found)
{
	if (node->kind == NODE_SCALAR)
		find_in_text(node->text, found);
	for (size_t i = 0; node->kind != NODE_SCALAR && i < node->count; i++)
		find_in(node->items[i], found);
}

/* What `inherit` gives to one command is none of the others'. */
static bool mentions(const struct node *node, const char *name)
{
	if (!node)
		return false;
	if (node->kind == NODE_SCALAR)
		return strstr(node->text, name);
	for (size_t i = 0; i < node->count; i++)
		if (!(node->kind == NODE_MAP &&
		        strcmp(node->keys[i]->text, ADAPTER_INHERIT) == 0) &&
		    mentions(node->items[i], name))
			return true;
	return false;
}

/* By anything but the channels, and the list of what is masked. */
static bool is_named_elsewhere(const struct catalog *catalog, const char *name)
{
	const struct node *platform = catalog->platform->node;

	for (size_t i = 0; platform && i < platform->count; i++)
		if (strcmp(platform->keys[i]->text, "channels") != 0 &&
		    strcmp(platform->keys[i]->text, "secrets") != 0 &&
		    mentions(platform->items[i], name))
			return true;
	for (size_t i = 0; i < catalog->runbook_count; i++)
		if (mentions(catalog->runbooks[i]->node, name))
			return true;
	return false;
}

char **inherit_withheld(const struct catalog *catalog)
{
	const struct node *platform = catalog->platform->node;
	const struct node *channels = platform ? node_get(platform, "channels") : NULL;
	struct found found = {0};
	size_t kept = 0;

	if (channels)
		find_in(channels, &found);
	for (size_t i = 0; i < found.count; i++) {
		if (is_named_elsewhere(catalog, found.names[i]))
			free(found.names[i]);
		else
			found.names[kept++] = found.names[i];
	}
	found.names = mem_grow(found.names, kept + 1, sizeof(*found.names));
	found.names[kept] = NULL;
	return found.names;
}
