/*
 * Which variables of runbooks the environment sets: FSOPS_VAR_NAME sets `name`, in capitals only.
 *
 *	switch (var_environment_look(runbook->vars, runbook->var_count, "FSOPS_VAR_Name", &var)) …
 */
#ifndef FSOPS_CLI_VAR_ENVIRONMENT_H
#define FSOPS_CLI_VAR_ENVIRONMENT_H

#include <stdbool.h>

#include "fsops/model.h"

#define VAR_ENVIRONMENT "FSOPS_VAR_"

/* Does the variable KEY of the environment set one of VARS? *NEAR (unless it does, else left as it is) becomes
 * the one that it would set if it were written in capitals. */
bool var_environment_sets(
    const struct var *vars, size_t count, const char *key, const struct var **near);

/* One complaint of each variable of the environment that nothing comes of but for its small letters. */
void var_environment_warn(const struct platform *platform, const struct runbook *runbook);

#endif
