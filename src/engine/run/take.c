/* Takes over what an interrupted run had come to. Invariant: nothing is told again. */
#include "take.h"

static void take_captures(struct world *world, const json_t *captured)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)captured, name, value)
		world_set_var(world, name, value);
}

static void take_metrics(struct world *world, const json_t *metrics)
{
	for (size_t i = 0; i < json_array_size(metrics); i++)
		world_set_metric(world, json_array_get(metrics, i));
}

static void take_stop(struct world *world, enum stop stop, const char *why)
{
	if (stop != STOP_NONE)
		tally_stop(&world->tally, stop, why ? why : "stopped before it was interrupted");
}

void take_gift(struct world *world, const struct past_gift *gift, json_t *captured)
{
	if (captured)
		json_object_update(captured, gift->captured);
	else
		take_captures(world, gift->captured);
	take_metrics(world, gift->metrics);
	if (gift->failed)
		tally_add_level(&world->tally, gift->level);
	take_stop(world, gift->stop, gift->why);
}

static void tell(const struct world *world, const json_t *notes)
{
	for (size_t i = 0; i < json_array_size(notes); i++)
		world_warn(world, json_string_value(json_array_get(notes, i)));
}

static void take_given(struct world *world, const struct past_given *given)
{
	for (size_t i = 0; i < given->gift_count; i++)
		take_gift(world, &given->gifts[i], NULL);
	json_object_update(world->results, given->results);
	tell(world, given->notes);
	for (size_t i = 0; i < OUTCOME_COUNT; i++)
		world->tally.counts[i] += given->counts[i];
	world->tally.findings += given->findings;
	json_array_extend(world->tally.left, given->left);
	world->tally.untold += given->untold;
	if (given->bad)
		tally_add_level(&world->tally, LEVEL_CRITICAL);
	take_stop(world, given->stop, given->why);
}

bool take_step(struct world *world, const char *step)
{
	struct past_given *given = past_step_given(world->past, step);

	if (given)
		take_given(world, given);
	past_given_free(given);
	return given != NULL;
}

bool take_before(struct world *world)
{
	const json_t *before = world->tally.outer ? NULL : past_before(world->past);

	for (size_t i = json_array_size(before); i-- > 0;)
		world_set_metric(world, json_array_get(before, i));
	return before != NULL;
}
