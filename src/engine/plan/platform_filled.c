/* What a platform's file asks of other systems, filled in, for programs that ask the same. */
#include "engine/secrets/own.h"
#include "expand.h"
#include "fsops/plan.h"
#include "vars.h"

json_t *platform_filled(const struct catalog *catalog, const json_t *value, struct err *err)
{
	json_t *names = scope_constants(catalog->platform);
	struct redact *redact = redact_for_platform(catalog->platform, err);
	json_t *vars = redact ? vars_resolve(catalog->platform, NULL, &(struct plan_options){0},
	                            names, redact, err)
	                      : NULL;
	struct scope scope = {.names = names, .clock = &clock_system, .redact = redact};
	struct expander expander = {.scope = &scope};
	json_t *filled = NULL;

	if (vars)
		filled = expand_json(&expander, value, err);
	json_decref(vars);
	redact_free(redact);
	json_decref(names);
	return filled;
}
