/*
 * A list and what becomes of it (k8s.io/client-go/tools/cache, reflector.go).
 *
 * Invariant: what changed() has told is what the API server has or had, in its order: an object is ADDED before it is
 * MODIFIED or DELETED, and a new list after a gap tells what the gap has hidden.
 */
#include <stdlib.h>
#include <string.h>

#include "fsops/json_read.h"
#include "fsops/mem.h"
#include "fsops/value.h"
#include "private.h"

/* The most that one event may be. */
#define EVENT_MAX ((size_t)16 * 1024 * 1024)
/* How long the server is asked to go on in one answer, in seconds. */
#define WATCH_SECONDS 300
/* Between two tries when one has failed, or has ended at once. */
#define WAIT_MIN ((msec)1000)
#define WAIT_MAX ((msec)8000)

#define GONE 410

struct kube_watch {
	struct kube *kube;
	struct kube_caller *caller;
	char *path;
	char *accept;
	void (*changed)(void *ctx, enum kube_change change, json_t *object);
	void (*listed)(void *ctx);
	void (*failed)(void *ctx, const struct kube_reply *reply);
	void *ctx;
	struct kube_list *list;
	struct kube_request *request;
	struct loop_timer *timer;
	struct buf event; /* the beginning of the next one */
	size_t looked;    /* so much of it has no line's end */
	json_t *known;    /* "NAMESPACE/NAME" → resourceVersion */
	json_t *seen;     /* the same, of the list that is being made */
	char *version;    /* what the watch goes on from */
	msec began;
	msec wait;
	bool was_listed;
	bool expired; /* the version is too old */
	bool inside;  /* a callback is on the stack */
	bool dropped; /* cancelled from there */
};

static void list_anew(struct kube_watch *watch);
static void watch_on(struct kube_watch *watch);

static void watch_free(struct kube_watch *watch)
{
	struct kube *kube = watch->kube;

	kube_list_cancel(watch->list);
	kube_cancel(watch->request);
	loop_cancel(watch->timer);
	buf_release(&watch->event);
	json_decref(watch->known);
	json_decref(watch->seen);
	free(watch->path);
	free(watch->accept);
	free(watch->version);
	free(watch);
	kube_unuse(kube);
}

/* --- Telling --- */

/* After a callback: is it over? Then WATCH is gone. */
static bool is_over(struct kube_watch *watch)
{
	if (!watch->dropped)
		return false;
	watch_free(watch);
	return true;
}

static void tell(struct kube_watch *watch, enum kube_change change, json_t *object)
{
	if (watch->dropped)
		return;
	watch->inside = true;
	watch->changed(watch->ctx, change, object);
	watch->inside = false;
}

static void tell_listed(struct kube_watch *watch)
{
	watch->was_listed = true;
	watch->inside = true;
	if (watch->listed)
		watch->listed(watch->ctx);
	watch->inside = false;
}

static void fail(struct kube_watch *watch, const struct kube_reply *reply)
{
	watch->failed(watch->ctx, reply);
	watch_free(watch);
}

/* --- What is known --- */

static char *key_of(const json_t *object)
{
	const json_t *about = json_object_get(object, "metadata");
	const char *namespace = value_get_text(about, "namespace");
	const char *name = value_get_text(about, "name");

	return mem_printf("%s/%s", namespace ? namespace : "", name ? name : "");
}

static const char *version_of(const json_t *object)
{
	const char *version =
	    value_get_text(json_object_get(object, "metadata"), "resourceVersion");

	return version ? version : "";
}

static void set_version(struct kube_watch *watch, const char *version)
{
	if (!*version)
		return;
	free(watch->version);
	watch->version = mem_text(version);
}

static void take_item(struct kube_watch *watch, json_t *item)
{
	char *key = key_of(item);
	const char *before = value_get_text(watch->known, key);
	bool added = !before;
	bool same = before && strcmp(before, version_of(item)) == 0;
	json_t *version = json_string(version_of(item));

	/* Known at once: the list may not come to its end. */
	json_object_set(watch->known, key, version);
	json_object_set_new(watch->seen, key, version);
	if (!same)
		tell(watch, added ? KUBE_ADDED : KUBE_MODIFIED, item);
	free(key);
}

