/* Values as JSON. */
#ifndef EXPR_TO_JSON_H
#define EXPR_TO_JSON_H

#include "calc.h"

/*
 * VALUE as JSON, a new reference, as fsops/expr.h describes it. What it costs comes out of what the
 * evaluation has left: a step for each value, and memory up to EXPR_MEMORY_MAX for the evaluation's own and
 * the JSON together. NULL with the error filled: a ceiling was reached (EXPR_ERROR_LIMIT).
 */
json_t *calc_to_json(struct calc *calc, const struct expr_value *value);

#endif
