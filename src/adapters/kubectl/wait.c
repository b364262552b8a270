/*
 * `kubectl wait`: one object after the other, each watched until it is as wanted (wait_for.c), or gone. Invariant: one
 * deadline for all; when it has come, what is left is looked for, and told as late.
 */
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "fsops/mem.h"
#include "fsops/value.h"
#include "fsops/web.h"
#include "span.h"
#include "wait_asks.h"
#include "wait_for.h"

/* Without --timeout. */
#define WAIT_DEFAULT ((msec)30000)
/* How often kubectl looks whether it was created. */
#define CREATE_EVERY ((msec)500)

struct wait {
	struct api *api;
	struct wait_for what;
	msec until;
	struct wait_asks asks;
	size_t at;
	bool late;  /* the deadline has come */
	bool blind; /* its watch has failed, and kubectl would wait until the deadline */
	bool seen;  /* the one that is watched is there */
	bool printed;
	char *missing;
	struct kube_request *request;
	struct kube_watch *watch;
	struct loop_timer *timer; /* the deadline */
	struct loop_timer *next;  /* what a watch has found is gone on with outside of it */
	char *errors[WAIT_ASKS_MAX];
	size_t error_count;
	bool own; /* the last error is not one that the API server or the connection gave */
};

static void go_on(struct wait *wait);

static void stop(void *state)
{
	struct wait *wait = state;

	wait_asks_stop(&wait->asks);
	kube_cancel(wait->request);
	kube_watch_cancel(wait->watch);
	loop_cancel(wait->timer);
	loop_cancel(wait->next);
	wait->request = NULL;
	wait->watch = NULL;
	wait->timer = NULL;
	wait->next = NULL;
}

/* kubectl has what is left of the time. */
static void leave(void *ctx)
{
	struct wait *wait = ctx;
	msec left = wait->until - loop_now(wait->api->call->loop);
	char *flag = mem_printf("--timeout=%lldms", (long long)(left > 0 ? left : 1));

	api_leave_with(wait->api, flag);
	free(flag);
}

/* ---- what is told ---- */

static void add_error(struct wait *wait, char *line, bool own)
{
	wait->own = own;
	if (wait->error_count < COUNT_OF(wait->errors))
		wait->errors[wait->error_count++] = line; /* transferred */
	else
		free(line);
}

/* One alone is told as kubectl's own error, several as they are. */
static void finish(struct wait *wait)
{
	for (size_t i = 0; i < wait->error_count; i++) {
		const char *line = wait->errors[i];

		if (wait->error_count == 1 && wait->own)
			api_complain(wait->api, "error: ", 7);
		api_complain(wait->api, line, strlen(line));
		api_complain(wait->api, "\n", 1);
	}
	api_end(wait->api, wait->error_count ? 1 : 0);
}

static void say_met(struct wait *wait)
{
	const struct wait_ask *ask = &wait->asks.items[wait->at];
	char *kind = mem_text(ask->kind->kind);
	char *line;

	for (char *at = kind; *at; at++)
		if (*at >= 'A' && *at <= 'Z')
			*at = (char)(*at - 'A' + 'a');
	line = mem_printf("%s%s%s/%s condition met\n", kind, *ask->kind->group ? "." : "",
	    ask->kind->group, ask->name);
	api_print(wait->api, line, strlen(line));
	wait->printed = true;
	free(line);
	free(kind);
}

static void on_next(void *ctx)
{
	struct wait *wait = ctx;

	wait->next = NULL;
	kube_watch_cancel(wait->watch);
	wait->watch = NULL;
	wait->blind = false;
	wait->at++;
	go_on(wait);
}

/* From inside a watch, too. */
static void next_one(struct wait *wait)
{
	if (!wait->next)
		wait->next = loop_after(wait->api->call->loop, 0, on_next, wait);
}

static void say_late(struct wait *wait)
{
	const struct wait_ask *ask = &wait->asks.items[wait->at];

	add_error(wait,
	    mem_printf(
	        "timed out waiting for the condition on %s/%s", ask->kind->plural, ask->name),
	    true);
	next_one(wait);
}

