/*
 * A row of bars, one for each value, from the lowest (▁) to the highest (█) among them: how a metric went, in the space of a
 * word. For terminals that can show them.
 */
#ifndef FSOPS_UI_TERMINAL_SPARK_H
#define FSOPS_UI_TERMINAL_SPARK_H

#include <jansson.h>

#include "fsops/buf.h"

/* Add a blank and a bar for each of VALUES, an array of numbers; '?' for what is none. Nothing when no two of them differ:
 * such a row would say nothing. */
void spark_add(struct buf *out, const json_t *values);

#endif
