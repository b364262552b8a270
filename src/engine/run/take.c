/* Takes over what an interrupted run had come to. Invariant: nothing is told again. */
#include "take.h"

#include <string.h>

#include "fsops/value.h"

static void take_captures(struct run *run, const json_t *captured)
{
	json_object_update(run->names, (json_t *)captured);
	json_object_update(run->vars, (json_t *)captured);
}

static void take_metrics(struct run *run, const json_t *metrics)
{
	for (size_t i = 0; i < json_array_size(metrics); i++) {
		json_t *metric = json_array_get(metrics, i);
		const char *name = value_get_text(metric, "name");

		if (name)
			json_object_set(run->metrics, name, metric);
	}
}

static void take_stop(struct run *run, enum stop stop, const char *why)
{
	if (stop != STOP_NONE)
		run_stop(run, stop, why ? why : "stopped before it was interrupted");
}

void take_gift(struct run *run, const struct past_gift *gift)
{
	take_captures(run, gift->captured);
	take_metrics(run, gift->metrics);
	if (gift->failed)
		run_add_level(run, gift->level);
	take_stop(run, gift->stop, gift->why);
}

static void tell(const struct run *run, const json_t *notes)
{
	for (size_t i = 0; i < json_array_size(notes); i++)
		event_emit(run->events, "note",
		    json_pack("{s:O, s:s}", "text", json_array_get(notes, i), "level", "warning"));
}

static void take_given(struct run *run, const struct past_given *given)
{
	for (size_t i = 0; i < given->gift_count; i++)
		take_gift(run, &given->gifts[i]);
	json_object_update(run->results, given->results);
	tell(run, given->notes);
	for (size_t i = 0; i < OUTCOME_COUNT; i++)
		run->counts[i] += given->counts[i];
	run->findings += given->findings;
	json_array_extend(run->left, given->left);
	run->untold += given->untold;
	if (given->bad)
		run_add_level(run, LEVEL_CRITICAL);
	take_stop(run, given->stop, given->why);
}

bool take_step(struct run *run, const char *step)
{
	struct past_given *given = past_step_given(run->past, step);

	if (given)
		take_given(run, given);
	past_given_free(given);
	return given != NULL;
}

bool take_before(struct run *run)
{
	const json_t *before = run->outer ? NULL : past_before(run->past);

	for (size_t i = json_array_size(before); i-- > 0;) {
		json_t *metric = json_array_get(before, i);

		json_object_set(run->metrics, value_get_text(metric, "name"), metric);
	}
	return before != NULL;
}
