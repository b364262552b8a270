/*
 * What expressions refer to: which result fields anybody looks at (so that
 * costly ones are made only then), which metrics must be measured first, and
 * which action waits for which.
 */
#ifndef FSOPS_ENGINE_REFS_H
#define FSOPS_ENGINE_REFS_H

#include <jansson.h>
#include <stdbool.h>

#include "fsops/model.h"

/* Every path in every expression of an action, its templates included. */
void action_each_path(const struct action *action, expr_path_fn *fn, void *ctx);
/* Of a step itself, without its actions. */
void step_each_path(const struct step *step, expr_path_fn *fn, void *ctx);

/*
 * Everything that a runbook's expressions look at, a new object:
 *	{"results": {ID: {FIELD: true}}, "metrics": {NAME: true}}
 * A field "*" means that the result is used as a whole.
 */
json_t *refs_of_runbook(const struct runbook *runbook);

/* The fields of ID's result that are looked at, its own expectations included; a new object. */
json_t *refs_fields(const json_t *refs, const struct action *action);

/* Does any expression of the runbook look at results.ID? */
bool refs_result_wanted(const json_t *refs, const char *id);

/* Is FIELD among WANTS (an object as refs_fields() makes)? NULL wants nothing. */
bool refs_wants(const json_t *wants, const char *field);

/* The earlier actions of its step that an action waits for, by their place. */
struct action_needs {
	size_t *items;
	size_t count;
};

/* For each action of STEP: whose result, or whose captured variable, does it look at? */
struct action_needs *refs_needs(const struct step *step);
void refs_needs_free(struct action_needs *needs, size_t count);

/* Does one of COUNT ACTIONS of a step look at what one of them gives, itself included? Then it may look at what the
 * item before it in a for_each has given. */
bool refs_look_back(const struct action *actions, size_t count);

#endif
