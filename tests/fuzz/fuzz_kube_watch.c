/*
 * Fuzzing of lists and watches: the answers of an API server, one after the other, with byte 0x1e between. Each begins
 * with a letter: 'p' a page of a list, 'e' events, 'g' 410, 'b' busy, 'n' no. The input's first byte says after how
 * many changes whoever watches has seen enough.
 *
 * Invariant: what is told is the same in whatever pieces the answers come. An object is ADDED once before it is
 * MODIFIED or DELETED. Behind the end nothing comes.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "fsops/buf.h"
#include "fsops/mem.h"
#include "fsops/value.h"
#include "kube/private.h"

#define BETWEEN '\x1e'
/* The most changes that are looked at. */
#define ENOUGH 200

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* --- The API server, the loop and the clock that are asked --- */

struct loop_timer {
	void (*fn)(void *ctx);
	void *ctx;
};

struct kube_request {
	struct kube_ask ask;
	kube_got_fn *got; /* a page; NULL: events */
};

static struct {
	struct loop_timer *timer;
	struct kube_request *request;
	msec now;
} world;

void kube_use(struct kube *kube)
{
	kube->users++;
}

void kube_unuse(struct kube *kube)
{
	kube->users--;
}

msec loop_now(const struct loop *loop)
{
	(void)loop;
	return world.now;
}

struct loop_timer *loop_after(struct loop *loop, msec delay, void (*fn)(void *ctx), void *ctx)
{
	(void)loop;
	if (world.timer || delay <= 0)
		abort();
	world.timer = mem_alloc(sizeof(*world.timer));
	*world.timer = (struct loop_timer){.fn = fn, .ctx = ctx};
	return world.timer;
}

void loop_cancel(struct loop_timer *timer)
{
	if (timer && timer != world.timer)
		abort();
	free(timer);
	if (timer)
		world.timer = NULL;
}

static struct kube_request *ask(const struct kube_ask *what, kube_got_fn *got)
{
	if (world.request || *what->path != '/')
		abort();
	world.request = mem_alloc(sizeof(*world.request));
	*world.request = (struct kube_request){.ask = *what, .got = got};
	world.request->ask.path = NULL;
	return world.request;
}

struct kube_request *kube_start(
    struct kube *kube, struct kube_caller *caller, const struct kube_ask *what)
{
	(void)kube;
	(void)caller;
	return ask(what, NULL);
}

struct kube_request *kube_get(struct kube *kube, struct kube_caller *caller, const char *path,
    const char *accept, kube_got_fn *got, void *ctx)
{
	(void)kube;
	(void)caller;
	return ask(&(struct kube_ask){.path = path, .accept = accept, .ctx = ctx}, got);
}

void kube_cancel(struct kube_request *request)
{
	if (request && request != world.request)
		abort();
	free(request);
	if (request)
		world.request = NULL;
}

/* --- Who watches --- */

struct watcher {
	struct kube_watch *watch; /* NULL: it is over */
	size_t enough;
	size_t changes;
	json_t *there;
	struct buf log;
};

static void leave(struct watcher *watcher)
{
	struct kube_watch *watch = watcher->watch;

	watcher->watch = NULL;
	kube_watch_cancel(watch);
}

static void on_changed(void *ctx, enum kube_change change, json_t *object)
{
	static const char *const names[] = {"added", "modified", "deleted"};
	struct watcher *watcher = ctx;
	const json_t *about = json_object_get(object, "metadata");
	const char *namespace = value_get_text(about, "namespace");
	const char *name = value_get_text(about, "name");
	char *key = mem_printf("%s/%s", namespace ? namespace : "", name ? name : "");

	if (!watcher->watch ||
	    (change == KUBE_ADDED) == (json_object_get(watcher->there, key) != NULL))
		abort();
	if (change == KUBE_DELETED)
		json_object_del(watcher->there, key);
	else
		json_object_set_new(watcher->there, key, json_true());
	buf_addf(&watcher->log, "%s %s\n", names[change], key);
	free(key);
	if (++watcher->changes >= watcher->enough)
		leave(watcher);
}

static void on_listed(void *ctx)
{
	struct watcher *watcher = ctx;

	if (!watcher->watch)
		abort();
	buf_adds(&watcher->log, "listed\n");
}

