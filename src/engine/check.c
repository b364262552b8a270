/* Measures metrics without a run: `fsops check`. */
#include "fsops/run.h"

#include <stdlib.h>

#include "fsops/child.h"
#include "fsops/mem.h"
#include "measure.h"
#include "vars.h"

struct checking {
	struct loop *loop;
	json_t *metrics;
	enum level worst;
};

static void on_measured(void *ctx, const json_t *metrics, enum level worst)
{
	struct checking *checking = ctx;

	checking->metrics = json_incref((json_t *)metrics);
	checking->worst = worst;
	loop_stop(checking->loop);
}

static json_t *names_json(const char *const *names, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_string(names[i]));
	return list;
}

static int check(struct checking *checking, const struct metric **metrics, size_t count,
    const struct scope *scope, struct err *err)
{
	struct children *children;

	checking->loop = loop_new(&clock_system);
	children = children_new(checking->loop, err);
	if (children) {
		measure_start(&(struct measure_spec){
		    .loop = checking->loop,
		    .children = children,
		    .scope = scope,
		    .metrics = metrics,
		    .count = count,
		    .done = on_measured,
		    .ctx = checking,
		});
		loop_run(checking->loop);
	}
	children_free(children);
	loop_free(checking->loop);
	return checking->metrics ? 0 : -1;
}

json_t *measure_metrics(const struct catalog *catalog, const char *const *names, size_t count,
    enum level *worst, struct err *err)
{
	const struct platform *platform = catalog->platform;
	json_t *wanted = names_json(names, count);
	json_t *constants = scope_constants(platform);
	struct redact *redact = redact_for_platform(platform);
	const struct metric **metrics = measure_select(platform, wanted, &count, err);
	json_t *vars =
	    vars_resolve(platform, NULL, &(struct plan_options){0}, constants, redact, err);
	struct scope scope = {.names = constants, .clock = &clock_system};
	struct checking checking = {0};
	json_t *masked = NULL;

	if (metrics && vars && check(&checking, metrics, count, &scope, err) == 0) {
		masked = redact_value(redact, checking.metrics);
		*worst = checking.worst;
	}
	json_decref(checking.metrics);
	json_decref(vars);
	free(metrics);
	redact_free(redact);
	json_decref(constants);
	json_decref(wanted);
	return masked;
}
