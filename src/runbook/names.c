/* Names to things: open addressing, never more than half full. */
#include "names.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"

#define CAP_FIRST 16

/* FNV-1a. */
static size_t hash(const char *name)
{
	uint64_t h = 14695981039346656037u;

	for (; *name; name++)
		h = (h ^ (unsigned char)*name) * 1099511628211u;
	return (size_t)(h ^ (h >> 32));
}

/* The slot that holds NAME, or the free one where it belongs. */
static struct names_slot *find(const struct names *names, const char *name)
{
	size_t at = hash(name) & (names->cap - 1);

	while (names->slots[at].name && strcmp(names->slots[at].name, name) != 0)
		at = (at + 1) & (names->cap - 1);
	return &names->slots[at];
}

static void grow(struct names *names)
{
	struct names old = *names;

	names->cap = old.cap ? old.cap * 2 : CAP_FIRST;
	names->slots = mem_alloc(names->cap * sizeof(*names->slots));
	for (size_t i = 0; i < old.cap; i++)
		if (old.slots[i].name)
			*find(names, old.slots[i].name) = old.slots[i];
	free(old.slots);
}

const void *names_put(struct names *names, const char *name, const void *thing)
{
	struct names_slot *slot;

	if (names->count * 2 >= names->cap)
		grow(names);
	slot = find(names, name);
	if (slot->name)
		return slot->thing;
	*slot = (struct names_slot){.name = name, .thing = thing};
	names->count++;
	return NULL;
}

void names_set(struct names *names, const char *name, const void *thing)
{
	if (names_put(names, name, thing))
		find(names, name)->thing = thing;
}

const void *names_get(const struct names *names, const char *name)
{
	return names->cap ? find(names, name)->thing : NULL;
}

void names_release(struct names *names)
{
	free(names->slots);
	*names = (struct names){0};
}
