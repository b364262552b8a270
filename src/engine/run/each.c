/* Goes through lists. Invariant: an item is told masked from the first on, and counted as it is told: a run that
 * goes on knows it by that. */
#include "each.h"

#include <stdlib.h>

#include "engine/terms/item.h"

int each_list(struct each *each, struct world *world, const struct scope *scope,
    const struct condition *for_each, json_t *whose, struct err *err)
{
	json_t *items = past_items(world->past, whose);

	if ((!items && scope_eval(scope, for_each, &items, err) < 0) ||
	    ceiling_items(items, for_each->text, err) < 0) {
		json_decref(items);
		json_decref(whose);
		return -1;
	}
	each->items = items;
	each->told = redact_value(world->plan->redact, items);
	each->repeats = item_repeats_of_all(each->told);
	json_object_set(whose, "items", items);
	event_emit(world->tools.events, "items.listed", whose);
	return 0;
}

size_t each_count(const struct each *each)
{
	return each->items ? json_array_size(each->items) : 1;
}

void each_begin(const struct each *each, size_t at, const char *as, const struct scope *outer,
    struct each_item *item, struct scope *scope)
{
	*scope = (struct scope){.outer = outer};
	*item = (struct each_item){0};
	if (!each->items)
		return;
	item->told = json_array_get(each->told, at);
	item->repeat = each->repeats[at];
	item->names = json_object();
	json_object_set(item->names, as, json_array_get(each->items, at));
	scope->names = item->names;
	scope->items = true;
}

void each_item_release(struct each_item *item)
{
	json_decref(item->names);
}

void each_release(struct each *each)
{
	json_decref(each->items);
	json_decref(each->told);
	free(each->repeats);
}
