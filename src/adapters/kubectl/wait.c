/*
 * `kubectl wait --for=condition=…`: one object after the other, each watched until it is so. Invariant: one deadline
 * for all; when it has come, what is left is looked for, and told as late.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "api.h"
#include "fsops/mem.h"
#include "fsops/text.h"
#include "fsops/value.h"
#include "fsops/web.h"
#include "span.h"

/* Without --timeout. */
#define WAIT_DEFAULT ((msec)30000)

struct wait_ask {
	const struct kube_kind *kind;
	char *type; /* as it is written; NULL: of a list */
	char *name;
};

struct wait {
	struct api *api;
	char *condition;
	char *status;
	struct wait_ask *asks;
	size_t ask_count;
	size_t at;
	bool found;  /* all kinds are known */
	bool listed; /* what a selector stands for is */
	bool late;   /* the deadline has come */
	bool blind;  /* its watch has failed, and kubectl would wait until the deadline */
	bool seen;   /* the one that is watched is there */
	bool printed;
	char *missing;
	struct kube_find *find;
	struct kube_request *request;
	struct kube_watch *watch;
	struct loop_timer *timer; /* the deadline */
	struct loop_timer *next;  /* what a watch has found is gone on with outside of it */
	char *errors[NATIVE_ARGS_MAX + 1];
	size_t error_count;
	bool own; /* the last error is not one that the API server or the connection gave */
};

static void go_on(struct wait *wait);

static void stop(void *state)
{
	struct wait *wait = state;

	kube_find_cancel(wait->find);
	kube_cancel(wait->request);
	kube_watch_cancel(wait->watch);
	loop_cancel(wait->timer);
	loop_cancel(wait->next);
	wait->find = NULL;
	wait->request = NULL;
	wait->watch = NULL;
	wait->timer = NULL;
	wait->next = NULL;
}

/* ---- what is told ---- */

static void add_error(struct wait *wait, char *line)
{
	wait->own = false;
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
	const struct wait_ask *ask = &wait->asks[wait->at];
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
	const struct wait_ask *ask = &wait->asks[wait->at];

	add_error(wait, mem_printf("timed out waiting for the condition on %s/%s",
	                    ask->kind->plural, ask->name));
	wait->own = true;
	next_one(wait);
}

static void on_time(void *ctx)
{
	struct wait *wait = ctx;

	wait->timer = NULL;
	wait->late = true;
	if ((wait->watch || wait->blind) && !wait->next)
		say_late(wait);
}

/* ---- whether it is so ---- */

/* 1: yes; 0: no, and this condition tells; -1: it is another one. */
static int tells(const struct wait *wait, const json_t *object, const json_t *condition)
{
	const char *type = value_get_text(condition, "type");
	const char *status = value_get_text(condition, "status");
	const json_t *generation =
	    json_object_get(json_object_get(object, "metadata"), "generation");
	const json_t *observed = json_object_get(condition, "observedGeneration");

	if (!type || !status || strcasecmp(type, wait->condition) != 0)
		return -1;
	if (!json_is_integer(observed))
		observed = json_object_get(json_object_get(object, "status"), "observedGeneration");
	if (json_is_integer(generation) && json_is_integer(observed) &&
	    json_integer_value(observed) < json_integer_value(generation))
		return 0;
	return strcasecmp(status, wait->status) == 0;
}

static bool is_met(const struct wait *wait, const json_t *object)
{
	size_t i;
	json_t *condition;

	json_array_foreach(
	    json_object_get(json_object_get(object, "status"), "conditions"), i, condition) {
		int told = tells(wait, object, condition);

		if (told >= 0)
			return told;
	}
	return false;
}

/* ---- one object ---- */

static void on_changed(void *ctx, enum kube_change change, json_t *object)
{
	struct wait *wait = ctx;

	if (wait->api->ended || wait->next)
		return;
	wait->seen = wait->seen || change != KUBE_DELETED;
	if (change != KUBE_DELETED && is_met(wait, object)) {
		say_met(wait);
		next_one(wait);
	}
}

static void on_listed(void *ctx)
{
	struct wait *wait = ctx;
	const struct wait_ask *ask = &wait->asks[wait->at];

	if (wait->api->ended || wait->next || wait->seen)
		return;
	add_error(wait,
	    mem_printf("Error from server (NotFound): %s%s%s \"%s\" not found", ask->kind->plural,
	        *ask->kind->group ? "." : "", ask->kind->group, ask->name));
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
		api_leave(wait->api);
	else if (!wait->timer)
		say_late(wait);
	else
		wait->blind = true;
}

