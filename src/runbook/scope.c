/*
 * What can be named in an expression, where it stands: the answers that
 * expr_compile() asks for.
 */
#include "scope.h"

#include <stdlib.h>
#include <string.h>

#include "fsops/channel.h"
#include "fsops/mem.h"
#include "fsops/text.h"
#include "runbook/catalog/catalog.h"

/* Anything may stand below fields of these types. */
static const char *const open_types[] = {"any", "map", "list"};

const struct adapter_field result_common_fields[] = {
    {"outcome", "string", "how it ended: passed, failed, timed_out, skipped …"},
    {"why", "string", "the reason, when it did not pass"},
    {"seconds", "double", "how long it took"},
    {0},
};

const struct adapter_field metric_fields[] = {
    {"value", "any", "the number, null when it is not known"},
    {"level", "string", "ok, info, warning, critical or unknown"},
    {"name", "string", "the metric's name"},
    {"title", "string", "the metric's title"},
    {"unit", "string", "the metric's unit"},
    {"baseline", "any", "the threshold as written, or null"},
    {"warning", "any", "the threshold as written, or null"},
    {"critical", "any", "the threshold as written, or null"},
    {"runbook", "any", "the runbook for a breach, or null"},
    {"error", "any", "why there is no value, or null"},
    {0},
};

/* ---- what is defined, in order ---- */

static void add_known(struct scope *scope, struct names *names, const char *name,
    const struct action *action, size_t order)
{
	struct known *known = &scope->known[scope->known_count++];

	*known = (struct known){order, action};
	if (name)
		names_put(names, name, known);
}

static size_t count_known(const struct runbook *runbook)
{
	size_t count = 0;

	for (int section = 0; section < SECTION_COUNT; section++)
		for (size_t i = 0; i < runbook->sections[section].count; i++) {
			const struct step *step = &runbook->sections[section].items[i];

			for (size_t j = 0; j < step->action_count; j++)
				count += 1 + step->actions[j].capture_count;
		}
	return count;
}

static void add_action(struct scope *scope, const struct action *action, size_t *order)
{
	add_known(scope, &scope->actions, action->id, action, (*order)++);
	for (size_t i = 0; i < action->capture_count; i++)
		add_known(scope, &scope->captures, action->captures[i].name, action, (*order)++);
}

void scope_begin(struct scope *scope, const struct runbook *runbook)
{
	size_t order = 0;

	scope->runbook = runbook;
	if (!runbook)
		return;
	scope->known = mem_alloc((count_known(runbook) + 1) * sizeof(*scope->known));
	for (int section = 0; section < SECTION_COUNT; section++)
		for (size_t i = 0; i < runbook->sections[section].count; i++) {
			const struct step *step = &runbook->sections[section].items[i];

			for (size_t j = 0; j < step->action_count; j++)
				add_action(scope, &step->actions[j], &order);
		}
}

void scope_add_var(struct scope *scope, const struct var *var)
{
	names_set(&scope->vars, var->name, var);
}

void scope_end(struct scope *scope)
{
	names_release(&scope->vars);
	names_release(&scope->captures);
	names_release(&scope->actions);
	free(scope->known);
	*scope = (struct scope){0};
}

/* The thing of that name, when it is there already; a later one is remembered. */
static const struct known *find_known(
    struct scope *scope, const struct names *names, const char *name)
{
	const struct known *known = names_get(names, name);

	if (known && known->order >= scope->now) {
		scope->later = known;
		return NULL;
	}
	return known;
}

/* ---- fields ---- */

static const struct adapter_field *find_field(const struct adapter_field *fields, const char *name)
{
	for (; fields && fields->name; fields++)
		if (text_same(fields->name, name))
			return fields;
	return NULL;
}

/* Whether there is something below a field: -1 when its type does not tell. */
static int below(const struct adapter_field *field)
{
	for (size_t i = 0; i < COUNT_OF(open_types); i++)
		if (strcmp(field->type, open_types[i]) == 0)
			return -1;
	return 0;
}

static size_t list_fields(const struct adapter_field *fields, const char **out, size_t max)
{
	size_t count = 0;

	for (; fields && fields->name && count < max; fields++)
		out[count++] = fields->name;
	return count;
}

static size_t list_names(
    const struct names *names, const struct scope *scope, const char **out, size_t max)
{
	size_t count = 0;

	for (size_t i = 0; i < names->cap && count < max; i++) {
		const struct known *known = names->slots[i].thing;

		if (names->slots[i].name && (!scope || known->order < scope->now))
			out[count++] = names->slots[i].name;
	}
	return count;
}

bool scope_has_variable(struct scope *scope, const char *name)
{
	return names_get(&scope->vars, name) || find_known(scope, &scope->captures, name);
}

