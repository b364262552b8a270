/* What a child gets of this process's environment. */
#ifndef FSOPS_LOOP_ENVIRONMENT_H
#define FSOPS_LOOP_ENVIRONMENT_H

#include "fsops/child.h"

/* This process's own environment as far as SPEC lets it through, then SPEC's own, then CALL ("NAME=text"). The
 * array is the caller's (free()), the texts are borrowed. */
char **environment_for(const struct child_spec *spec, const char *call);

#endif