/* What was known and is not in the new list. */
static void tell_missing(struct kube_watch *watch)
{
	const char *key;
	json_t *version;

	json_object_foreach(watch->known, key, version) {
		const char *slash = strchr(key, '/');
		json_t *object;

		if (json_object_get(watch->seen, key))
			continue;
		object = json_pack("{s:{s:s%, s:s}}", "metadata", "namespace", key,
		    (size_t)(slash - key), "name", slash + 1);
		if (slash == key)
			json_object_del(json_object_get(object, "metadata"), "namespace");
		tell(watch, KUBE_DELETED, object);
		json_decref(object);
	}
}

/* --- The list --- */

static int on_page(void *ctx, json_t *page, struct err *err)
{
	struct kube_watch *watch = ctx;
	size_t i;
	json_t *item;

	(void)err;
	set_version(watch, version_of(page));
	json_array_foreach(json_object_get(page, "items"), i, item)
		take_item(watch, item);
	if (!watch->dropped)
		return 0;
	/* The list is on the stack, and is ended by this. */
	kube_list_cancel(watch->list);
	watch->list = NULL;
	watch_free(watch);
	return 0;
}

static void on_again(void *ctx)
{
	struct kube_watch *watch = ctx;

	watch->timer = NULL;
	if (watch->expired)
		list_anew(watch);
	else
		watch_on(watch);
}

static void again_later(struct kube_watch *watch)
{
	watch->wait = watch->wait ? watch->wait * 2 : WAIT_MIN;
	if (watch->wait > WAIT_MAX)
		watch->wait = WAIT_MAX;
	watch->timer = loop_after(watch->kube->loop, watch->wait, on_again, watch);
}

/* A server that has answered before, and may do so again: it is busy, or its machine is changed for another. */
static bool may_pass(const struct kube_reply *reply)
{
	return reply->end == KUBE_FAILED ||
	       (reply->end == KUBE_REFUSED && (reply->status >= 500 || reply->status == 429));
}

static void on_listed(void *ctx, const struct kube_reply *reply)
{
	struct kube_watch *watch = ctx;

	watch->list = NULL;
	if (reply->end != KUBE_DONE) {
		if (reply->status == GONE || (watch->was_listed && may_pass(reply)))
			again_later(watch);
		else
			fail(watch, reply);
		return;
	}
	tell_missing(watch);
	json_decref(watch->known);
	watch->known = watch->seen; /* transferred */
	watch->seen = NULL;
	watch->expired = false;
	if (!watch->dropped)
		tell_listed(watch);
	if (!is_over(watch))
		watch_on(watch);
}

static void list_anew(struct kube_watch *watch)
{
	json_decref(watch->seen);
	watch->seen = json_object();
	watch->expired = true;
	watch->list = kube_list(watch->kube, watch->caller,
	    &(struct kube_list_spec){.path = watch->path,
	        .accept = watch->accept,
	        .chunk = KUBE_CHUNK,
	        .page = on_page,
	        .done = on_listed,
	        .ctx = watch});
}

/* --- The watch --- */

static const struct {
	const char *name;
	enum kube_change change;
} changes[] = {
    {"ADDED", KUBE_ADDED},
    {"MODIFIED", KUBE_MODIFIED},
    {"DELETED", KUBE_DELETED},
};

/* A change to what is known; one that was told already (an old event once more) is none. */
static void take_change(struct kube_watch *watch, enum kube_change change, json_t *object)
{
	char *key = key_of(object);
	bool known = json_object_get(watch->known, key);

	if (change == KUBE_DELETED)
		json_object_del(watch->known, key);
	else
		json_object_set_new(watch->known, key, json_string(version_of(object)));
	if (change != KUBE_DELETED)
		tell(watch, known ? KUBE_MODIFIED : KUBE_ADDED, object);
	else if (known)
		tell(watch, KUBE_DELETED, object);
	free(key);
}

