/*
 * `kubectl rollout history`: the revisions of a deployment (its replica sets), of a daemon set or a stateful set
 * (controller revisions), and why each was made. Invariant: a revision that two of them have is kubectl's to tell.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/kube_print.h"
#include "fsops/mem.h"
#include "fsops/value.h"
#include "one.h"

#define REVISION "deployment.kubernetes.io/revision"
#define CAUSE    "kubernetes.io/change-cause"

struct revision {
	int64_t number;
	const char *cause; /* of the list; NULL: none is told */
};

struct history {
	struct api *api;
	struct one one;
	struct kube_request *request;
	const struct source *source;
	char *name;
	char *uid;
	struct revision *revisions;
	size_t count;
};

/* ---- what has revisions, and where they are ---- */

static const struct source {
	const char *kind;
	const char *label;  /* as the first line has it */
	const char *plural; /* of the objects that are its revisions */
	bool
	    in_annotations; /* else each has its number, and its cause is nowhere else than in its own annotations */
} sources[] = {
    {"Deployment", "deployment.apps", "replicasets", true},
    {"DaemonSet", "daemonset.apps", "controllerrevisions", false},
    {"StatefulSet", "statefulset.apps", "controllerrevisions", false},
};

static const struct source *source_of(const struct kube_kind *kind)
{
	for (size_t i = 0; i < COUNT_OF(sources); i++)
		if (strcmp(kind->kind, sources[i].kind) == 0)
			return &sources[i];
	return NULL;
}

static bool takes(const struct kube_kind *kind)
{
	return source_of(kind) && strcmp(kind->group, "apps") == 0 &&
	       strcmp(kind->version, "v1") == 0;
}

/* ---- revisions ---- */

static bool is_controlled(const json_t *set, const char *uid)
{
	size_t i;
	json_t *owner;

	json_array_foreach(
	    json_object_get(json_object_get(set, "metadata"), "ownerReferences"), i, owner) {
		const char *own = value_get_text(owner, "uid");

		if (json_is_true(json_object_get(owner, "controller")))
			return own && strcmp(own, uid) == 0;
	}
	return false;
}

static const char *annotation(const json_t *object, const char *key)
{
	const char *text = value_get_text(
	    json_object_get(json_object_get(object, "metadata"), "annotations"), key);

	return text && *text ? text : NULL;
}

/* False: it has none that is a number, and is not told. Without one at all it is 0. */
static bool read_revision(const json_t *set, int64_t *number)
{
	const char *text = annotation(set, REVISION);
	char *end;

	*number = 0;
	if (!text)
		return true;
	errno = 0;
	*number = strtoll(text, &end, 10);
	return errno == 0 && !*end && strchr("0123456789-", *text);
}

static void add_revision(struct history *history, const json_t *item)
{
	const json_t *template = json_object_get(json_object_get(item, "spec"), "template");
	const char *cause = annotation(item, CAUSE);
	int64_t number = json_integer_value(json_object_get(item, "revision"));

	if (!is_controlled(item, history->uid))
		return;
	if (history->source->in_annotations && !read_revision(item, &number))
		return;
	if (history->source->in_annotations && !cause)
		cause = annotation(template, CAUSE);
	MEM_PUSH_ROOM(history->revisions, history->count);
	history->revisions[history->count++] = (struct revision){number, cause};
}

static int by_number(const void *a, const void *b)
{
	const struct revision *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

/* ---- printing ---- */

static bool is_clear(const struct history *history)
{
	for (size_t i = 1; i < history->count; i++)
		if (history->revisions[i - 1].number == history->revisions[i].number)
			return false;
	return true;
}

static void add_table(const struct history *history, struct buf *out)
{
	struct kube_tabs tabs;

	kube_tabs_init(&tabs, BUF_TEXT_MAX);
	tabs.width_min = 0;
	tabs.padding = 2;
	kube_tabs_add(&tabs, "REVISION\tCHANGE-CAUSE\n", 22);
	for (size_t i = 0; i < history->count; i++) {
		const struct revision *revision = &history->revisions[i];
		char *line = mem_printf("%" PRId64 "\t%s\n", revision->number,
		    revision->cause ? revision->cause : "<none>");

		kube_tabs_add(&tabs, line, strlen(line));
		free(line);
	}
	kube_tabs_flush(&tabs, out);
	kube_tabs_release(&tabs);
}

static void show(struct history *history)
{
	struct buf out;

	buf_init(&out, 2 * BUF_TEXT_MAX);
	buf_addf(&out, "%s/%s \n", history->source->label, history->name);
	if (history->count)
		add_table(history, &out);
	else
		buf_adds(&out, "No rollout history found.");
	buf_addc(&out, '\n');
	api_print(history->api, out.data, out.len);
	api_end(history->api, 0);
	buf_release(&out);
}

static void on_list(void *ctx, json_t *list, const struct kube_reply *reply)
{
	struct history *history = ctx;
	size_t i;
	json_t *item;

	history->request = NULL;
	if (reply->end != KUBE_DONE) {
		api_leave(history->api);
		return;
	}
	json_array_foreach(json_object_get(list, "items"), i, item)
		add_revision(history, item);
	if (history->count)
		qsort(history->revisions, history->count, sizeof(*history->revisions), by_number);
	if (is_clear(history))
		show(history);
	else
		api_leave(history->api);
}

static void on_one(void *ctx, const struct kube_kind *kind, json_t *object)
{
	struct history *history = ctx;
	const struct source *source = source_of(kind);
	const struct kube_kind kept = {
	    .group = "apps", .version = "v1", .plural = source->plural, .namespaced = true};
	const json_t *metadata = json_object_get(object, "metadata");
	const char *uid = value_get_text(metadata, "uid");
	char *labels = one_selector(kind, object);
	struct buf query;
	char *path;

	if (!labels) {
		api_leave(history->api);
		return;
	}
	history->source = source;
	history->name = mem_text(value_get_text(metadata, "name"));
	history->uid = mem_text(uid ? uid : "");
	buf_init(&query, BUF_TEXT_MAX);
	kube_query_add(&query, "labelSelector", labels);
	path = kube_path(&kept, history->api->namespace, NULL, NULL, query.data);
	history->request =
	    kube_get(history->api->kube, &history->api->caller, path, NULL, on_list, history);
	free(path);
	free(labels);
	buf_release(&query);
}

/* ---- its life ---- */

static void *start(struct api *api)
{
	struct history *history = mem_alloc(sizeof(*history));
	char *type, *name;

	history->api = api;
	if (one_of_words(&api->native, 0, &type, &name)) {
		one_start(&history->one, api, type, name, takes, on_one, history);
		free(type);
		free(name);
	} else {
		api_leave(api);
	}
	return history;
}

static void stop(void *state)
{
	struct history *history = state;

	one_stop(&history->one);
	kube_cancel(history->request);
	history->request = NULL;
}

static void free_history(void *state)
{
	struct history *history = state;

	stop(history);
	one_release(&history->one);
	free(history->name);
	free(history->uid);
	free(history->revisions);
	free(history);
}

const struct api_form api_rollout_history = {.start = start, .stop = stop, .free = free_history};
