/* Escalation while a run goes on. Invariant: each level is told once, and announced once, also when the
 * run was interrupted in between. */
#include "climb.h"

#include <string.h>
#include <stdlib.h>

#include "fsops/escalation.h"
#include "fsops/mem.h"
#include "fsops/value.h"

struct climb {
	const struct world *world;
	struct loop_timer *timer;
	msec began;    /* on the loop's clock; before the loop was made when the run goes on */
	int announced; /* the highest level that channels know, or need not be told */
};

static bool climbs(const struct world *world)
{
	const struct runbook *runbook = world->plan->runbook;
	const struct platform *platform = world->plan->catalog->platform;

	return platform->escalation_count && !world->options->check &&
	       runbook->severity >= LEVEL_WARNING && runbook->schedule.kind == SCHEDULE_NONE &&
	       (runbook->respond_within || escalation_names(platform, runbook));
}

static json_t *people(const struct platform *platform, int level)
{
	const struct escalation *entry = NULL;
	json_t *list = json_array();

	while ((entry = escalation_next(platform, level, entry)))
		if (entry->contact)
			json_array_append_new(list, contact_object(platform, entry->contact));
	return list;
}

static void emit(struct climb *climb, const struct escalation_state *state, msec elapsed)
{
	const struct world *world = climb->world;
	const struct platform *platform = world->plan->catalog->platform;
	msec left = state->next_at - elapsed;
	json_t *fields = json_pack("{s:i, s:s, s:f, s:o, s:b}", "level", state->level, "severity",
	    level_name(world->plan->runbook->severity), "since_seconds", (double)elapsed / 1000,
	    "who", people(platform, state->level), "announce", state->level > climb->announced);
	struct buf text;

	buf_init(&text, BUF_TEXT_MAX);
	escalation_add_text(&text, platform, state, elapsed, clock_system.wall(clock_system.ctx));
	json_object_set_new(fields, "text", value_text(text.data, text.len));
	json_object_set_new(fields, "next", state->next ? json_integer(state->next) : json_null());
	if (state->next)
		json_object_set_new(fields, "next_seconds", json_real((double)left / 1000));
	if (state->level > climb->announced)
		climb->announced = state->level;
	event_emit(world->tools.events, "escalated", fields);
	buf_release(&text);
}

static void look(void *ctx)
{
	struct climb *climb = ctx;
	const struct world *world = climb->world;
	msec elapsed = loop_now(world->tools.loop) - climb->began;
	const struct escalation_state state = escalation_at(world->plan->catalog->platform,
	    world->plan->runbook, world->plan->runbook->severity, elapsed);

	climb->timer = NULL;
	emit(climb, &state, elapsed);
	if (state.next)
		climb->timer = loop_after(world->tools.loop, state.next_at - elapsed, look, climb);
}

/* How long ago the run began, before this process took it up. */
static msec age(const struct record *past)
{
	const char *text = past ? value_get_text(past->started, "time") : NULL;
	msec wall, now = clock_system.wall(clock_system.ctx);

	return text && clock_parse_rfc3339(text, &wall) == 0 && wall < now ? now - wall : 0;
}

static int last_level(const struct record *past)
{
	json_t *event;
	size_t i;
	int level = 0;

	json_array_foreach(past ? past->events : NULL, i, event) {
		if (strcmp(value_get_text(event, "type"), "escalated") == 0)
			level = (int)value_get_number(event, "level", 0);
	}
	return level;
}

struct climb *climb_start(const struct world *world)
{
	struct climb *climb;
	int before;

	if (!climbs(world))
		return NULL;
	climb = mem_alloc(sizeof(*climb));
	before = last_level(world->options->past);
	*climb = (struct climb){
	    .world = world,
	    .began = loop_now(world->tools.loop) - age(world->options->past),
	    /* The lowest level is whoever has begun this run. */
	    .announced = before ? before : escalation_above(world->plan->catalog->platform, 0),
	};
	look(climb);
	return climb;
}

void climb_free(struct climb *climb)
{
	if (!climb)
		return;
	loop_cancel(climb->timer);
	free(climb);
}
