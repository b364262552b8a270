/* Variables of the environment that are meant for runbooks. Invariant: values are not looked at. */
#include "var_environment.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "command.h"
#include "fsops/mem.h"
#include "fsops/plan.h"

extern char **environ;

bool var_environment_sets(
    const struct var *vars, size_t count, const char *key, const struct var **near)
{
	bool sets = false;

	for (size_t i = 0; i < count && !sets; i++) {
		char *wanted = var_environment_name(vars[i].name);

		sets = strcmp(wanted, key) == 0;
		if (!sets && strcasecmp(wanted, key) == 0)
			*near = &vars[i];
		free(wanted);
	}
	return sets;
}

static void warn(const char *key, const struct var *var)
{
	char *wanted = var_environment_name(var->name);

	complain("warning: %s sets no variable: that of '%s' is %s", key, var->name, wanted);
	free(wanted);
}

void var_environment_warn(const struct platform *platform, const struct runbook *runbook)
{
	for (char **at = environ; *at; at++) {
		const struct var *near = NULL;
		char *key;

		if (strncmp(*at, VAR_ENVIRONMENT, strlen(VAR_ENVIRONMENT)) != 0)
			continue;
		key = mem_textn(*at, strcspn(*at, "="));
		if (!var_environment_sets(runbook->vars, runbook->var_count, key, &near) &&
		    !var_environment_sets(platform->vars, platform->var_count, key, &near) && near)
			warn(key, near);
		free(key);
	}
}
