/*
 * The version of kubectl, asked once a run: what an old one cannot do fails with words that do not
 * name its age.
 *
 *	struct kubectl_version *version = kubectl_version_start(plan, loop, children, events);
 *	…                                        // beside everything else; told in a note, if at all
 *	kubectl_version_finish(version, loop);   // instead of loop_stop()
 *	kubectl_version_free(version);           // after children_free()
 */
#ifndef FSOPS_ENGINE_KUBECTL_VERSION_H
#define FSOPS_ENGINE_KUBECTL_VERSION_H

#include "fsops/child.h"
#include "fsops/event.h"
#include "fsops/loop.h"
#include "fsops/plan.h"

/* It has so long to answer; and so long since the start of the run its end waits for that. */
#define KUBECTL_VERSION_MAX   ((msec)10000)
#define KUBECTL_VERSION_GRACE ((msec)1000)

struct kubectl_version;

/* NULL when no action of the plan, and no metric that it measures, starts a kubectl: a tunnel works with
 * any version. EVENTS get a warning when it is too old or cannot be told; that kubectl is not there
 * say the actions themselves. */
struct kubectl_version *kubectl_version_start(
    const struct plan *plan, struct loop *loop, struct children *children, struct events *events);

/* Stop the loop: now, or in a moment, when the answer is about to come. VERSION may be NULL. */
void kubectl_version_finish(struct kubectl_version *version, struct loop *loop);

/* Only once the loop runs no more and its children are gone. NULL is allowed. */
void kubectl_version_free(struct kubectl_version *version);

/* What is to be said of what `kubectl version --client -o json` answered, a new text; NULL: nothing.
 * WHY: it failed for this reason. */
char *kubectl_version_remark(const json_t *answer, const char *why);

#endif
