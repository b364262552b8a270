/*
 * Runbooks: their keys, and what must be unique in one.
 *
 * Step ids are one set of names (--from, --only), action ids another (results.ID), each over
 * all sections.
 */
#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "runbook/catalog/catalog.h"

static int decode_metric_name(
    struct decode *d, const struct field *field, const struct node *value, void *item)
{
	const struct metric *metric = find_metric(d, value);

	(void)field;
	*(const struct metric **)item = metric;
	return metric ? 0 : -1;
}

static void decode_metric_names(
    struct decode *d, const struct field *field, const struct node *value, void *out)
{
	decode_items(d, field, value, sizeof(struct metric *), decode_metric_name, out);
}

static const struct type type_metric_names = {
    "a list of metrics of the platform", decode_metric_names, NULL, SCHEMA_LIST(SCHEMA_IDENTIFIER)};

#define AT(member)     offsetof(struct runbook, member)
#define SECTION(which) (offsetof(struct runbook, sections) + (which) * sizeof(struct step_list))
const struct field runbook_fields[] = {
    {"runbook", &type_name, AT(name), "the name typed after `fsops run`", true, NULL},
    {"aliases", &type_names, AT(aliases), "other names for it", false, NULL},
    {"title", &type_text, AT(title), "what it is about; default: the name", false, NULL},
    {"summary", &type_text, AT(summary), "one sentence more", false, NULL},
    {"severity", &type_level, AT(severity), "of the incident; default info", false, NULL},
    {"respond_within", &type_span, AT(respond_within), "how soon somebody must begin", false, NULL},
    {"schedule", &type_schedule, AT(schedule), "when it runs by itself: {daily: \"09:00\"}", false,
        NULL},
    {"symptoms", &type_texts, AT(symptoms), "how to know that this is the one", false, NULL},
    {"metrics", &type_metric_names, AT(metrics),
        "measured before the first step and after the last", false, NULL},
    {"vars", &type_vars, AT(vars), "variables: {name: default}", false, var_fields},
    {"steps", &type_steps, SECTION(SECTION_STEPS), "what is done, in order", true, step_fields},
    {"recovery", &type_steps, SECTION(SECTION_RECOVERY), "steps after the immediate ones", false,
        step_fields},
    {"on_failure", &type_steps, SECTION(SECTION_ON_FAILURE), "steps that run when a change failed",
        false, step_fields},
    {"always", &type_steps, SECTION(SECTION_ALWAYS),
        "steps that run after a failure, too; not after Ctrl-C or SIGTERM", false, step_fields},
    {0},
};
#undef AT
#undef SECTION

const char *section_name(enum section section)
{
	static const char *const names[] = {
	    [SECTION_STEPS] = "steps",
	    [SECTION_RECOVERY] = "recovery",
	    [SECTION_ON_FAILURE] = "on_failure",
	    [SECTION_ALWAYS] = "always",
	};

	return names[section];
}

const struct metric *find_metric(struct decode *d, const struct node *node)
{
	const struct platform *platform = d->catalog->platform;
	const struct metric *metric;
	const char **names;

	if (!node_want_text(node, "the name of a metric", d->list))
		return NULL;
	metric = names_get(&d->catalog->index->metrics, node->text);
	if (metric || platform->broken)
		return metric;
	names = mem_alloc((platform->metric_count + 1) * sizeof(*names));
	for (size_t i = 0; i < platform->metric_count; i++)
		names[i] = platform->metrics[i].name;
	no_such(d, node, "metric", names, platform->metric_count);
	free(names);
	return NULL;
}

/* The place of an id: where it is written, or what it was made for. */
static struct pos id_pos(const struct node *map)
{
	const struct node *id = node_get(map, "id");

	return id ? id->pos : map->pos;
}

static void name_step(struct decode *d, struct names *seen, const struct step *step)
{
	const struct step *first = names_put(seen, step->id, step);

	if (first)
		problem_add(d->list, PROBLEM_ERROR, id_pos(step->node),
		    "the step id '%s' is that of the step in line %d too; give one of them another "
		    "'id'",
		    step->id, first->pos.line);
}

static void name_action(struct decode *d, struct names *seen, const struct action *action)
{
	const struct action *first = names_put(seen, action->id, action);

	if (first)
		problem_add(d->list, PROBLEM_ERROR, id_pos(action->node),
		    "the action id '%s' is that of the action in line %d too; give one of them "
		    "another 'id'",
		    action->id, first->pos.line);
}

/* An action that is a step itself has the step's id: a duplicate is told once. */
static void check_ids(struct decode *d, const struct runbook *runbook)
{
	struct names steps = {0};
	struct names actions = {0};

	for (int section = 0; section < SECTION_COUNT; section++) {
		const struct step_list *list = &runbook->sections[section];

		for (size_t i = 0; i < list->count; i++) {
			const struct step *step = &list->items[i];
			bool duplicate = names_get(&steps, step->id) != NULL;

			name_step(d, &steps, step);
			for (size_t j = 0; j < step->action_count; j++)
				if (!duplicate || step->actions[j].node != step->node)
					name_action(d, &actions, &step->actions[j]);
		}
	}
	names_release(&steps);
	names_release(&actions);
}

void runbook_decode(struct decode *d, const struct node *root, struct runbook *runbook)
{
	runbook->node = root;
	runbook->pos = root->pos;
	if (decode_map(d, root, runbook_fields, "a runbook", NULL, runbook) < 0)
		return;
	if (!runbook->title && runbook->name)
		runbook->title = mem_text(runbook->name);
	if (runbook->severity == LEVEL_OK)
		runbook->severity = LEVEL_INFO;
	check_ids(d, runbook);
}