static void on_failed(void *ctx, const struct kube_reply *reply)
{
	struct watcher *watcher = ctx;

	if (!watcher->watch || !*reply->line)
		abort();
	watcher->watch = NULL;
	buf_addf(&watcher->log, "failed: %s\n", reply->line);
}

/* --- Answers --- */

static void end_request(json_t *page, const struct kube_reply *reply)
{
	struct kube_request request = *world.request;

	free(world.request);
	world.request = NULL;
	if (request.got)
		request.got(request.ask.ctx, page, reply);
	else
		request.ask.done(request.ask.ctx, reply);
}

static void refuse(enum kube_end end, int status)
{
	end_request(NULL, &(struct kube_reply){.end = end,
	                      .status = status,
	                      .reason = status == 404 ? "NotFound" : "",
	                      .message = "m",
	                      .line = "line",
	                      .err = {.kind = ERR_REMOTE}});
}

static void done(json_t *page)
{
	end_request(page,
	    &(struct kube_reply){.end = KUBE_DONE, .status = 200, .reason = "", .message = ""});
}

static void give_page(const char *text, size_t len)
{
	json_t *page = json_loadb(text, len, 0, NULL);

	if (page)
		done(page);
	else
		refuse(KUBE_FAILED, 200);
	json_decref(page);
}

/* In pieces of PIECE bytes. */
static void give_events(const char *text, size_t len, size_t piece)
{
	struct err err;

	while (len) {
		size_t some = len < piece ? len : piece;
		const struct kube_request *asked = world.request;
		int result = asked->ask.data(asked->ask.ctx, text, some, &err);

		if (!world.request)
			return; /* cancelled */
		if (result < 0) {
			refuse(KUBE_FAILED, 200);
			return;
		}
		text += some;
		len -= some;
	}
	done(NULL);
}

static void answer(const char *text, size_t len, size_t piece)
{
	char kind = len ? *text : 'n';

	world.now += len % 3 * 1000;
	if (kind == 'p' && world.request->got)
		give_page(text + 1, len - 1);
	else if (kind == 'e' && !world.request->got)
		give_events(text + 1, len - 1, piece);
	else if (kind == 'g')
		refuse(KUBE_REFUSED, 410);
	else if (kind == 'b')
		refuse(KUBE_REFUSED, 503);
	else
		refuse(KUBE_REFUSED, 404);
}

static void pass_time(void)
{
	struct loop_timer timer = *world.timer;

	loop_cancel(world.timer);
	timer.fn(timer.ctx);
}

static void watch_all(struct watcher *watcher, const char *text, size_t size, size_t piece)
{
	const char *end = text + size;
	struct kube kube = {.users = 0};
	struct kube_watch_spec spec = {.path = "/api/v1/pods",
	    .changed = on_changed,
	    .listed = on_listed,
	    .failed = on_failed,
	    .ctx = watcher};

	buf_init(&watcher->log, BUF_TEXT_MAX);
	watcher->there = json_object();
	watcher->watch = kube_watch(&kube, NULL, &spec);
	while (watcher->watch && (text < end || world.timer)) {
		const char *next = memchr(text, BETWEEN, (size_t)(end - text));
		size_t len = (size_t)((next ? next : end) - text);

		if (world.timer) {
			pass_time();
			continue;
		}
		answer(text, len, piece);
		text += len + (next != NULL);
	}
	if (watcher->watch)
		leave(watcher);
	if (world.timer || world.request || kube.users)
		abort();
	json_decref(watcher->there);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t pieces[] = {1, 2, 7};
	const char *text = (const char *)data + 1;
	struct watcher whole;

	if (!size)
		return 0;
	whole = (struct watcher){.enough = 1 + data[0] % ENOUGH};
	watch_all(&whole, text, size - 1, size);
	for (size_t i = 0; i < COUNT_OF(pieces); i++) {
		struct watcher again = {.enough = whole.enough};

		watch_all(&again, text, size - 1, pieces[i]);
		if (strcmp(again.log.data, whole.log.data) != 0)
			abort();
		buf_release(&again.log);
	}
	buf_release(&whole.log);
	return 0;
}
