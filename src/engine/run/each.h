/* What a for_each goes through: of a step, or of an action. Without one it goes through nothing, once. */
#ifndef FSOPS_ENGINE_EACH_H
#define FSOPS_ENGINE_EACH_H

#include "world.h"

struct each {
	json_t *items;   /* NULL without a for_each */
	json_t *told;    /* the same as events tell them: masked */
	size_t *repeats; /* of each: how many that are told the same came before it */
};

/* One of them, while it runs. */
struct each_item {
	const json_t *told; /* borrowed; NULL without a for_each */
	size_t repeat;
	json_t *names; /* what is over the scope around it */
};

/* Work out the items of FOR_EACH in SCOPE, or take those that are on record, and tell them. WHOSE (taken): as of
 * past_items(). On an error nothing is told. */
int each_list(struct each *each, struct world *world, const struct scope *scope,
    const struct condition *for_each, json_t *whose, struct err *err);

/* How often it goes: 1 without a for_each. */
size_t each_count(const struct each *each);

/* The item at AT begins: it lies as AS over OUTER in SCOPE, which borrows from ITEM. */
void each_begin(const struct each *each, size_t at, const char *as, const struct scope *outer,
    struct each_item *item, struct scope *scope);

void each_item_release(struct each_item *item);
void each_release(struct each *each);

#endif
