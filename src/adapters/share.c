/* What several adapters are alike in. Invariant: no state, so that an entry that names one of these
 * says all there is to know of that slot. */
#include "share.h"

enum effect effect_read(const json_t *args)
{
	(void)args;
	return EFFECT_READ;
}

enum effect effect_unstated(const json_t *args)
{
	(void)args;
	return EFFECT_UNSTATED;
}

void host_cancel(struct call *call)
{
	call->host->give_up(call, call_gone);
}

void release_nothing(struct call *call)
{
	(void)call;
}
