/* Which variables commands get. Invariant: a variable that anything but a channel or a target's login names, in any
 * way, is not withheld: a script that reads it finds it. */
#include "fsops/inherit.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/adapter.h"
#include "fsops/mem.h"
#include "runbook/catalog/catalog.h"

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
		    "as [AWS_*, PGPASSWORD]");
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

/* ---- what only fsops uses ---- */

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
	static const char blanks[] = " \t\n";

	for (const char *at = text; (at = strstr(at, "env"));) {
		const char *name;

		at += strlen("env");
		name = at + strspn(at, blanks);
		if (*name != '.' && *name != '[')
			continue;
		name += 1 + strspn(name + 1, " \t\n\"'");
		if (name_length(name))
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

/* Places in the platform's file whose values stay in fsops. */
struct own {
	const struct node **nodes;
	size_t count;
};

static void own_add(struct own *own, const struct node *node)
{
	if (!node)
		return;
	MEM_PUSH_ROOM(own->nodes, own->count);
	own->nodes[own->count++] = node;
}

static bool own_has(const struct own *own, const struct node *node)
{
	for (size_t i = 0; i < own->count; i++)
		if (own->nodes[i] == node)
			return true;
	return false;
}

/* By anything but what is OWN. What `inherit` gives to one command is none of the others'. */
static bool mentions(const struct node *node, const char *name, const struct own *own)
{
	if (!node || own_has(own, node))
		return false;
	if (node->kind == NODE_SCALAR)
		return strstr(node->text, name);
	for (size_t i = 0; i < node->count; i++)
		if (!(node->kind == NODE_MAP &&
		        strcmp(node->keys[i]->text, ADAPTER_INHERIT) == 0) &&
		    mentions(node->items[i], name, own))
			return true;
	return false;
}

static bool is_named_elsewhere(
    const struct catalog *catalog, const char *name, const struct own *own)
{
	if (mentions(catalog->platform->node, name, own))
		return true;
	for (size_t i = 0; i < catalog->runbook_count; i++)
		if (mentions(catalog->runbooks[i]->node, name, own))
			return true;
	return false;
}

static bool own_mentions(const struct own *own, const char *name)
{
	static const struct own nothing = {0};

	for (size_t i = 0; i < own->count; i++)
		if (mentions(own->nodes[i], name, &nothing))
			return true;
	return false;
}

/* What lets a request in at a target: it is sent by fsops itself. */
static void own_logins(struct own *own, const struct platform *platform)
{
	static const char *const keys[] = {"bearer", "basic", "headers"};

	for (size_t i = 0; i < platform->target_count; i++) {
		const struct target *target = &platform->targets[i];

		if (!target->node || !target->adapter || !target->adapter->target_secrets)
			continue;
		for (size_t k = 0; k < COUNT_OF(keys); k++)
			own_add(own, node_get(target->node, keys[k]));
	}
}

/* Variables that nothing but those uses. A later one may use an earlier one: the last comes first. */
static void own_vars(struct own *own, const struct catalog *catalog)
{
	const struct node *vars = node_get(catalog->platform->node, "vars");

	for (size_t i = vars && vars->kind == NODE_MAP ? vars->count : 0; i-- > 0;) {
		const char *name = vars->keys[i]->text;

		if (own_mentions(own, name) && !is_named_elsewhere(catalog, name, own))
			own_add(own, vars->items[i]);
	}
}

static void find_own(struct own *own, const struct catalog *catalog)
{
	own_add(own, node_get(catalog->platform->node, "channels"));
	own_logins(own, catalog->platform);
	own_vars(own, catalog);
}

char **inherit_withheld(const struct catalog *catalog)
{
	struct found found = {0};
	struct own own = {0};
	size_t kept = 0;

	if (catalog->platform->node)
		find_own(&own, catalog);
	for (size_t i = 0; i < own.count; i++)
		find_in(own.nodes[i], &found);
	if (catalog->platform->node) /* the list of what is masked uses nothing */
		own_add(&own, node_get(catalog->platform->node, "secrets"));
	for (size_t i = 0; i < found.count; i++) {
		if (is_named_elsewhere(catalog, found.names[i], &own))
			free(found.names[i]);
		else
			found.names[kept++] = found.names[i];
	}
	found.names = mem_grow(found.names, kept + 1, sizeof(*found.names));
	found.names[kept] = NULL;
	free(own.nodes);
	return found.names;
}
