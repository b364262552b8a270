/* Table-driven decoding: walking a map by its table. The types are in types.c. */
#include "decode.h"

#include <string.h>

#include "fsops/mem.h"
#include "fsops/text.h"

#define NAMES_MAX 128

const struct field *decode_find(const struct field *fields, const char *key)
{
	for (; fields->key; fields++)
		if (text_same(fields->key, key))
			return fields;
	return NULL;
}

void decode_field(
    struct decode *d, const struct field *field, const struct node *value, void *object)
{
	field->type->decode(d, field, value, (char *)object + field->offset);
}

void decode_wrong(struct decode *d, const struct field *field, const struct node *value)
{
	if (value->kind == NODE_SCALAR && !node_is_null(value))
		NODE_PROBLEM(d->list, value, "'%s' must be %s, not '%s'", field->key,
		    field->type->name, value->text);
	else
		NODE_PROBLEM(d->list, value, "'%s' must be %s, not %s", field->key,
		    field->type->name,
		    value->kind == NODE_LIST && !value->count ? "an empty list"
		                                              : node_kind_name(value));
}

bool decode_is_list(struct decode *d, const struct field *field, const struct node *value)
{
	if (value->kind != NODE_LIST)
		decode_wrong(d, field, value);
	return value->kind == NODE_LIST;
}

bool decode_is_map(struct decode *d, const struct field *field, const struct node *value)
{
	if (value->kind != NODE_MAP)
		decode_wrong(d, field, value);
	return value->kind == NODE_MAP;
}

static void read_items(struct decode *d, const struct field *field, struct node *const *nodes,
    size_t count, size_t size, decode_item_fn *read, void *out)
{
	struct {
		char *items;
		size_t count;
	} list = {0};

	list.items = mem_alloc((count + 1) * size);
	for (size_t i = 0; i < count; i++)
		if (read(d, field, nodes[i], list.items + list.count * size) == 0)
			list.count++;
	memcpy(out, &list, sizeof(list)); /* transferred */
}

void decode_items(struct decode *d, const struct field *field, const struct node *value,
    size_t size, decode_item_fn *read, void *out)
{
	if (decode_is_list(d, field, value))
		read_items(d, field, value->items, value->count, size, read, out);
}

void decode_items_or_one(struct decode *d, const struct field *field, const struct node *value,
    size_t size, decode_item_fn *read, void *out)
{
	struct node *one = (struct node *)value;

	if (value->kind != NODE_LIST)
		read_items(d, field, &one, 1, size, read, out);
	else if (value->count)
		decode_items(d, field, value, size, read, out);
	else
		decode_wrong(d, field, value);
}

static void unknown_key(struct decode *d, const struct node *key, const struct field *fields,
    const char *what, const struct decode_rest *rest)
{
	const char *names[NAMES_MAX];
	size_t count = 0;

	for (; fields->key && count < NAMES_MAX; fields++)
		names[count++] = fields->key;
	if (rest)
		count += rest->names(names + count, NAMES_MAX - count);
	node_unknown_key(key, what, names, count, d->list);
}

int decode_map(struct decode *d, const struct node *map, const struct field *fields,
    const char *what, const struct decode_rest *rest, void *object)
{
	if (map->kind != NODE_MAP) {
		NODE_PROBLEM(d->list, map, "%s must be a map, not %s", what, node_kind_name(map));
		return -1;
	}
	for (size_t i = 0; i < map->count; i++) {
		const struct node *key = map->keys[i];
		const struct field *field = decode_find(fields, key->text);

		if (field)
			decode_field(d, field, map->items[i], object);
		else if (!(rest && rest->take(d, key, map->items[i], object)))
			unknown_key(d, key, fields, what, rest);
	}
	for (; fields->key; fields++)
		if (fields->required && !node_get(map, fields->key))
			NODE_PROBLEM(
			    d->list, map, "%s needs '%s' (%s)", what, fields->key, fields->help);
	return 0;
}