/* ---- the names that every expression has ---- */

/* Where a name is there. */
#define IN_PLATFORM 1u
#define IN_RUNBOOK  2u
#define IN_CHANNEL  4u
#define EVERYWHERE  (IN_PLATFORM | IN_RUNBOOK | IN_CHANNEL)

/* PATH[0] is the name itself; COUNT is at least 2. Answers as expr_names' field and list. */
struct common {
	const char *name;
	unsigned where;
	int (*field)(struct scope *scope, const char *const *path, size_t count);
	size_t (*list)(struct scope *scope, const char *const *path, size_t count, const char **out,
	    size_t max);
};

static int results_field(struct scope *scope, const char *const *path, size_t count)
{
	const struct known *known = find_known(scope, &scope->actions, path[1]);
	const struct adapter_field *field;

	if (count == 2 || !known)
		return known ? 1 : 0;
	if (!known->action->adapter)
		return -1;
	field = find_field(known->action->adapter->fields, path[2]);
	if (!field)
		field = find_field(result_common_fields, path[2]);
	if (count == 3 || !field)
		return field ? 1 : 0;
	return below(field);
}

static size_t results_list(
    struct scope *scope, const char *const *path, size_t count, const char **out, size_t max)
{
	const struct known *known;
	size_t found;

	if (count == 1)
		return list_names(&scope->actions, scope, out, max);
	known = names_get(&scope->actions, path[1]);
	if (count > 2 || !known || !known->action->adapter)
		return 0;
	found = list_fields(known->action->adapter->fields, out, max);
	return found + list_fields(result_common_fields, out + found, max - found);
}

static int metrics_field(struct scope *scope, const char *const *path, size_t count)
{
	const struct adapter_field *field;

	if (!names_get(&scope->catalog->index->metrics, path[1]))
		return scope->catalog->platform->broken ? -1 : 0;
	if (count == 2)
		return 1;
	field = find_field(metric_fields, path[2]);
	if (count == 3 || !field)
		return field ? 1 : 0;
	return below(field);
}

static size_t metrics_list(
    struct scope *scope, const char *const *path, size_t count, const char **out, size_t max)
{
	(void)path;
	if (count == 1)
		return list_names(&scope->catalog->index->metrics, NULL, out, max);
	return count == 2 ? list_fields(metric_fields, out, max) : 0;
}

/* links and contacts: what platform.yaml says. */
static const json_t *platform_json(const struct scope *scope, const char *name)
{
	const struct platform *platform = scope->catalog->platform;

	return strcmp(name, "links") == 0 ? platform->links : platform->contacts;
}

static int json_field(struct scope *scope, const char *const *path, size_t count)
{
	const json_t *json = platform_json(scope, path[0]);

	if (scope->catalog->platform->broken)
		return -1;
	for (size_t i = 1; i < count; i++)
		json = json_object_get(json, path[i]);
	return json ? 1 : 0;
}

static size_t json_list(
    struct scope *scope, const char *const *path, size_t count, const char **out, size_t max)
{
	const json_t *json = platform_json(scope, path[0]);
	size_t found = 0;
	const char *key;
	json_t *value;

	for (size_t i = 1; i < count; i++)
		json = json_object_get(json, path[i]);
	json_object_foreach((json_t *)json, key, value) {
		if (found < max)
			out[found++] = key;
	}
	return found;
}

/* message.FIELD; nothing is below. */
static int message_field(struct scope *scope, const char *const *path, size_t count)
{
	(void)scope;
	return count == 2 && find_field(message_fields, path[1]) ? 1 : 0;
}

static size_t message_list(
    struct scope *scope, const char *const *path, size_t count, const char **out, size_t max)
{
	(void)scope;
	(void)path;
	return count == 1 ? list_fields(message_fields, out, max) : 0;
}

/* vars.NAME; what is below depends on what it holds. */
static int vars_field(struct scope *scope, const char *const *path, size_t count)
{
	if (!scope_has_variable(scope, path[1]))
		return 0;
	return count == 2 ? 1 : -1;
}

static size_t vars_list(
    struct scope *scope, const char *const *path, size_t count, const char **out, size_t max)
{
	size_t found;

	(void)path;
	if (count != 1)
		return 0;
	found = list_names(&scope->vars, NULL, out, max);
	return found + list_names(&scope->captures, scope, out + found, max - found);
}

