/* The words of a wait → the objects. Invariant: nothing is printed before all kinds are known. */
#include "wait_asks.h"

#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/text.h"
#include "fsops/value.h"

static void find_next(struct wait_asks *asks);

static void add(struct wait_asks *asks, const struct kube_kind *kind, char *type, char *name)
{
	MEM_PUSH_ROOM(asks->items, asks->count);
	asks->items[asks->count++] = (struct wait_ask){kind, type, name}; /* transferred */
}

/* ---- what a selector stands for ---- */

static void on_list(void *ctx, json_t *object, const struct kube_reply *reply)
{
	struct wait_asks *asks = ctx;
	const struct kube_kind *kind = asks->items[0].kind;
	size_t i;
	json_t *item;

	asks->request = NULL;
	if (reply->end != KUBE_DONE || !kube_is_list(object) ||
	    json_array_size(json_object_get(object, "items")) > WAIT_ASKS_MAX) {
		asks->unsure(asks->ctx);
		return;
	}
	free(asks->items[0].type);
	asks->count = 0;
	json_array_foreach(json_object_get(object, "items"), i, item) {
		const char *name = value_get_text(json_object_get(item, "metadata"), "name");

		add(asks, kind, NULL, mem_text(name ? name : ""));
	}
	asks->listed = true;
	asks->ready(asks->ctx);
}

static void ask_list(struct wait_asks *asks)
{
	const struct kube_kind *kind = asks->items[0].kind;
	const char *labels = native_value(&asks->api->native, NATIVE_SELECTOR);
	struct buf query;
	char *path;

	buf_init(&query, BUF_TEXT_MAX);
	if (labels && *labels)
		kube_query_add(&query, "labelSelector", labels);
	path =
	    kube_path(kind, kind->namespaced ? asks->api->namespace : NULL, NULL, NULL, query.data);
	asks->request = kube_get(asks->api->kube, &asks->api->caller, path, NULL, on_list, asks);
	free(path);
	buf_release(&query);
}

/* ---- kinds ---- */

static void on_found(void *ctx, const struct kube_found *found)
{
	struct wait_asks *asks = ctx;

	asks->find = NULL;
	if (!found->kinds) {
		api_fail(asks->api, found->line);
	} else if (found->kinds->next ||
	           text_has_word(found->kinds->categories, asks->items[asks->at].type)) {
		asks->unsure(asks->ctx);
	} else {
		asks->items[asks->at++].kind = found->kinds;
		find_next(asks);
	}
}

static void find_next(struct wait_asks *asks)
{
	if (asks->at < asks->count)
		asks->find = kube_find(asks->api->kube, &asks->api->caller,
		    asks->items[asks->at].type, on_found, asks);
	else if (!asks->items[0].name)
		ask_list(asks);
	else
		asks->ready(asks->ctx);
}

/* ---- words ---- */

static void read_args(struct wait_asks *asks)
{
	const struct native *native = &asks->api->native;

	if (!strchr(native->args[0], '/')) {
		if (native->arg_count == 1)
			add(asks, NULL, mem_text(native->args[0]), NULL);
		for (size_t i = 1; i < native->arg_count; i++)
			add(asks, NULL, mem_text(native->args[0]), mem_text(native->args[i]));
		return;
	}
	for (size_t i = 0; i < native->arg_count; i++) {
		const char *slash = strchr(native->args[i], '/');

		add(asks, NULL, mem_textn(native->args[i], (size_t)(slash - native->args[i])),
		    mem_text(slash + 1));
	}
}

void wait_asks_start(struct wait_asks *asks, struct api *api, void (*ready)(void *ctx),
    void (*unsure)(void *ctx), void *ctx)
{
	*asks = (struct wait_asks){.api = api, .ready = ready, .unsure = unsure, .ctx = ctx};
	read_args(asks);
	find_next(asks);
}

void wait_asks_stop(struct wait_asks *asks)
{
	kube_find_cancel(asks->find);
	kube_cancel(asks->request);
	asks->find = NULL;
	asks->request = NULL;
}

void wait_asks_release(struct wait_asks *asks)
{
	wait_asks_stop(asks);
	for (size_t i = 0; i < asks->count; i++) {
		free(asks->items[i].type);
		free(asks->items[i].name);
	}
	free(asks->items);
	*asks = (struct wait_asks){0};
}