static void on_time(void *ctx)
{
	struct wait *wait = ctx;

	wait->timer = NULL;
	wait->late = true;
	if (wait->what.kind == WAIT_CREATE && !wait->request)
		api_fail(wait->api, "error: timed out waiting for the condition");
	else if ((wait->watch || wait->blind) && !wait->next)
		say_late(wait);
}

/* ---- one object ---- */

static void take_object(struct wait *wait, const json_t *object)
{
	const char *why;
	enum wait_met met = wait_for_met(&wait->what, object, &why);

	if (met == WAIT_NOT_YET)
		return;
	if (met == WAIT_MET)
		say_met(wait);
	else
		add_error(wait, mem_text(why), true);
	next_one(wait);
}

static void on_changed(void *ctx, enum kube_change change, json_t *object)
{
	struct wait *wait = ctx;

	if (wait->api->ended || wait->next)
		return;
	wait->seen = wait->seen || change != KUBE_DELETED;
	if (change == KUBE_DELETED && wait->what.kind == WAIT_DELETE) {
		say_met(wait);
		next_one(wait);
	} else if (change != KUBE_DELETED && wait->what.kind != WAIT_DELETE) {
		take_object(wait, object);
	}
}

static void on_listed(void *ctx)
{
	struct wait *wait = ctx;
	const struct wait_ask *ask = &wait->asks.items[wait->at];

	if (wait->api->ended || wait->next || wait->seen)
		return;
	if (wait->what.kind == WAIT_DELETE)
		say_met(wait);
	else
		add_error(wait,
		    mem_printf("Error from server (NotFound): %s%s%s \"%s\" not found",
		        ask->kind->plural, *ask->kind->group ? "." : "", ask->kind->group,
		        ask->name),
		    false);
	next_one(wait);
}

/* kubectl waits on until its time is up; before anything was told it may do so itself. */
static void on_failed(void *ctx, const struct kube_reply *reply)
{
	struct wait *wait = ctx;

	wait->watch = NULL;
	(void)reply;
	if (wait->api->ended || wait->next)
		return;
	if (!wait->printed && !wait->error_count)
		leave(wait);
	else if (!wait->timer)
		say_late(wait);
	else
		wait->blind = true;
}

static void watch(struct wait *wait)
{
	const struct wait_ask *ask = &wait->asks.items[wait->at];
	char *field, *path;
	struct buf query;

	field = mem_printf("metadata.name=%s", ask->name);
	buf_init(&query, BUF_TEXT_MAX);
	kube_query_add(&query, "fieldSelector", field);
	path = kube_path(
	    ask->kind, ask->kind->namespaced ? wait->api->namespace : NULL, NULL, NULL, query.data);
	wait->seen = false;
	wait->watch = kube_watch(wait->api->kube, &wait->api->caller,
	    &(struct kube_watch_spec){.path = path,
	        .changed = on_changed,
	        .listed = on_listed,
	        .failed = on_failed,
	        .ctx = wait});
	free(path);
	free(field);
	buf_release(&query);
}

/* Before it waits for one to go away kubectl asks for it once more, and that is what fails then. */
static void watch_unless_late(struct wait *wait)
{
	if (!wait->late) {
		watch(wait);
	} else if (wait->what.kind != WAIT_DELETE) {
		say_late(wait);
	} else {
		add_error(wait,
		    mem_text(
		        "client rate limiter Wait returned an error: context deadline exceeded"),
		    true);
		next_one(wait);
	}
}

static bool is_missing(const struct kube_reply *reply)
{
	return reply->end == KUBE_REFUSED && strcmp(reply->reason, "NotFound") == 0;
}

static void on_namespace(void *ctx, json_t *object, const struct kube_reply *reply)
{
	struct wait *wait = ctx;

	(void)object;
	wait->request = NULL;
	add_error(wait, mem_text(is_missing(reply) ? reply->line : wait->missing), false);
	free(wait->missing);
	wait->missing = NULL;
	next_one(wait);
}