static void take_event(struct kube_watch *watch, const json_t *event)
{
	const char *type = value_get_text(event, "type");
	json_t *object = json_object_get(event, "object");

	if (!type || strcmp(type, "ERROR") == 0) {
		watch->expired = true;
		return;
	}
	set_version(watch, version_of(object));
	for (size_t i = 0; i < COUNT_OF(changes); i++)
		if (strcmp(type, changes[i].name) == 0)
			take_change(watch, changes[i].change, object);
}

/* Each event is a line. */
static int take_lines(struct kube_watch *watch, struct err *err)
{
	const char *begin = watch->event.data;
	const char *stop = begin + watch->event.len;
	const char *from = begin + watch->looked;
	const char *end;

	while (!watch->dropped && !watch->expired &&
	       (end = memchr(from, '\n', (size_t)(stop - from)))) {
		json_t *event = json_read("an event", begin, (size_t)(end - begin), EVENT_MAX, err);

		if (!event)
			return -1;
		take_event(watch, event);
		json_decref(event);
		begin = from = end + 1;
	}
	buf_consume(&watch->event, (size_t)(begin - watch->event.data));
	watch->looked = watch->event.len;
	return 0;
}

static int on_data(void *ctx, const char *data, size_t len, struct err *err)
{
	struct kube_watch *watch = ctx;
	int result;

	if (buf_add(&watch->event, data, len) < 0)
		return err_set(
		    err, ERR_LIMIT, "an event is over %zu bytes, the most that is read", EVENT_MAX);
	watch->wait = 0;
	result = take_lines(watch, err);
	if (watch->dropped) {
		watch_free(watch);
		return 0;
	}
	if (watch->expired)
		return err_set(err, ERR_REMOTE, "the version is too old");
	return result;
}

/* Whatever ended it, what is known stays, and it goes on from there. */
static void on_ended(void *ctx, const struct kube_reply *reply)
{
	struct kube_watch *watch = ctx;
	bool at_once = loop_now(watch->kube->loop) - watch->began < WAIT_MIN;

	watch->request = NULL;
	buf_clear(&watch->event);
	watch->looked = 0;
	if (reply->end == KUBE_REFUSED && reply->status != GONE && !may_pass(reply)) {
		fail(watch, reply);
		return;
	}
	if (reply->end != KUBE_DONE)
		watch->expired = true; /* a list tells for sure */
	if (reply->end == KUBE_DONE && !at_once)
		watch_on(watch);
	else
		again_later(watch);
}

static void watch_on(struct kube_watch *watch)
{
	struct buf query;
	char seconds[32];
	char *path;

	buf_init(&query, BUF_TEXT_MAX);
	snprintf(seconds, sizeof(seconds), "%d", WATCH_SECONDS);
	kube_query_add(&query, "allowWatchBookmarks", "true");
	kube_query_add(&query, "resourceVersion", watch->version ? watch->version : "0");
	kube_query_add(&query, "timeoutSeconds", seconds);
	kube_query_add(&query, "watch", "true");
	path = mem_printf("%s%c%s", watch->path, strchr(watch->path, '?') ? '&' : '?', query.data);
	watch->began = loop_now(watch->kube->loop);
	watch->request = kube_start(watch->kube, watch->caller,
	    &(struct kube_ask){.path = path,
	        .accept = watch->accept,
	        .data = on_data,
	        .done = on_ended,
	        .ctx = watch});
	free(path);
	buf_release(&query);
}

struct kube_watch *kube_watch(
    struct kube *kube, struct kube_caller *caller, const struct kube_watch_spec *spec)
{
	struct kube_watch *watch = mem_alloc(sizeof(*watch));

	*watch = (struct kube_watch){
	    .kube = kube,
	    .caller = caller,
	    .path = mem_text(spec->path),
	    .accept = mem_text(spec->accept),
	    .changed = spec->changed,
	    .listed = spec->listed,
	    .failed = spec->failed,
	    .ctx = spec->ctx,
	    .known = json_object(),
	};
	buf_init(&watch->event, EVENT_MAX);
	kube_use(kube);
	list_anew(watch);
	return watch;
}

void kube_watch_cancel(struct kube_watch *watch)
{
	if (!watch)
		return;
	if (watch->inside)
		watch->dropped = true;
	else
		watch_free(watch);
}
