/*
 * An action filled in: the one place where arguments, target and command line
 * come together, for the plan and for the run alike.
 */
#ifndef FSOPS_ENGINE_PREPARED_H
#define FSOPS_ENGINE_PREPARED_H

#include "engine/fill/expand.h"
#include "fsops/model.h"

struct prepared {
	json_t *args;
	json_t *target;    /* NULL when the action has none */
	json_t *tunnel;    /* that it goes through (tunnel_spec.h), or NULL */
	char *line;        /* the equivalent command line, not masked */
	char *save;        /* the file for the output, or NULL */
	size_t save_fixed; /* how much of it nothing was filled into, as of struct fresh_place */
	json_t *plain;     /* as of struct plan_action */
	char *title; /* not masked; what cannot be filled in stays as it is written; or NULL */
	enum effect effect; /* the stated one or the derived one, the higher; never UNSTATED */
};

/* Errors: an expression, or a value that would be more than a value: an option of a command, the way into
 * another folder. */
int prepared_make(struct prepared *prepared, const struct expander *expander,
    const struct action *action, struct err *err);
void prepared_release(struct prepared *prepared);

#endif
