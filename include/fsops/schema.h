/*
 * JSON Schema (draft-07, which editors know best) of the two kinds of file, made from the tables
 * that the loader reads them by. What it refuses, the loader refuses too; the loader refuses more:
 * names that are not there, expressions that do not compile.
 */
#ifndef FSOPS_SCHEMA_H
#define FSOPS_SCHEMA_H

#include <jansson.h>

/* A new reference each. */
json_t *schema_runbook(void);
json_t *schema_platform(void);

#endif
