/* Names the items of a for_each in events. */
#include "item.h"

#include <stdlib.h>

#include "fsops/mem.h"

size_t item_repeats(const json_t *items, size_t index)
{
	const json_t *item = json_array_get(items, index);
	size_t count = 0;

	for (size_t i = 0; i < index; i++)
		count += json_equal(json_array_get(items, i), item) != 0;
	return count;
}

/* What is equal is written the same. */
static size_t count_one(json_t *seen, const json_t *item)
{
	char *key = json_dumps(item, JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS);
	json_int_t before = json_integer_value(json_object_get(seen, key));

	json_object_set_new(seen, key, json_integer(before + 1));
	free(key);
	return (size_t)before;
}

size_t *item_repeats_of_all(const json_t *items)
{
	size_t count = json_array_size(items);
	size_t *repeats = mem_alloc((count + 1) * sizeof(*repeats));
	json_t *seen = json_object();

	for (size_t i = 0; i < count; i++)
		repeats[i] = count_one(seen, json_array_get(items, i));
	json_decref(seen);
	return repeats;
}

static void add(
    json_t *fields, const char *name, const char *repeat_name, const json_t *item, size_t repeat)
{
	json_object_set(fields, name, (json_t *)item);
	if (repeat)
		json_object_set_new(fields, repeat_name, json_integer((json_int_t)repeat));
}

void item_add_own(json_t *fields, const json_t *item, size_t repeat)
{
	add(fields, "item", "item_repeat", item, repeat);
}

void item_add_step(json_t *fields, const json_t *item, size_t repeat)
{
	add(fields, "step_item", "step_item_repeat", item, repeat);
}
