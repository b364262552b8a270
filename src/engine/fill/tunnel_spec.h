/*
 * What a tunnel of an action is, filled in, before it is opened: for the plan and for the run alike.
 *
 * A spec is an object of texts: `target`; `to` ("svc/postgres:5432"); `command` (kubectl's, that
 * opens it); `host` and `port` (what stands in commands for the tunnel's address, as `${…}` while it
 * is not known); besides `automatic` (a bool), with `name` to resolve; and `args`, `cluster` for the
 * kubectl adapter. Two specs with the same `command` are one tunnel.
 */
#ifndef FSOPS_ENGINE_TUNNEL_SPEC_H
#define FSOPS_ENGINE_TUNNEL_SPEC_H

#include "expand.h"
#include "fsops/model.h"

/* Where a tunnel ends on this machine. */
#define TUNNEL_ADDRESS "127.0.0.1"

/*
 * ARGS and TARGET are the action's, filled in; TARGET gets the tunnel's `hostaddr` and `port`. SPEC
 * is a new reference, or NULL when the action goes through none.
 */
int tunnel_spec_make(json_t **spec, const struct expander *expander, const struct action *action,
    const json_t *args, json_t *target, struct err *err);

#endif
