/* How events name the item of a for_each: by what is told of it and, when others before it are told the
 * same, by how many those are. A run that goes on knows its items by that. */
#ifndef FSOPS_ENGINE_ITEM_H
#define FSOPS_ENGINE_ITEM_H

#include <jansson.h>
#include <stddef.h>

/* How many of ITEMS before INDEX are equal to the one there. */
size_t item_repeats(const json_t *items, size_t index);

/* The same of each, in one go: a new array. */
size_t *item_repeats_of_all(const json_t *items);

/* Add ITEM to FIELDS of an event, which has REPEAT like it before it: as its action's own, or as its
 * step's. */
void item_add_own(json_t *fields, const json_t *item, size_t repeat);
void item_add_step(json_t *fields, const json_t *item, size_t repeat);

#endif