static void ask_namespace(struct wait *wait, const struct kube_reply *of)
{
	char *name = web_encode(wait->api->namespace, "");
	char *path = mem_printf("/api/v1/namespaces/%s", name);

	wait->missing = mem_text(of->line);
	wait->request =
	    kube_get(wait->api->kube, &wait->api->caller, path, NULL, on_namespace, wait);
	free(path);
	free(name);
}

static void on_again(void *ctx)
{
	struct wait *wait = ctx;

	wait->next = NULL;
	go_on(wait);
}

/* One that is not there is what is waited for, or it may still come. */
static void take_missing(struct wait *wait, const struct kube_reply *reply)
{
	const struct wait_ask *own = &wait->asks.items[wait->at];

	if (wait->what.kind == WAIT_CREATE && wait->late) {
		api_fail(wait->api, "error: timed out waiting for the condition");
	} else if (wait->what.kind == WAIT_CREATE) {
		wait->next = loop_after(wait->api->call->loop, CREATE_EVERY, on_again, wait);
	} else if (wait->what.kind == WAIT_DELETE) {
		/* Of one that was not there from the beginning kubectl says nothing. */
		if (wait->asks.listed)
			say_met(wait);
		next_one(wait);
	} else if (own->kind->namespaced && strcmp(wait->api->namespace, "default") != 0) {
		ask_namespace(wait, reply);
	} else {
		add_error(wait, mem_text(reply->line), false);
		next_one(wait);
	}
}

static void on_object(void *ctx, json_t *object, const struct kube_reply *reply)
{
	struct wait *wait = ctx;

	(void)object;
	wait->request = NULL;
	if (is_missing(reply)) {
		take_missing(wait, reply);
	} else if (reply->end != KUBE_DONE) {
		add_error(wait, mem_text(reply->line), false);
		next_one(wait);
	} else if (wait->what.kind == WAIT_CREATE) {
		say_met(wait);
		next_one(wait);
	} else {
		watch_unless_late(wait);
	}
}

static void ask(struct wait *wait)
{
	const struct wait_ask *own = &wait->asks.items[wait->at];
	char *path = kube_path(
	    own->kind, own->kind->namespaced ? wait->api->namespace : NULL, own->name, NULL, NULL);

	wait->request = kube_get(wait->api->kube, &wait->api->caller, path, NULL, on_object, wait);
	free(path);
}

/* One of a list is known to have been there. */
static void ask_listed(struct wait *wait)
{
	if (wait->what.kind == WAIT_DELETE && !wait->late)
		ask(wait);
	else
		watch_unless_late(wait);
}

/* ---- one after the other ---- */

static void go_on(struct wait *wait)
{
	if (wait->api->ended)
		return;
	if (wait->at == wait->asks.count)
		finish(wait);
	else if (wait->asks.listed)
		ask_listed(wait);
	else
		ask(wait);
}

static void on_ready(void *ctx)
{
	struct wait *wait = ctx;

	if (!wait->asks.count && wait->what.kind != WAIT_DELETE)
		api_fail(wait->api, "error: no matching resources found");
	else
		go_on(wait);
}

static void *start(struct api *api)
{
	struct wait *wait = mem_alloc(sizeof(*wait));
	const char *timeout = native_value(&api->native, NATIVE_TIMEOUT);
	msec most = WAIT_DEFAULT;
	int64_t nanos;

	wait->api = api;
	if (timeout && span_read(timeout, &nanos))
		most = (msec)(nanos / 1000000);
	wait_for_read(&wait->what, native_value(&api->native, NATIVE_FOR));
	wait->until = loop_now(api->call->loop) + most;
	wait->timer = loop_deadline(api->call->loop, most, on_time, wait);
	wait_asks_start(&wait->asks, api, on_ready, leave, wait);
	return wait;
}

static void free_wait(void *state)
{
	struct wait *wait = state;

	stop(wait);
	for (size_t i = 0; i < wait->error_count; i++)
		free(wait->errors[i]);
	wait_asks_release(&wait->asks);
	wait_for_release(&wait->what);
	free(wait->missing);
	free(wait);
}

const struct api_form api_wait = {.start = start, .stop = stop, .free = free_wait};
