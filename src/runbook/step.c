/*
 * Steps. A step has a list of actions, or is one action itself: its keys are then
 * the step's and the action's together (`id`, `when`, `for_each`, `as` and `on_failure`
 * are the step's).
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/buf.h"
#include "fsops/mem.h"
#include "runbook/catalog/catalog.h"

/* An id made from a title is cut here. */
#define ID_MADE_MAX 200

static void decode_actions(
    struct decode *d, const struct field *field, const struct node *value, void *out);
static const struct type type_actions = {"a list of actions", decode_actions, NULL,
    "{\"type\": \"array\", \"minItems\": 1, \"items\": {\"$ref\": \"#/definitions/action\"}}"};

#define AT(member) offsetof(struct step, member)
const struct field step_fields[] = {
    {"step", &type_text, AT(title), "what is done, as a title", true, NULL},
    {"id", &type_id, AT(id), "the name to refer to it by; default: the title in snake_case", false,
        NULL},
    {"budget", &type_span, AT(budget), "how long the step may take; default 5m", false, NULL},
    {"when", &type_expr, AT(when), "condition; when false the step is skipped", false, NULL},
    {"for_each", &type_expr, AT(for_each),
        "a list; once for each item: only reads, at once, else one after another", false, NULL},
    {"as", &type_variable, AT(as), "the item's name; default item", false, NULL},
    {"sequential", &type_bool, AT(sequential),
        "its reads, and the items that they go through, one by one, not at once", false, NULL},
    {"on_failure", &type_on_failure, AT(on_failure), "continue or stop when it failed", false,
        NULL},
    {"actions", &type_actions, 0, "what is done, one action or more", false, action_fields},
    {0},
};
#undef AT

/* Whether the map has a key that nothing knows: that was reported, and may be the adapter's name
 * with a mistake in it. */
static bool has_unknown_key(const struct node *map)
{
	for (size_t i = 0; i < map->count; i++) {
		const char *key = map->keys[i]->text;

		if (!decode_find(step_fields, key) && !decode_find(action_fields, key) &&
		    !adapter_find(key))
			return true;
	}
	return false;
}

static void decode_action(struct decode *d, const struct node *map, struct action *action)
{
	action->node = map;
	action->pos = map->pos;
	if (decode_map(d, map, action_fields, "an action", &action_adapters, action) < 0)
		return;
	if (node_get(map, "as") && !node_get(map, "for_each"))
		NODE_PROBLEM(d->list, node_get(map, "as"), "'as' needs 'for_each'");
	action_bind(d, action, !action->adapter && has_unknown_key(map));
	action_finish(d, action);
}

static void decode_actions(
    struct decode *d, const struct field *field, const struct node *value, void *out)
{
	struct step *step = out;

	if (!decode_is_list(d, field, value))
		return;
	if (!value->count)
		NODE_PROBLEM(d->list, value, "a step needs at least one action");
	if (step->actions)
		return; /* an action's own key stood before it, and was reported */
	step->actions = mem_alloc((value->count + 1) * sizeof(*step->actions));
	for (size_t i = 0; i < value->count; i++)
		decode_action(d, value->items[i], &step->actions[step->action_count++]);
}

/* A key of an action in the step itself. */
static bool take_action_key(
    struct decode *d, const struct node *key, const struct node *value, void *object)
{
	struct step *step = object;
	const struct field *field = decode_find(action_fields, key->text);

	if (!field && !adapter_find(key->text))
		return false;
	if (node_get(step->node, "actions")) {
		NODE_PROBLEM(d->list, key,
		    "'%s' belongs to an action: move it into one of 'actions'", key->text);
		return true;
	}
	if (!step->actions) {
		step->actions = mem_alloc(sizeof(*step->actions));
		step->action_count = 1;
		step->actions[0].node = step->node;
		step->actions[0].pos = step->node->pos;
	}
	if (field)
		decode_field(d, field, value, &step->actions[0]);
	else
		action_adapters.take(d, key, value, &step->actions[0]);
	return true;
}

static size_t action_key_names(const char **names, size_t max)
{
	size_t count = 0;

	for (const struct field *field = action_fields; field->key && count < max; field++)
		if (!decode_find(step_fields, field->key))
			names[count++] = field->key;
	return count + action_adapters.names(names + count, max - count);
}

static const struct decode_rest step_rest = {take_action_key, action_key_names};

/* "Check Database Health (2)" → "check_database_health_2". */
static void add_snake_case(struct buf *id, const char *title)
{
	for (; *title && !id->full; title++) {
		if (isalnum((unsigned char)*title))
			buf_addc(id, (char)tolower((unsigned char)*title));
		else if (id->len && id->data[id->len - 1] != '_')
			buf_addc(id, '_');
	}
	while (id->len && id->data[id->len - 1] == '_')
		id->data[--id->len] = '\0';
}

/* NUMBER is for a title without letters. */
static char *make_id(const char *title, size_t number)
{
	struct buf id;
	char *made;

	buf_init(&id, ID_MADE_MAX);
	add_snake_case(&id, title);
	if (id.len && !isdigit((unsigned char)id.data[0]))
		return buf_detach(&id);
	made = id.len ? mem_printf("step_%s", id.data) : mem_printf("step_%zu", number);
	buf_release(&id);
	return made;
}

static void finish_inline(struct decode *d, struct step *step)
{
	struct action *action = &step->actions[0];

	action_bind(d, action, !action->adapter && has_unknown_key(step->node));
	action_finish(d, action);
}

static void name_all(struct step *step, size_t number)
{
	if (!step->id)
		step->id = make_id(step->title ? step->title : "", number);
	for (size_t i = 0; i < step->action_count; i++) {
		struct action *action = &step->actions[i];

		if (!action->id)
			action->id = i ? mem_printf("%s_%zu", step->id, i + 1) : mem_text(step->id);
	}
}

static void decode_step(struct decode *d, const struct node *map, struct step *step)
{
	step->node = map;
	step->pos = map->pos;
	if (decode_map(d, map, step_fields, "a step", &step_rest, step) < 0)
		return;
	if (!node_get(map, "actions") && step->actions)
		finish_inline(d, step);
	else if (!node_get(map, "actions") && !has_unknown_key(map))
		NODE_PROBLEM(d->list, map,
		    "a step needs 'actions', or a key that says what is done, such as kubectl, "
		    "http or manual");
	if (node_get(map, "as") && !node_get(map, "for_each"))
		NODE_PROBLEM(d->list, node_get(map, "as"), "'as' needs 'for_each'");
	if (!step->as)
		step->as = mem_text("item");
}

static void decode_steps(
    struct decode *d, const struct field *field, const struct node *value, void *out)
{
	struct step_list *list = out;

	if (!decode_is_list(d, field, value))
		return;
	if (!value->count && field->required)
		NODE_PROBLEM(d->list, value, "'%s' must have at least one step", field->key);
	list->items = mem_alloc((value->count + 1) * sizeof(*list->items));
	for (size_t i = 0; i < value->count; i++) {
		decode_step(d, value->items[i], &list->items[i]);
		name_all(&list->items[i], i + 1);
		list->count++;
	}
}

const struct type type_steps = {
    "a list of steps", decode_steps, NULL, SCHEMA_LIST("{\"$ref\": \"#/definitions/step\"}")};
