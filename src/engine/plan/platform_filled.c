/* What a platform's file asks of other systems, filled in, for programs that ask the same. */
#include "engine/secrets/own.h"
#include "engine/fill/embed.h"
#include "engine/fill/expand.h"
#include "fsops/plan.h"
#include "vars.h"

json_t *platform_filled(const struct catalog *catalog, const struct adapter *adapter,
    const json_t *args, struct err *err)
{
	json_t *names = scope_constants(catalog->platform);
	struct redact *redact = redact_for_platform(catalog->platform, err);
	json_t *vars = redact ? vars_resolve(catalog->platform, NULL, &(struct plan_options){0},
	                            names, redact, err)
	                      : NULL;
	struct scope scope = {.names = names, .clock = &clock_system, .redact = redact};
	struct expander expander = {.scope = &scope, .said = true};
	json_t *filled = NULL;

	if (vars)
		filled = embed_args(&expander, adapter, args, NULL, err);
	json_decref(vars);
	redact_free(redact);
	json_decref(names);
	return filled;
}
