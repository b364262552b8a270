/*
 * The tunnels of a run: each is opened when an action first needs it, shared by all that do, opened
 * once more when it drops, and ended with the run's children.
 *
 *	struct tunnel_use *use = tunnel_use(tunnels, spec, on_ready, ctx);   // spec: engine/fill/tunnel_spec.h
 *	… on_ready() once, from the loop; then the call
 *	tunnel_remark(use);     // of a call that failed: what the tunnel had to say meanwhile
 *	tunnel_use_end(use);    // also before on_ready(), which then never comes
 */
#ifndef FSOPS_ENGINE_TUNNELS_H
#define FSOPS_ENGINE_TUNNELS_H

#include <jansson.h>

#include "fsops/child.h"
#include "fsops/event.h"
#include "fsops/loop.h"

/* How long one may take to open, if no action that waits for it has less time: kubectl itself waits a
 * minute for a pod. */
#define TUNNEL_OPEN_MAX ((msec)65000)

/* So often one may drop: after that, what needs it fails. */
#define TUNNEL_DROPS_MAX 2

struct tunnels;
struct tunnel_use;

/* EVENTS are told in notes of what opens and drops; or NULL. */
struct tunnels *tunnels_new(struct loop *loop, struct children *children, struct events *events);
/* Only after children_free(), which ends what is open. NULL is allowed. */
void tunnels_free(struct tunnels *tunnels);

/* WHY is NULL when it is open: HOST and PORT are its address here, or NULL when an automatic one is
 * not needed. Else WHY says why it can't be opened. */
typedef void tunnel_ready_fn(void *ctx, const char *host, const char *port, const char *why);

struct tunnel_use *tunnel_use(
    struct tunnels *tunnels, const json_t *spec, tunnel_ready_fn *ready, void *ctx);

/* Not open yet: what it waits for. Open: that it dropped, or what kubectl complained of, since this
 * use began. A new text, or NULL when there is nothing to say. */
char *tunnel_remark(const struct tunnel_use *use);

/* It was open for this use, and dropped since. */
bool tunnel_dropped(const struct tunnel_use *use);

void tunnel_use_end(struct tunnel_use *use); /* NULL is allowed */

#endif
