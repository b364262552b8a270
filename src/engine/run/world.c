/* What is around everything in a run. Invariant: the names are the plan's own and whatever became known since. */
#include "world.h"

#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/value.h"

static json_t *facts(const struct world *world)
{
	return json_pack("{s:s, s:s, s:s, s:b}", "id", events_run_id(world->tools.events),
	    "runbook", world->plan->runbook->name, "platform", world->plan->catalog->platform->name,
	    "check", world->options->check);
}

static void set_names(struct world *world)
{
	world->names = json_copy(world->plan->names);
	world->vars = json_copy(world->plan->vars);
	json_object_set(world->names, "vars", world->vars);
	world->results = json_object();
	world->metrics = json_object();
	json_object_set_new(world->names, "results", world->results);
	json_object_set_new(world->names, "metrics", world->metrics);
	json_object_set_new(world->names, "run", facts(world));
	world->scope = (struct scope){
	    .names = world->names, .clock = &clock_system, .redact = world->plan->redact};
}

void world_init(struct world *world, struct plan *plan, const struct run_options *options,
    const struct tools *tools)
{
	*world = (struct world){
	    .plan = plan, .options = options, .tools = *tools, .prefix = mem_text("")};
	world->past = past_new(options->past, plan, options->check);
	tally_init(&world->tally, NULL);
	set_names(world);
}

void world_init_inside(struct world *world, struct plan *plan, struct world *outer,
    const char *step, struct budget *around)
{
	*world = (struct world){.plan = plan,
	    .options = outer->options,
	    .tools = outer->tools,
	    .prefix = mem_printf("%s%s/", outer->prefix, step),
	    .around = around};
	tally_init(&world->tally, &outer->tally);
	set_names(world);
}

void world_release(struct world *world)
{
	json_decref(world->names);
	json_decref(world->vars);
	ceiling_release(&world->ceiling);
	tally_release(&world->tally);
	past_free(world->past);
	free(world->prefix);
}

void world_warn(const struct world *world, const char *text)
{
	event_emit(world->tools.events, "note",
	    json_pack("{s:o, s:s}", "text", value_text(text, strlen(text)), "level", "warning"));
}

void world_set_var(struct world *world, const char *name, json_t *value)
{
	json_object_set(world->names, name, value);
	json_object_set(world->vars, name, value);
}

void world_set_metric(struct world *world, json_t *metric)
{
	const char *name = value_get_text(metric, "name");

	if (name)
		json_object_set(world->metrics, name, metric);
}
