/*
 * The same query over a time: arguments with `begin`, `end` and `step`, as range_args() makes them of `query` alone.
 */
#ifndef FSOPS_ADAPTERS_PROMETHEUS_RANGE_H
#define FSOPS_ADAPTERS_PROMETHEUS_RANGE_H

#include <jansson.h>
#include <stdbool.h>

#include "fsops/adapter.h"

#define RANGE_PATH "/api/v1/query_range"

bool range_is(const json_t *args);

/* The slot `over`. */
json_t *range_args(const json_t *args, const struct adapter_span *span);

/* The body of the request, a form; QUERY is encoded. A new text. */
char *range_form(const json_t *args, const char *query);

/* SAMPLES of one series, [[time, "number"], …]: a number or null for each moment that ARGS ask for; a new list. */
json_t *range_values(const json_t *samples, const json_t *args);

#endif
