/* All adapters. Invariant: a name stands here once; the adapter named like a target kind is the
 * one that parses it. */
#include "fsops/adapter.h"
#include "fsops/mem.h"
#include "fsops/text.h"

/* In the order of the documentation. */
#define ADAPTERS(ONE)                                                                              \
	ONE(kubectl)                                                                               \
	ONE(http)                                                                                  \
	ONE(postgres)                                                                              \
	ONE(redis)                                                                                 \
	ONE(s3)                                                                                    \
	ONE(prometheus)                                                                            \
	ONE(metrics)                                                                               \
	ONE(dns)                                                                                   \
	ONE(tcp)                                                                                   \
	ONE(tls)                                                                                   \
	ONE(exec)                                                                                  \
	ONE(shell)                                                                                 \
	ONE(manual)                                                                                \
	ONE(notify)                                                                                \
	ONE(runbook)

#define DECLARE(name) extern const struct adapter adapter_##name;
#define ENTRY(name)   &adapter_##name,

ADAPTERS(DECLARE)

const struct adapter *const adapters[] = {ADAPTERS(ENTRY) NULL};

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
