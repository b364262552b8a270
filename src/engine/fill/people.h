/*
 * Who says what a value is. What people say is what stands in the runbook and the platform's file, --var and the
 * environment; all else was found: in an answer, in an alert's labels, by whatever asked this runbook to run.
 */
#ifndef FSOPS_ENGINE_PEOPLE_H
#define FSOPS_ENGINE_PEOPLE_H

#include "expand.h"

/* Do none but people say what the expression TEXT gives? */
bool people_say(const struct expander *expander, const char *text, size_t len);
/* The same of every `${…}` in VALUE, as it stands in a file. */
bool people_say_all(const struct expander *expander, const json_t *value);

#endif
