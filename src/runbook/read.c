/*
 * A read inside something else: a metric's source, what an action looks at until it is content.
 *
 * Of its action only adapter, target, arguments, timeout and whether it is judged count. It is a read
 * by definition: what an adapter knows to be a change is a problem, what nothing can be known of (exec,
 * shell) is taken at its word.
 */
#include "runbook/catalog/catalog.h"

const struct field read_fields[] = {
    {"target", &type_checked, 0, "which target of the platform; default: the only or first one",
        false, NULL},
    {"timeout", &type_span, offsetof(struct action, timeout), "how long it may take", false, NULL},
    {"accept", &type_accept, offsetof(struct action, judged_by_expect),
        "any: what it gives counts whatever the exit or HTTP status is", false, NULL},
    {0},
};

void read_decode(struct decode *d, const struct field *field, const struct node *value,
    const char *what, struct action *read)
{
	if (!decode_is_map(d, field, value))
		return;
	read->node = value;
	read->pos = value->pos;
	decode_map(d, value, read_fields, what, &action_adapters, read);
}

static bool has_unknown_key(const struct node *map)
{
	for (size_t i = 0; i < map->count; i++)
		if (!decode_find(read_fields, map->keys[i]->text) &&
		    !adapter_find(map->keys[i]->text))
			return true;
	return false;
}

void read_bind(struct decode *d, struct action *read, const char *what)
{
	if (!read->node)
		return; /* reported */
	action_bind(d, read, !read->adapter && has_unknown_key(read->node));
	if (read->adapter && read->adapter->hosted)
		NODE_PROBLEM(d->list, read->node, "'%s' belongs into a step: %s asks the platform",
		    read->adapter->name, what);
	if (read->derived == EFFECT_CHANGE || read->derived == EFFECT_DESTROY)
		NODE_PROBLEM(d->list, read->node, "%s must only read, but this would %s something",
		    what, effect_name(read->derived));
	read->effect = EFFECT_READ;
}
