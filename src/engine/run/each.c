/* Goes through lists. Invariant: an item is told masked from the first on, and counted as it is told: a run that
 * goes on knows it by that. */
#include "each.h"

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
	json_object_set(whose, "items", items);
	event_emit(world->tools.events, "items.listed", whose);
	return 0;
}

void each_begin(struct each *each, const char *as, const struct scope *outer, struct scope *scope)
{
	*scope = (struct scope){.outer = outer};
	if (!each->items)
		return;
	each->repeat = item_repeats(each->told, each->at);
	json_decref(each->names);
	each->names = json_object();
	json_object_set(each->names, as, json_array_get(each->items, each->at));
	scope->names = each->names;
	scope->items = true;
}

bool each_next(struct each *each)
{
	return each->items && ++each->at < json_array_size(each->items);
}

const json_t *each_told(const struct each *each)
{
	return json_array_get(each->told, each->at);
}

void each_release(struct each *each)
{
	json_decref(each->items);
	json_decref(each->told);
	json_decref(each->names);
}
