/* Puts together what happened in a run. Invariant: every event given is kept somewhere, and nothing
 * is said that no event said. */
#include "fsops/record.h"

#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/value.h"

struct record *record_new(void)
{
	struct record *record = mem_alloc(sizeof(*record));

	record->events = json_array();
	record->problems = json_array();
	record->resumed = json_array();
	record->before = json_array();
	record->after = json_array();
	record->notes = json_array();
	return record;
}

static void action_release(struct record_action *action)
{
	json_decref(action->started);
	json_decref(action->made);
	json_decref(action->finished);
	json_decref(action->output);
	json_decref(action->approvals);
	json_decref(action->metrics);
}

static void step_release(struct record_step *step)
{
	for (size_t i = 0; i < step->action_count; i++)
		action_release(&step->actions[i]);
	free(step->actions);
	json_decref(step->started);
	json_decref(step->finished);
	json_decref(step->budget);
	json_decref(step->lists);
}

void record_free(struct record *record)
{
	if (!record)
		return;
	for (size_t i = 0; i < record->step_count; i++)
		step_release(&record->steps[i]);
	free(record->steps);
	json_decref(record->events);
	json_decref(record->problems);
	json_decref(record->started);
	json_decref(record->finished);
	json_decref(record->resumed);
	json_decref(record->before);
	json_decref(record->after);
	json_decref(record->notes);
	json_decref(record->last);
	free(record);
}

static void keep(json_t **slot, const json_t *event)
{
	json_decref(*slot);
	*slot = json_incref((json_t *)event);
}

static struct record_step *find_step(const struct record *record, const char *id)
{
	for (size_t i = record->step_count; id && i-- > 0;)
		if (strcmp(record->steps[i].id, id) == 0)
			return &record->steps[i];
	return NULL;
}

const struct record_step *record_step(const struct record *record, const char *id)
{
	return find_step(record, id);
}

static struct record_step *add_step(struct record *record, const json_t *event)
{
	struct record_step *step;

	MEM_PUSH_ROOM(record->steps, record->step_count);
	step = &record->steps[record->step_count++];
	*step = (struct record_step){
	    .id = value_get_text(event, "step"), .budget = json_array(), .lists = json_array()};
	keep(&step->started, event);
	return step;
}

/* ---- actions ---- */

/* The last one of that id and item that has not ended. */
static struct record_action *find_action(struct record_step *step, const json_t *event)
{
	const char *id = value_get_text(event, "action");

	while (step->settled < step->action_count && step->actions[step->settled].finished)
		step->settled++;
	for (size_t i = step->action_count; id && i-- > step->settled;) {
		struct record_action *action = &step->actions[i];

		if (!action->finished && record_action_is(action, event))
			return action;
	}
	return NULL;
}

static struct record_action *add_action(struct record_step *step, const json_t *event)
{
	struct record_action *action;

	MEM_PUSH_ROOM(step->actions, step->action_count);
	action = &step->actions[step->action_count++];
	*action = (struct record_action){
	    .id = value_get_text(event, "action"),
	    .output = json_array(),
	    .approvals = json_array(),
	    .metrics = json_array(),
	    .seq = json_integer_value(json_object_get(event, "seq")),
	};
	return action;
}

/* The action that EVENT is about; NULL when it names none of a step that has begun. */
static struct record_action *action_of(struct record *record, const json_t *event)
{
	struct record_step *step = find_step(record, value_get_text(event, "step"));
	struct record_action *action = step ? find_action(step, event) : NULL;

	if (!step || !value_get_text(event, "action"))
		return NULL;
	return action ? action : add_action(step, event);
}

/* ---- events by type; false: it belongs nowhere else ---- */

static bool on_run_started(struct record *record, const json_t *event)
{
	keep(&record->started, event);
	return true;
}

static bool on_run_resumed(struct record *record, const json_t *event)
{
	json_array_append(record->resumed, (json_t *)event);
	json_decref(record->finished);
	record->finished = NULL;
	return true;
}

