/*
 * Arguments, filled in. The one that its adapter `embeds` (adapter.h) is put together by the adapter, so that a
 * value stays the value that it is in a URL or a query; all others are texts.
 */
#ifndef FSOPS_ENGINE_EMBED_H
#define FSOPS_ENGINE_EMBED_H

#include "expand.h"
#include "fsops/adapter.h"

/* A copy of ARGS with everything filled in; a new reference, or NULL and ERR. PLAIN (NULL: not wanted): as of
 * struct plan_action, a new reference or NULL. */
json_t *embed_args(const struct expander *expander, const struct adapter *adapter,
    const json_t *args, json_t **plain, struct err *err);

#endif
