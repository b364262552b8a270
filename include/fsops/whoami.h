/* Who runs this program, and where: for locks and for the record of a run. */
#ifndef FSOPS_WHOAMI_H
#define FSOPS_WHOAMI_H

#include <jansson.h>

/* {"user", "host", "pid"}, a new object. Whoever became root by sudo is still the person to talk to. */
json_t *whoami(void);

#endif
