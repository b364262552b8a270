/*
 * What texts of the platform's file take from the environment: by `${env.NAME}` and `${env["NAME"]}`, and by `${k}` and
 * `${vars.k}` when k is a variable of the platform whose default does so.
 *
 *	struct env_use *use = env_use_new(platform, &told, ctx);
 *	env_use_text(use, text);    // or env_use_json(); as many as there are
 *	env_use_end(use);           // the defaults of the variables that they name
 */
#ifndef FSOPS_ENV_USE_H
#define FSOPS_ENV_USE_H

#include <jansson.h>
#include <stddef.h>

#include "fsops/model.h"

/* Both MAY be NULL. */
struct env_told {
	/* The expression of a `${…}`, in a text or in the default of a variable that is used, into which something
	 * of the environment goes. Not for one that names all of `vars`: those it may mean come by themselves. */
	void (*hole)(void *ctx, const char *text, size_t len);
	/* A variable of the environment that is named there; MAY come more than once. */
	void (*name)(void *ctx, const char *name);
};

struct env_use;

struct env_use *env_use_new(
    const struct platform *platform, const struct env_told *told, void *ctx);
void env_use_text(struct env_use *use, const char *text);
/* The texts of VALUE at any depth. */
void env_use_json(struct env_use *use, const json_t *value);
/* Tells the rest; USE is gone. */
void env_use_end(struct env_use *use);

#endif