static const struct common commons[] = {
    {"results", IN_RUNBOOK, results_field, results_list},
    {"metrics", IN_RUNBOOK, metrics_field, metrics_list},
    {"links", EVERYWHERE, json_field, json_list},
    {"contacts", EVERYWHERE, json_field, json_list},
    {"env", EVERYWHERE, NULL, NULL},
    {"run", IN_RUNBOOK | IN_CHANNEL, NULL, NULL},
    {"message", IN_CHANNEL, message_field, message_list},
    {"now", EVERYWHERE, NULL, NULL},
    {"vars", EVERYWHERE, vars_field, vars_list},
};

static unsigned where(const struct scope *scope)
{
	return scope->runbook ? IN_RUNBOOK : scope->channel ? IN_CHANNEL : IN_PLATFORM;
}

static const struct common *find_common(const struct scope *scope, const char *name)
{
	for (size_t i = 0; i < COUNT_OF(commons); i++)
		if (text_same(commons[i].name, name) && commons[i].where & where(scope))
			return &commons[i];
	return NULL;
}

/* ---- answers: the own result's fields come before anything else of the same name ---- */

static bool is_item(const struct scope *scope, const char *name)
{
	return (scope->step_item && strcmp(scope->step_item, name) == 0) ||
	       (scope->action_item && strcmp(scope->action_item, name) == 0);
}

static const struct adapter_field *own_field(const struct scope *scope, const char *name)
{
	return scope->own && scope->own->adapter ? find_field(scope->own->adapter->fields, name)
	                                         : NULL;
}

bool scope_knows(struct scope *scope, const char *name)
{
	if (strcmp(name, "metrics") == 0)
		scope->metrics = true;
	if (find_common(scope, name) || is_item(scope, name) || own_field(scope, name))
		return true;
	if (scope->own && !scope->own->adapter)
		return true; /* nobody knows which fields its result would have */
	return scope_has_variable(scope, name);
}

static bool known(void *ctx, const char *name)
{
	return scope_knows(ctx, name);
}

static int field(void *ctx, const char *const *path, size_t count)
{
	struct scope *scope = ctx;
	const struct adapter_field *own = own_field(scope, path[0]);
	const struct common *common = find_common(scope, path[0]);

	if (own)
		return below(own);
	if (is_item(scope, path[0]))
		return -1;
	return common && common->field ? common->field(scope, path, count) : -1;
}

/* Fields of a result are told to whoever looks for one in the wrong place, or by a wrong name. */
void scope_advise(const struct scope *scope, const char *name, struct buf *out)
{
	const struct action *action = scope->own ? scope->own : scope->action;
	const char *names[EXPR_NAMES_MAX];
	size_t count;

	if (!action || !action->adapter)
		return;
	count = list_fields(action->adapter->fields, names, EXPR_NAMES_MAX);
	if (scope->own) {
		buf_addf(out, "; the result of %s has ", action->adapter->name);
		for (size_t i = 0; i < count; i++)
			buf_addf(out, "%s%s",
			    i == 0          ? ""
			    : i + 1 < count ? ", "
			                    : " and ",
			    names[i]);
	} else if (find_field(action->adapter->fields, name)) {
		buf_addf(out,
		    "; the result of the action itself is there only in 'expect', 'until' and "
		    "'capture', that of another one is results.ID.%s",
		    name);
	}
}

static size_t list_all(struct scope *scope, const char **out, size_t max)
{
	size_t count = list_names(&scope->vars, NULL, out, max);

	count += list_names(&scope->captures, scope, out + count, max - count);
	if (scope->own && scope->own->adapter)
		count += list_fields(scope->own->adapter->fields, out + count, max - count);
	if (scope->step_item && count < max)
		out[count++] = scope->step_item;
	if (scope->action_item && count < max)
		out[count++] = scope->action_item;
	for (size_t i = 0; i < COUNT_OF(commons) && count < max; i++)
		if (find_common(scope, commons[i].name))
			out[count++] = commons[i].name;
	return count;
}

static size_t list(void *ctx, const char *const *path, size_t count, const char **out, size_t max)
{
	struct scope *scope = ctx;
	const struct common *common = count ? find_common(scope, path[0]) : NULL;

	if (!count)
		return list_all(scope, out, max);
	return common && common->list ? common->list(scope, path, count, out, max) : 0;
}

/* A metric is its value, level and title; a result its outcome and more. */
static const char *meant(void *ctx, const char *const *path, size_t count)
{
	struct scope *scope = ctx;
	const struct common *common = find_common(scope, path[0]);

	if (count != 2 || !common || own_field(scope, path[0]) || is_item(scope, path[0]))
		return NULL;
	return common->field == metrics_field   ? "value"
	       : common->field == results_field ? "outcome"
	                                        : NULL;
}

struct expr_names scope_names(struct scope *scope)
{
	scope->later = NULL;
	scope->metrics = false;
	return (struct expr_names){
	    .known = known, .field = field, .list = list, .meant = meant, .ctx = scope};
}
