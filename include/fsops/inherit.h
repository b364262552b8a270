/*
 * `inherit:` of an action or a target: which variables of the environment a command gets, besides those that
 * every program needs (child_always). `[AWS_*, PGPASSWORD]`: names, in which `*` is any text.
 */
#ifndef FSOPS_INHERIT_H
#define FSOPS_INHERIT_H

#include <jansson.h>

#include "fsops/model.h"
#include "fsops/node.h"

/* VALUE (NULL: there is none) into OUT as `inherit`, an array of texts; -1 after adding problems. */
int inherit_parse(const struct node *value, json_t *out, struct problems *list);

/* The variables of the environment that only fsops uses: that nothing names but the platform's channels, its
 * targets' `bearer`, `basic` and `headers`, and variables that nothing but those uses. A new array that ends with NULL: for children_withhold(). */
char **inherit_withheld(const struct catalog *catalog);

#endif
