/* One object by its name. Invariant: DONE comes once, or the call has ended. */
#include "one.h"

#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/text.h"
#include "fsops/value.h"
#include "fsops/web.h"

static bool is_missing(const struct kube_reply *reply)
{
	return reply->end == KUBE_REFUSED && strcmp(reply->reason, "NotFound") == 0;
}

static char *missing_line(const struct one *one, const struct kube_reply *reply)
{
	return one->say_missing ? one->say_missing(one, reply->message) : mem_text(reply->line);
}

static void fail_missing(struct one *one, const struct kube_reply *reply)
{
	char *line = missing_line(one, reply);

	api_fail(one->api, line);
	free(line);
}

/* What is not there is told by its namespace when that is not there. */
static void on_namespace(void *ctx, json_t *object, const struct kube_reply *reply)
{
	struct one *one = ctx;

	(void)object;
	one->request = NULL;
	if (is_missing(reply))
		fail_missing(one, reply);
	else
		api_fail(one->api, one->missing);
}

static void ask_namespace(struct one *one, const struct kube_reply *of)
{
	char *name = web_encode(one->api->namespace, "");
	char *path = mem_printf("/api/v1/namespaces/%s", name);

	one->missing = missing_line(one, of);
	one->request = kube_get(one->api->kube, &one->api->caller, path, NULL, on_namespace, one);
	free(path);
	free(name);
}

static void on_object(void *ctx, json_t *object, const struct kube_reply *reply)
{
	struct one *one = ctx;

	one->request = NULL;
	if (reply->end == KUBE_DONE && object)
		one->done(one->ctx, one->kind, object);
	else if (is_missing(reply) && one->kind->namespaced &&
	         strcmp(one->api->namespace, "default") != 0)
		ask_namespace(one, reply);
	else if (is_missing(reply))
		fail_missing(one, reply);
	else
		api_fail(one->api, reply->line);
}

static void on_found(void *ctx, const struct kube_found *found)
{
	struct one *one = ctx;
	char *path;

	one->find = NULL;
	if (!found->kinds) {
		api_fail(one->api, found->line);
		return;
	}
	one->kind = found->kinds;
	if (one->kind->next || text_has_word(one->kind->categories, one->type) ||
	    !one->takes(one->kind)) {
		api_leave(one->api);
		return;
	}
	path = kube_path(
	    one->kind, one->kind->namespaced ? one->api->namespace : NULL, one->name, NULL, NULL);
	one->request = kube_get(one->api->kube, &one->api->caller, path, NULL, on_object, one);
	free(path);
}

void one_start(struct one *one, struct api *api, const char *type, const char *name,
    bool (*takes)(const struct kube_kind *kind), one_done_fn *done, void *ctx)
{
	*one = (struct one){.api = api,
	    .type = mem_text(type),
	    .name = mem_text(name),
	    .takes = takes,
	    .done = done,
	    .ctx = ctx};
	one->find = kube_find(api->kube, &api->caller, one->type, on_found, one);
}

void one_stop(struct one *one)
{
	kube_find_cancel(one->find);
	one->find = NULL;
	kube_cancel(one->request);
	one->request = NULL;
}

void one_release(struct one *one)
{
	one_stop(one);
	free(one->type);
	free(one->name);
	free(one->missing);
	*one = (struct one){0};
}

bool one_of_words(const struct native *native, size_t at, char **type, char **name)
{
	const char *first = at < native->arg_count ? native->args[at] : NULL;
	const char *slash = first ? strchr(first, '/') : NULL;

	if (slash && at + 1 == native->arg_count) {
		*type = mem_textn(first, (size_t)(slash - first));
		*name = mem_text(slash + 1);
		return true;
	}
	if (!first || slash || at + 2 != native->arg_count)
		return false;
	*type = mem_text(first);
	*name = mem_text(native->args[at + 1]);
	return true;
}

/* ---- what belongs to it ---- */

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* "a=1,b=2" of an object, as labels.Selector writes it. */
static void add_labels(struct buf *out, const json_t *labels)
{
	const char **keys = mem_alloc((json_object_size(labels) + 1) * sizeof(*keys));
	size_t count = 0;
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)labels, key, value)
		keys[count++] = key;
	qsort(keys, count, sizeof(*keys), by_text);
	for (size_t i = 0; i < count; i++) {
		const char *text = value_get_text(labels, keys[i]);

		buf_addf(out, "%s%s=%s", out->len ? "," : "", keys[i], text ? text : "");
	}
	free(keys);
}

char *one_selector(const struct kube_kind *kind, const json_t *object)
{
	const json_t *selector = json_object_get(json_object_get(object, "spec"), "selector");
	bool plain = !*kind->group;
	const json_t *labels = plain ? selector : json_object_get(selector, "matchLabels");
	struct buf out;

	if (json_object_size(labels) == 0 ||
	    (!plain && json_array_size(json_object_get(selector, "matchExpressions"))))
		return NULL;
	buf_init(&out, BUF_TEXT_MAX);
	add_labels(&out, labels);
	return buf_detach(&out);
}
