/* What several adapters are alike in, for their table entries. */
#ifndef FSOPS_ADAPTERS_SHARE_H
#define FSOPS_ADAPTERS_SHARE_H

#include "fsops/adapter.h"

/* effect: it changes nothing, whatever its arguments are. */
enum effect effect_read(const json_t *args);
/* effect: the arguments do not tell. */
enum effect effect_unstated(const json_t *args);

/* cancel, of what the engine does for the adapter: call->host's ask, measure or run. */
void host_cancel(struct call *call);

/* release, when nothing is left in call->state once the call has ended or is gone. */
void release_nothing(struct call *call);

/* HOST and PORT of an address for a command line, in which `${…}` may still stand; new texts. False: it does not tell
 * which is which ("${server}"). */
bool share_address(const char *text, char **host, char **port);

#endif
