/*
 * What a run may hold of values from outside: all of its variables, all of its results, the items of a for_each.
 * Sizes are as JSON, as long as a journal would write them.
 */
#ifndef FSOPS_ENGINE_CEILING_H
#define FSOPS_ENGINE_CEILING_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "fsops/err.h"

#define RUN_VARS_MAX    ((size_t)16 * 1024 * 1024) /* of all variables together; and a list of items */
#define RUN_RESULTS_MAX ((size_t)64 * 1024 * 1024) /* of all results together */
#define FOR_EACH_MAX    ((size_t)10000)            /* items */

/* What is kept already; all zero: nothing. */
struct ceiling {
	json_t *var_sizes;    /* bytes by name, of what was captured */
	json_t *result_sizes; /* the same of results, by action */
	size_t kept_vars;
	size_t kept_results;
};

void ceiling_release(struct ceiling *ceiling);

/* Whether the variable NAME may have VALUE, which is then counted in place of the one before. */
int ceiling_variable(
    struct ceiling *ceiling, const char *name, const json_t *value, struct err *err);

/* Whether a for_each (TEXT) may go through ITEMS; what is no list may pass. */
int ceiling_items(const json_t *items, const char *text, struct err *err);

/*
 * RESULT of the action ID as the run keeps it, a new reference: itself, or, when there is no room, what is short in
 * it and `left_out`, which says why the rest is missing. MORE: it joins those of the same for_each.
 */
json_t *ceiling_result(struct ceiling *ceiling, const char *id, json_t *result, bool more);

#endif