static void watch(struct wait *wait)
{
	const struct wait_ask *ask = &wait->asks[wait->at];
	char *field, *path;
	struct buf query;

	if (wait->late) {
		say_late(wait);
		return;
	}
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

static bool is_missing(const struct kube_reply *reply)
{
	return reply->end == KUBE_REFUSED && strcmp(reply->reason, "NotFound") == 0;
}

static void on_namespace(void *ctx, json_t *object, const struct kube_reply *reply)
{
	struct wait *wait = ctx;

	(void)object;
	wait->request = NULL;
	add_error(wait, mem_text(is_missing(reply) ? reply->line : wait->missing));
	free(wait->missing);
	wait->missing = NULL;
	next_one(wait);
}

static void on_object(void *ctx, json_t *object, const struct kube_reply *reply)
{
	struct wait *wait = ctx;
	char *name, *path;

	(void)object;
	wait->request = NULL;
	if (reply->end == KUBE_DONE) {
		watch(wait);
		return;
	}
	if (!is_missing(reply) || !wait->asks[wait->at].kind->namespaced ||
	    strcmp(wait->api->namespace, "default") == 0) {
		add_error(wait, mem_text(reply->line));
		next_one(wait);
		return;
	}
	wait->missing = mem_text(reply->line);
	name = web_encode(wait->api->namespace, "");
	path = mem_printf("/api/v1/namespaces/%s", name);
	wait->request =
	    kube_get(wait->api->kube, &wait->api->caller, path, NULL, on_namespace, wait);
	free(path);
	free(name);
}

static void ask(struct wait *wait)
{
	const struct wait_ask *own = &wait->asks[wait->at];
	char *path = kube_path(
	    own->kind, own->kind->namespaced ? wait->api->namespace : NULL, own->name, NULL, NULL);

	wait->request = kube_get(wait->api->kube, &wait->api->caller, path, NULL, on_object, wait);
	free(path);
}

/* ---- which objects ---- */

static void add_ask(struct wait *wait, const struct kube_kind *kind, char *type, char *name)
{
	MEM_PUSH_ROOM(wait->asks, wait->ask_count);
	wait->asks[wait->ask_count++] = (struct wait_ask){kind, type, name}; /* transferred */
}

static void on_list(void *ctx, json_t *object, const struct kube_reply *reply)
{
	struct wait *wait = ctx;
	const struct kube_kind *kind = wait->asks[0].kind;
	size_t i;
	json_t *item;

	wait->request = NULL;
	if (reply->end != KUBE_DONE ||
	    json_array_size(json_object_get(object, "items")) > COUNT_OF(wait->errors)) {
		api_leave(wait->api);
		return;
	}
	free(wait->asks[0].type);
	wait->ask_count = 0;
	json_array_foreach(json_object_get(object, "items"), i, item) {
		const char *name = value_get_text(json_object_get(item, "metadata"), "name");

		add_ask(wait, kind, NULL, mem_text(name ? name : ""));
	}
	wait->listed = true;
	if (wait->ask_count)
		go_on(wait);
	else
		api_fail(wait->api, "error: no matching resources found");
}

static void ask_list(struct wait *wait)
{
	const struct kube_kind *kind = wait->asks[0].kind;
	struct buf query;
	char *path;

	buf_init(&query, BUF_TEXT_MAX);
	kube_query_add(&query, "labelSelector", native_value(&wait->api->native, NATIVE_SELECTOR));
	path =
	    kube_path(kind, kind->namespaced ? wait->api->namespace : NULL, NULL, NULL, query.data);
	wait->request = kube_get(wait->api->kube, &wait->api->caller, path, NULL, on_list, wait);
	free(path);
	buf_release(&query);
}

static void on_found(void *ctx, const struct kube_found *found)
{
	struct wait *wait = ctx;

	wait->find = NULL;
	if (!found->kinds) {
		api_fail(wait->api, found->line);
		return;
	}
	if (found->kinds->next ||
	    text_has_word(found->kinds->categories, wait->asks[wait->at].type)) {
		api_leave(wait->api);
		return;
	}
	wait->asks[wait->at++].kind = found->kinds;
	go_on(wait);
}

static void go_on(struct wait *wait)
{
	if (wait->api->ended)
		return;
	if (!wait->found && wait->at == wait->ask_count) {
		wait->found = true;
		wait->at = 0;
	}
	if (!wait->found)
		wait->find = kube_find(
		    wait->api->kube, &wait->api->caller, wait->asks[wait->at].type, on_found, wait);
	else if (wait->at == wait->ask_count)
		finish(wait);
	else if (wait->listed)
		watch(wait);
	else if (!wait->asks[wait->at].name)
		ask_list(wait);
	else
		ask(wait);
}

/* ---- words ---- */

static void read_args(struct wait *wait)
{
	const struct native *native = &wait->api->native;

	if (!strchr(native->args[0], '/')) {
		if (native->arg_count == 1)
			add_ask(wait, NULL, mem_text(native->args[0]), NULL);
		for (size_t i = 1; i < native->arg_count; i++)
			add_ask(wait, NULL, mem_text(native->args[0]), mem_text(native->args[i]));
		return;
	}
	for (size_t i = 0; i < native->arg_count; i++) {
		const char *slash = strchr(native->args[i], '/');

		add_ask(wait, NULL, mem_textn(native->args[i], (size_t)(slash - native->args[i])),
		    mem_text(slash + 1));
	}
}

static void read_condition(struct wait *wait)
{
	const char *text = native_value(&wait->api->native, NATIVE_FOR) + strlen("condition=");
	size_t len = strcspn(text, "=");

	wait->condition = mem_textn(text, len);
	wait->status = mem_text(text[len] ? text + len + 1 : "true");
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
	read_condition(wait);
	read_args(wait);
	wait->timer = loop_deadline(api->call->loop, most, on_time, wait);
	go_on(wait);
	return wait;
}

static void free_wait(void *state)
{
	struct wait *wait = state;

	stop(wait);
	for (size_t i = 0; i < wait->ask_count; i++) {
		free(wait->asks[i].type);
		free(wait->asks[i].name);
	}
	for (size_t i = 0; i < wait->error_count; i++)
		free(wait->errors[i]);
	free(wait->asks);
	free(wait->condition);
	free(wait->status);
	free(wait->missing);
	free(wait);
}

const struct api_form api_wait = {.start = start, .stop = stop, .free = free_wait};
