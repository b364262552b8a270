/*
 * Which objects `kubectl wait` is about: named ones, or what a selector stands for at the beginning.
 *
 *	wait_asks_start(&me->asks, api, on_ready, on_unsure, me);
 *	… READY once: me->asks.items are all known; or UNSURE once: kubectl must do it; or the call has ended.
 */
#ifndef FSOPS_ADAPTERS_KUBECTL_WAIT_ASKS_H
#define FSOPS_ADAPTERS_KUBECTL_WAIT_ASKS_H

#include "api.h"

/* So many at most; of more it is unsure. */
#define WAIT_ASKS_MAX (NATIVE_ARGS_MAX + 1)

struct wait_ask {
	const struct kube_kind *kind; /* NULL: not found out yet */
	char *type;                   /* as it is written; owned; NULL: of a list */
	char *name;                   /* owned; NULL: a list is to be made */
};

struct wait_asks {
	struct api *api;
	struct wait_ask *items;
	size_t count;
	size_t at;   /* whose kind is looked for */
	bool listed; /* they are what a selector stands for: they were there a moment ago */
	struct kube_find *find;
	struct kube_request *request;
	void (*ready)(void *ctx);
	void (*unsure)(void *ctx);
	void *ctx;
};

/* READY and UNSURE come from the loop. */
void wait_asks_start(struct wait_asks *asks, struct api *api, void (*ready)(void *ctx),
    void (*unsure)(void *ctx), void *ctx);
void wait_asks_stop(struct wait_asks *asks);
void wait_asks_release(struct wait_asks *asks);

#endif
