/*
 * The platform's targets. A target is owned by the adapter that has its kind; the loader
 * itself only knows `tunnel`.
 */
#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/tunnel.h"
#include "runbook/catalog/catalog.h"

#define KINDS_MAX 32

static size_t target_kinds(const char **names, size_t max)
{
	size_t count = 0;

	for (size_t i = 0; adapters[i] && count < max; i++)
		if (adapter_for_target(adapters[i]->name) == adapters[i])
			names[count++] = adapters[i]->name;
	return count;
}

/* What the target's map has besides the keys that are the loader's: the adapter's own. */
struct own_keys {
	struct node map;
	struct node **keys;
	struct node **items;
};

static void without_tunnel(const struct node *map, struct own_keys *own)
{
	own->map = *map;
	own->map.count = 0;
	own->map.keys = own->keys = mem_alloc((map->count + 1) * sizeof(*own->keys));
	own->map.items = own->items = mem_alloc((map->count + 1) * sizeof(*own->items));
	for (size_t i = 0; i < map->count; i++) {
		if (strcmp(map->keys[i]->text, "tunnel") == 0)
			continue;
		own->keys[own->map.count] = map->keys[i];
		own->items[own->map.count++] = map->items[i];
	}
}

static void find_kind(struct decode *d, const struct node *map, struct target *target)
{
	const char *names[KINDS_MAX];

	for (size_t i = 0; i < map->count; i++) {
		const struct adapter *adapter = adapter_for_target(map->keys[i]->text);

		if (adapter && target->adapter && adapter != target->adapter)
			NODE_PROBLEM(d->list, map->keys[i],
			    "a target is one thing, but '%s' and '%s' both say what; make two of "
			    "it",
			    target->adapter->name, adapter->name);
		else if (adapter)
			target->adapter = adapter;
	}
	if (target->adapter)
		return;
	if (map->count)
		node_unknown_key(
		    map->keys[0], "a target", names, target_kinds(names, KINDS_MAX), d->list);
	else
		NODE_PROBLEM(d->list, map, "a target needs a key that says what it is");
}

static void read_tunnel(struct decode *d, struct target *target)
{
	const struct node *tunnel = node_get(target->node, "tunnel");
	struct tunnel_way way = {0};
	struct err err;

	if (!tunnel || !node_want_text(tunnel, "'tunnel'", d->list))
		return;
	target->tunnel = mem_text(tunnel->text);
	if (tunnel_way_parse(&way, tunnel->text, &err) < 0)
		NODE_PROBLEM(d->list, tunnel, "%s", err.text);
	tunnel_way_release(&way);
}

static void decode_target(struct decode *d, const struct node *map, struct target *target)
{
	struct own_keys own;

	target->node = map;
	if (map->kind != NODE_MAP) {
		NODE_PROBLEM(d->list, map,
		    "a target must be a map such as {http: https://…}, not %s",
		    node_kind_name(map));
		return;
	}
	find_kind(d, map, target);
	read_tunnel(d, target);
	if (!target->adapter)
		return;
	without_tunnel(map, &own);
	target->config = target->adapter->target_parse(&own.map, d->list);
	free(own.keys);
	free(own.items);
}

/* Tunnels go through the cluster that actions without a `target:` go to. */
static void find_clusters(struct platform *platform)
{
	const struct target *cluster = NULL;

	for (size_t i = 0; i < platform->target_count && !cluster; i++)
		if (platform->targets[i].adapter &&
		    strcmp(platform->targets[i].adapter->name, "kubectl") == 0)
			cluster = &platform->targets[i];
	for (size_t i = 0; i < platform->target_count; i++)
		platform->targets[i].cluster = cluster;
}

static void decode_targets(
    struct decode *d, const struct field *field, const struct node *value, void *out)
{
	struct platform *platform = out;

	if (!decode_is_map(d, field, value))
		return;
	platform->targets = mem_alloc((value->count + 1) * sizeof(*platform->targets));
	for (size_t i = 0; i < value->count; i++) {
		struct target *target = &platform->targets[platform->target_count++];

		target->name = mem_text(value->keys[i]->text);
		target->pos = value->keys[i]->pos;
		names_put(&d->catalog->index->targets, target->name, target);
		decode_target(d, value->items[i], target);
	}
	find_clusters(platform);
}

const struct type type_targets = {"a map of names and targets, such as {api: {http: https://…}}",
    decode_targets, NULL,
    "{\"type\": \"object\", \"additionalProperties\": {\"$ref\": \"#/definitions/target\"}}"};