static bool on_run_finished(struct record *record, const json_t *event)
{
	keep(&record->finished, event);
	return true;
}

static bool on_step_started(struct record *record, const json_t *event)
{
	if (!value_get_text(event, "step"))
		return false;
	add_step(record, event);
	return true;
}

static bool on_step_finished(struct record *record, const json_t *event)
{
	struct record_step *step = find_step(record, value_get_text(event, "step"));

	if (!step)
		return false;
	keep(&step->finished, event);
	return true;
}

static bool on_budget(struct record *record, const json_t *event)
{
	struct record_step *step = find_step(record, value_get_text(event, "step"));

	return step && json_array_append(step->budget, (json_t *)event) == 0;
}

static bool on_items_listed(struct record *record, const json_t *event)
{
	struct record_step *step = find_step(record, value_get_text(event, "step"));

	return step && json_array_append(step->lists, (json_t *)event) == 0;
}

static bool on_action_started(struct record *record, const json_t *event)
{
	struct record_action *action = action_of(record, event);

	if (action)
		keep(&action->started, event);
	return action;
}

static bool on_action_made(struct record *record, const json_t *event)
{
	struct record_action *action = action_of(record, event);

	if (action)
		keep(&action->made, event);
	return action;
}

static bool on_action_output(struct record *record, const json_t *event)
{
	struct record_action *action = action_of(record, event);

	return action && json_array_append(action->output, (json_t *)event) == 0;
}

static bool on_action_finished(struct record *record, const json_t *event)
{
	struct record_action *action = action_of(record, event);

	if (action)
		keep(&action->finished, event);
	return action;
}

static bool on_approval(struct record *record, const json_t *event)
{
	struct record_action *action = action_of(record, event);

	return action && json_array_append(action->approvals, (json_t *)event) == 0;
}

static bool on_metric(struct record *record, const json_t *event)
{
	const char *when = value_get_text(event, "when");
	struct record_action *action;

	if (when && strcmp(when, "before") == 0)
		return json_array_append(record->before, (json_t *)event) == 0;
	if (when && strcmp(when, "after") == 0)
		return json_array_append(record->after, (json_t *)event) == 0;
	action = action_of(record, event);
	return action && json_array_append(action->metrics, (json_t *)event) == 0;
}

static const struct {
	const char *type;
	bool (*add)(struct record *record, const json_t *event);
} adders[] = {
    {"run.started", on_run_started},
    {"run.resumed", on_run_resumed},
    {"run.finished", on_run_finished},
    {"step.started", on_step_started},
    {"step.finished", on_step_finished},
    {"budget.warned", on_budget},
    {"budget.exceeded", on_budget},
    {"items.listed", on_items_listed},
    {"action.started", on_action_started},
    {"action.made", on_action_made},
    {"action.output", on_action_output},
    {"action.finished", on_action_finished},
    {"approval.asked", on_approval},
    {"approval.given", on_approval},
    {"metric.measured", on_metric},
};

void record_add(struct record *record, const json_t *event)
{
	const char *type = value_get_text(event, "type");
	bool kept = false;

	json_array_append(record->events, (json_t *)event);
	for (size_t i = 0; type && i < COUNT_OF(adders); i++)
		if (strcmp(adders[i].type, type) == 0)
			kept = adders[i].add(record, event);
	if (!kept)
		json_array_append(record->notes, (json_t *)event);
	keep(&record->last, event);
}

/* ---- as a sink ---- */

struct record_sink {
	struct sink base;
	struct record *record;
};

static void sink_event(struct sink *base, const json_t *event)
{
	record_add(((struct record_sink *)base)->record, event);
}

static void sink_close(struct sink *base)
{
	free(base);
}

static const struct sink_ops record_ops = {
    .event = sink_event, .close = sink_close, .as_it_happens = true};

struct sink *record_sink(struct record *record)
{
	struct record_sink *sink = mem_alloc(sizeof(*sink));

	sink->base.ops = &record_ops;
	sink->record = record;
	return &sink->base;
}
