/* What a metric's source asks, filled in, for other programs that ask the same. */
#include "expand.h"
#include "fsops/plan.h"
#include "vars.h"

json_t *metric_source_args(
    const struct catalog *catalog, const struct metric *metric, struct err *err)
{
	json_t *names = scope_constants(catalog->platform);
	struct redact *redact = redact_for_platform(catalog->platform, err);
	json_t *vars = redact ? vars_resolve(catalog->platform, NULL, &(struct plan_options){0},
	                            names, redact, err)
	                      : NULL;
	struct scope scope = {.names = names, .clock = &clock_system};
	struct expander expander = {.scope = &scope};
	json_t *args = NULL;

	if (vars)
		args = expand_json(&expander, metric->source.args, err);
	json_decref(vars);
	redact_free(redact);
	json_decref(names);
	return args;
}
