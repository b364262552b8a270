/*
 * What is around everything that runs in one run: with what it runs (loop, children, events …), what is known by
 * name, what is known from before, and what it has come to. The run owns it; the levels below have it by pointer.
 */
#ifndef FSOPS_ENGINE_WORLD_H
#define FSOPS_ENGINE_WORLD_H

#include "ceiling.h"
#include "engine/fill/scope.h"
#include "engine/resume/past.h"
#include "fsops/adapter.h"
#include "fsops/run.h"
#include "tally.h"

struct budget;
struct tunnels;

/* Of the whole run: what it runs with. */
struct tools {
	struct loop *loop;
	struct children *children;
	struct tunnels *tunnels;
	struct events *events;
	struct asker *asker;          /* NULL: nobody to ask */
	const struct call_host *host; /* what adapters may ask for */
	/* Nobody can be asked any more, and nobody has said anything. */
	void (*terminal_lost)(void *ctx);
	void *ctx;
};

struct world {
	struct plan *plan;
	const struct run_options *options;
	struct tools tools;
	char *prefix;          /* before the ids of its steps: "" or "health_checks/" */
	struct past *past;     /* what is known of a run that goes on; NULL: it is new */
	struct budget *around; /* of the step that this run is inside of; NULL: it is the whole */
	struct tally tally;
	/* Everything expressions may name; grows as results come. */
	struct scope scope;
	json_t *names;
	json_t *vars;    /* the plan's, and what was captured since */
	json_t *results; /* borrowed from names */
	json_t *metrics; /* borrowed from names */
	struct ceiling ceiling;
};

/* Of the whole run of PLAN. */
void world_init(struct world *world, struct plan *plan, const struct run_options *options,
    const struct tools *tools);

/* Of PLAN, which STEP of OUTER, whose time is AROUND, runs. */
void world_init_inside(struct world *world, struct plan *plan, struct world *outer,
    const char *step, struct budget *around);

void world_release(struct world *world);

/* A note among the events; LEVEL is `warning`. */
void world_warn(const struct world *world, const char *text);

/* VALUE of the variable NAME, from now on. */
void world_set_var(struct world *world, const char *name, json_t *value);

/* The same of a metric, an object as events have it. */
void world_set_metric(struct world *world, json_t *metric);

#endif
