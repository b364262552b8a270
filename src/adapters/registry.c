/* All adapters. Invariant: a name stands here once; the adapter named like a target kind is the
 * one that parses it. */
#include "adapters.h"
#include "fsops/mem.h"
#include "fsops/text.h"

const struct adapter *const adapters[] = {
    &adapter_kubectl,
    &adapter_http,
    &adapter_postgres,
    &adapter_redis,
    &adapter_s3,
    &adapter_prometheus,
    &adapter_metrics,
    &adapter_dns,
    &adapter_exec,
    &adapter_shell,
    &adapter_manual,
    &adapter_notify,
    &adapter_runbook,
    NULL,
};

const struct adapter *adapter_find(const char *name)
{
	for (size_t i = 0; adapters[i]; i++)
		if (text_same(adapters[i]->name, name))
			return adapters[i];
	return NULL;
}

const struct adapter *adapter_for_target(const char *kind)
{
	const struct adapter *adapter = adapter_find(kind);

	return adapter && adapter->target_parse ? adapter : NULL;
}

const char *effect_name(enum effect effect)
{
	static const char *const names[] = {
	    [EFFECT_READ] = "read",
	    [EFFECT_CHANGE] = "change",
	    [EFFECT_DESTROY] = "destroy",
	    [EFFECT_UNSTATED] = "unstated",
	};

	return names[effect];
}
