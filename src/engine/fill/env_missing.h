/* Which variable of the environment a value waits for. */
#ifndef FSOPS_ENGINE_ENV_MISSING_H
#define FSOPS_ENGINE_ENV_MISSING_H

#include <jansson.h>

/* "NAME is not set", a new string, of the first `${env.NAME}` in the texts of VALUE that is not in ENV, or set
 * to nothing, which is as good; NULL: all are. */
char *env_missing(const json_t *env, const json_t *value);

#endif
