/*
 * The variables of a run. Where a value comes from, the first that has one:
 * --var K=V, the environment variable FSOPS_VAR_K (K in capitals), the platform's
 * vars, the runbook's default.
 */
#ifndef FSOPS_ENGINE_VARS_H
#define FSOPS_ENGINE_VARS_H

#include <jansson.h>

#include "engine/fill/expand.h"
#include "fsops/plan.h"

/*
 * Resolve every variable of the runbook (NULL: none) and its platform: a new object, name → value. NAMES
 * holds scope_constants() and gets the variables too, so that one may use those before it.
 * Secret ones are added to REDACT. Errors, all of them in one text: unknown names, missing
 * required ones, a value that does not fit the pattern or the default's type.
 */
json_t *vars_resolve(const struct platform *platform, const struct runbook *runbook,
    const struct plan_options *options, json_t *names, struct redact *redact, struct err *err);

#endif
