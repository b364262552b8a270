/*
 * Blocking calls that a library offers in no other form (getaddrinfo,
 * PQcancel), on a thread of their own, answered on the loop.
 *
 * `run` is called on the thread and may touch only `arg`; `done` is called on
 * the loop afterwards. A work that is abandoned finishes on its thread, then
 * `release` is called there and nothing else: so arg must own all it needs.
 */
#ifndef FSOPS_WORK_H
#define FSOPS_WORK_H

#include "fsops/err.h"
#include "fsops/loop.h"

struct work;

struct work_spec {
	void (*run)(void *arg);
	void (*done)(void *arg);    /* on the loop; then release() is called */
	void (*release)(void *arg); /* frees arg */
	void *arg;
};

/* At most 16 run at once, the rest wait. When it can't start, NULL: `arg` stays the caller's. */
struct work *work_start(struct loop *loop, const struct work_spec *spec, struct err *err);
/* One that no thread has taken yet is released here, at once. NULL is allowed. */
void work_abandon(struct work *work);

/*
 * Resolve HOST without blocking. DONE is called once from the loop with the
 * numeric addresses ("192.0.2.1", "2001:db8::1"; NULL and a reason when there
 * are none: "Name or service not known"), borrowed. Cancel with
 * resolve_cancel(); the answer then never comes. After the answer, forget the
 * pointer.
 */
struct resolve;
typedef void resolve_fn(void *ctx, const char *const *addresses, size_t count, const char *why);
struct resolve *resolve_start(struct loop *loop, const char *host, resolve_fn *done, void *ctx);
void resolve_cancel(struct resolve *resolve);

#endif
