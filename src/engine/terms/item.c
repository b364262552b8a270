/* Names the items of a for_each in events. */
#include "item.h"

size_t item_repeats(const json_t *items, size_t index)
{
	const json_t *item = json_array_get(items, index);
	size_t count = 0;

	for (size_t i = 0; i < index; i++)
		count += json_equal(json_array_get(items, i), item) != 0;
	return count;
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
