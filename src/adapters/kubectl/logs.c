/* `kubectl logs`: from words to containers. Invariant: an object that has pods stands for the one that kubectl would
 * take. */
#include "logs.h"

#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/value.h"

/* What has pods, and logs of them. */
static const struct {
	const char *group;
	const char *kind;
} with_pods[] = {
    {"apps", "Deployment"},
    {"apps", "ReplicaSet"},
    {"apps", "StatefulSet"},
    {"apps", "DaemonSet"},
    {"batch", "Job"},
    {"", "ReplicationController"},
    {"", "Service"},
};

static bool is_pod(const struct kube_kind *kind)
{
	return !*kind->group && strcmp(kind->kind, "Pod") == 0;
}

static bool takes(const struct kube_kind *kind)
{
	for (size_t i = 0; i < COUNT_OF(with_pods); i++)
		if (strcmp(kind->group, with_pods[i].group) == 0 &&
		    strcmp(kind->kind, with_pods[i].kind) == 0)
			return strcmp(kind->version, "v1") == 0;
	return is_pod(kind);
}

/* ---- the pods of an object ---- */

static void take_first(struct logs *logs, const json_t *pods)
{
	ssize_t first = logs_first_pod(pods);
	size_t count = json_array_size(pods);
	const json_t *pod = first < 0 ? NULL : json_array_get(pods, (size_t)first);

	if (!pod) {
		api_leave(logs->api);
		return;
	}
	if (count > 1)
		buf_addf(&logs->notes, "Found %zu pods, using pod/%s\n", count,
		    value_get_text(json_object_get(pod, "metadata"), "name"));
	if (logs_add_pod(logs, pod))
		logs_read(logs);
}

static void on_pods(void *ctx, json_t *list, const struct kube_reply *reply)
{
	struct logs *logs = ctx;

	logs->request = NULL;
	if (reply->end != KUBE_DONE)
		api_fail(logs->api, reply->line);
	else
		take_first(logs, json_object_get(list, "items"));
}

static void ask_pods(struct logs *logs, const char *selector, kube_got_fn *got)
{
	static const struct kube_kind pods = {
	    .group = "", .version = "v1", .plural = "pods", .namespaced = true};
	struct buf query;
	char *path;

	buf_init(&query, BUF_TEXT_MAX);
	kube_query_add(&query, "labelSelector", selector);
	path = kube_path(&pods, logs->api->namespace, NULL, NULL, query.data);
	logs->request = kube_get(logs->api->kube, &logs->api->caller, path, NULL, got, logs);
	free(path);
	buf_release(&query);
}

static void on_one(void *ctx, const struct kube_kind *kind, json_t *object)
{
	struct logs *logs = ctx;
	char *selector;

	if (is_pod(kind)) {
		if (logs_add_pod(logs, object))
			logs_read(logs);
		return;
	}
	selector = one_selector(kind, object);
	if (selector)
		ask_pods(logs, selector, on_pods);
	else
		api_leave(logs->api);
	free(selector);
}

/* ---- by a selector ---- */

static void on_selected(void *ctx, json_t *list, const struct kube_reply *reply)
{
	struct logs *logs = ctx;
	const json_t *items = json_object_get(list, "items");
	size_t i;
	json_t *pod;

	logs->request = NULL;
	if (reply->end == KUBE_REFUSED && (reply->status == 400 || reply->status == 404)) {
		api_leave(logs->api);
		return;
	}
	if (reply->end != KUBE_DONE) {
		api_fail(logs->api, reply->line);
		return;
	}
	if (json_array_size(items) == 0)
		buf_addf(
		    &logs->notes, "No resources found in %s namespace.\n", logs->api->namespace);
	json_array_foreach((json_t *)items, i, pod)
		if (!logs_add_pod(logs, pod))
			return;
	logs_read(logs);
}

/* ---- its life ---- */

static char *say_missing(const struct one *one, const char *message)
{
	return mem_printf("error: error from server (NotFound): %s in namespace \"%s\"", message,
	    one->api->namespace);
}

static void *start(struct api *api)
{
	struct logs *logs = mem_alloc(sizeof(*logs));
	const char *word = api->native.arg_count ? api->native.args[0] : NULL;
	const char *slash = word ? strchr(word, '/') : NULL;

	logs->api = api;
	buf_init(&logs->notes, BUF_TEXT_MAX);
	if (!word) {
		ask_pods(logs, native_value(&api->native, NATIVE_SELECTOR), on_selected);
	} else if (slash) {
		char *type = mem_textn(word, (size_t)(slash - word));

		one_start(&logs->one, api, type, slash + 1, takes, on_one, logs);
		free(type);
	} else {
		one_start(&logs->one, api, "pods", word, takes, on_one, logs);
	}
	logs->one.say_missing = say_missing;
	return logs;
}

static void stop(void *state)
{
	struct logs *logs = state;

	one_stop(&logs->one);
	kube_cancel(logs->request);
	logs->request = NULL;
}

static void free_logs(void *state)
{
	struct logs *logs = state;

	stop(logs);
	one_release(&logs->one);
	for (size_t i = 0; i < logs->source_count; i++) {
		free(logs->sources[i].namespace);
		free(logs->sources[i].pod);
		free(logs->sources[i].container);
	}
	free(logs->sources);
	buf_release(&logs->notes);
	free(logs);
}

const struct api_form api_logs = {.start = start, .stop = stop, .free = free_logs};
