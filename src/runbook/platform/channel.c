/*
 * The platform's channels. A channel has a kind, which owns its keys (src/notify/); the loader
 * itself knows what all have: kind, on, severity, and a ping's runs.
 */
#include <stdlib.h>
#include <string.h>

#include "fsops/channel.h"
#include "fsops/mem.h"
#include "fsops/text.h"
#include "runbook/catalog/catalog.h"

#define KINDS_MAX 32

/* Keys that are the loader's; the others make the config. */
static const char *const own_keys[] = {"kind", "on", "severity", "runs"};

static size_t kind_names(const char **names)
{
	size_t count = 0;

	for (; channel_kinds[count] && count < KINDS_MAX; count++)
		names[count] = channel_kinds[count]->name;
	return count;
}

static void no_kind(struct decode *d, const struct node *name, const struct node *map)
{
	const char *names[KINDS_MAX];
	size_t count = kind_names(names);
	const char *near = text_nearest(name->text, names, count);
	struct buf known;

	buf_init(&known, ERR_TEXT_MAX / 2);
	for (size_t i = 0; i < count; i++)
		buf_addf(&known, "%s%s", i ? ", " : "", names[i]);
	NODE_PROBLEM(d->list, map,
	    "the channel '%s' must say what it is with 'kind': %s%s%s%s (only one that is called "
	    "like its kind need not)",
	    name->text, known.data, near ? "; did you mean '" : "", near ? near : "",
	    near ? "'?" : "");
	buf_release(&known);
}

/* NULL after a problem. */
static const struct channel_kind *find_kind(
    struct decode *d, const struct node *name, const struct node *map)
{
	const struct node *kind = node_get(map, "kind");
	const struct channel_kind *found = channel_kind_find(name->text);
	const char *names[KINDS_MAX];

	if (!kind && !found)
		no_kind(d, name, map);
	if (!kind || !node_want_text(kind, "'kind'", d->list))
		return kind ? NULL : found;
	found = channel_kind_find(kind->text);
	if (!found)
		no_such(d, kind, "kind of channel", names, kind_names(names));
	return found;
}

static void read_event(struct decode *d, const struct node *node, struct channel *channel)
{
	const char *text = node_want_text(node, "what a channel is told of", d->list);

	for (int i = 0; text && i < TOLD_COUNT; i++) {
		if (strcmp(told_names[i], text) == 0) {
			channel->on |= 1u << i;
			return;
		}
	}
	if (text)
		no_such(d, node, "event to be told of", told_names, TOLD_COUNT);
}

static void read_on(struct decode *d, struct channel *channel)
{
	const struct node *on = node_get(channel->node, "on");

	if (!on)
		return;
	if (on->kind == NODE_SCALAR)
		read_event(d, on, channel);
	for (size_t i = 0; i < on->count; i++)
		read_event(d, on->items[i], channel);
}

static void read_severity(struct decode *d, struct channel *channel)
{
	static const struct field field = {
	    "severity", &type_level, offsetof(struct channel, severity), NULL, false, NULL};
	const struct node *severity = node_get(channel->node, "severity");

	if (severity)
		decode_field(d, &field, severity, channel);
}

static bool is_own(const char *key)
{
	for (size_t i = 0; i < COUNT_OF(own_keys); i++)
		if (strcmp(own_keys[i], key) == 0)
			return true;
	return false;
}

static enum node_want want_of(const struct channel_kind *kind, const char *name)
{
	const struct node_key *key = kind->keys;

	while (strcmp(key->name, name) != 0)
		key++;
	return key->want;
}

/* A scalar is a text as it is written, whatever YAML takes it for; but not inside a `json:`. */
static json_t *read_value(const struct node *value, enum node_want want)
{
	json_t *made;

	if (want == WANT_ANY)
		return node_to_json(value);
	if (value->kind == NODE_SCALAR)
		return json_stringn(value->text, value->len);
	made = value->kind == NODE_LIST ? json_array() : json_object();
	for (size_t i = 0; i < value->count; i++) {
		json_t *item = read_value(value->items[i], want);

		if (value->kind == NODE_LIST)
			json_array_append_new(made, item);
		else
			json_object_set_new(made, value->keys[i]->text, item);
	}
	return made;
}

static json_t *read_config(const struct channel *channel)
{
	const struct node *map = channel->node;
	json_t *config = json_object();

	for (size_t i = 0; i < map->count; i++) {
		const char *key = map->keys[i]->text;

		if (!is_own(key))
			json_object_set_new(
			    config, key, read_value(map->items[i], want_of(channel->kind, key)));
	}
	return config;
}

static void decode_channel(struct decode *d, const struct node *name, struct channel *channel)
{
	const struct node *map = channel->node;
	const struct node *runs;
	char *what;

	if (map->kind != NODE_MAP) {
		NODE_PROBLEM(d->list, map, "a channel must be a map such as {webhook: …}, not %s",
		    node_kind_name(map));
		return;
	}
	channel->kind = find_kind(d, name, map);
	if (!channel->kind)
		return;
	what = mem_printf("the channel '%s' (%s)", name->text, channel->kind->name);
	if (node_check_map(map, channel->kind->keys, what, d->list) == 0) {
		read_on(d, channel);
		read_severity(d, channel);
		channel->kind->check(map, d->list);
		runs = node_get(map, "runs");
		channel->all_runs = runs && strcmp(runs->text, "all") == 0;
		channel->config = read_config(channel);
	}
	free(what);
}

static void decode_channels(
    struct decode *d, const struct field *field, const struct node *value, void *out)
{
	struct platform *platform = out;

	if (!decode_is_map(d, field, value))
		return;
	platform->channels = mem_alloc((value->count + 1) * sizeof(*platform->channels));
	for (size_t i = 0; i < value->count; i++) {
		struct channel *channel = &platform->channels[platform->channel_count++];

		channel->name = mem_text(value->keys[i]->text);
		channel->pos = value->keys[i]->pos;
		channel->node = value->items[i];
		decode_channel(d, value->keys[i], channel);
	}
}

/* The schema is made from the kinds' tables: schema.c. */
const struct type type_channels = {"a map of names and channels, such as {slack: {webhook: …}}",
    decode_channels, NULL, "\"CHANNELS\""};

const struct channel *platform_channel(const struct platform *platform, const char *name)
{
	for (size_t i = 0; i < platform->channel_count; i++)
		if (strcmp(platform->channels[i].name, name) == 0)
			return &platform->channels[i];
	return NULL;
}
