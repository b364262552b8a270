/* `kubectl auth whoami`: as whom the API server knows the caller (k8s.io/kubectl/pkg/cmd/auth, whoami.go). */
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "fsops/kube_print.h"
#include "fsops/mem.h"
#include "fsops/value.h"

#define REVIEWS "/apis/authentication.k8s.io/v1/selfsubjectreviews"
#define VERSION "authentication.k8s.io/v1"
/* "2026-01-02T03:04:05Z" */
#define MOMENT_LEN 20

static const char forbidden[] =
    "error: the selfsubjectreviews API is not enabled in the cluster or you do not have "
    "permission to call it";

struct whoami {
	struct api *api;
	struct kube_request *request;
};

/* ---- as a table ---- */

static void add_line(struct kube_tabs *tabs, const char *title, const char *key, const char *value)
{
	char *line = mem_printf("%s%s\t%s\n", title, key, value);

	if (*value)
		kube_tabs_add(tabs, line, strlen(line));
	free(line);
}

/* "[a b]"; "" of an empty one. */
static void add_texts(
    struct kube_tabs *tabs, const char *title, const char *key, const json_t *list)
{
	struct buf text;
	size_t i;
	json_t *item;

	buf_init(&text, BUF_TEXT_MAX);
	json_array_foreach(list, i, item)
		buf_addf(&text, "%s%s", i ? " " : "[",
		    json_is_string(item) ? json_string_value(item) : "");
	if (text.len)
		buf_addc(&text, ']');
	add_line(tabs, title, key, text.data);
	buf_release(&text);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_extra(struct kube_tabs *tabs, const json_t *extra)
{
	const char **keys = mem_alloc((json_object_size(extra) + 1) * sizeof(*keys));
	size_t count = 0;
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)extra, key, value)
		keys[count++] = key;
	qsort(keys, count, sizeof(*keys), by_text);
	for (size_t i = 0; i < count; i++)
		add_texts(tabs, "Extra: ", keys[i], json_object_get(extra, keys[i]));
	free(keys);
}

static void print_table(struct api *api, const json_t *user)
{
	const char *name = value_get_text(user, "username");
	const char *uid = value_get_text(user, "uid");
	struct kube_tabs tabs;
	struct buf out;

	kube_tabs_init(&tabs, BUF_TEXT_MAX);
	buf_init(&out, BUF_TEXT_MAX);
	add_line(&tabs, "", "ATTRIBUTE", "VALUE");
	add_line(&tabs, "", "Username", name ? name : "");
	add_line(&tabs, "", "UID", uid ? uid : "");
	add_texts(&tabs, "", "Groups", json_object_get(user, "groups"));
	add_extra(&tabs, json_object_get(user, "extra"));
	kube_tabs_flush(&tabs, &out);
	api_print(api, out.data, out.len);
	kube_tabs_release(&tabs);
	buf_release(&out);
}

/* ---- as JSON: in the order of Go's own type, unlike what `get` prints ---- */

/* VALUE as `-o json` shows it, four blanks for each of DEPTH levels before its lines. */
static int add_value(struct buf *out, const json_t *value, int depth)
{
	static const struct kube_object_style style = {.managed_fields = true};
	char *text = json_dumps(value, JSON_ENCODE_ANY);
	struct kube_doc doc;
	int result = kube_doc_read(&doc, text, strlen(text), NULL);

	if (result == 0)
		result = kube_print_json(&doc, doc.nodes, depth, &style, out);
	kube_doc_release(&doc);
	return result;
}

/* Those of USER that are there. */
static int add_user(struct buf *out, const json_t *user)
{
	static const char *const keys[] = {"username", "uid", "groups", "extra"};
	size_t count = 0;

	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		const json_t *value = json_object_get(user, keys[i]);

		if (!value)
			continue;
		buf_addf(out, "%s\n            \"%s\": ", count++ ? "," : "", keys[i]);
		if (add_value(out, value, 3) < 0)
			return -1;
	}
	/* Another one is nothing that kubectl 1.32 knows. */
	if (count != json_object_size(user))
		return -1;
	buf_adds(out, count ? "\n        " : "");
	return 0;
}

/* False: it holds more than is known here. */
static bool print_json(struct api *api, const json_t *review, const json_t *user)
{
	const json_t *about = json_object_get(review, "metadata");
	const char *made = value_get_text(about, "creationTimestamp");
	struct buf out;
	bool known = made && json_object_size(about) == 1 && strlen(made) == MOMENT_LEN &&
	             made[MOMENT_LEN - 1] == 'Z';

	buf_init(&out, BUF_TEXT_MAX);
	buf_addf(&out,
	    "{\n    \"kind\": \"SelfSubjectReview\",\n    \"apiVersion\": \"" VERSION "\",\n"
	    "    \"metadata\": {\n        \"creationTimestamp\": \"%s\"\n    },\n"
	    "    \"status\": {\n        \"userInfo\": {",
	    made ? made : "");
	known = known && add_user(&out, user) == 0;
	buf_adds(&out, "}\n    }\n}\n");
	if (known)
		api_print(api, out.data, out.len);
	buf_release(&out);
	return known;
}

/* ---- its life ---- */

static void on_review(void *ctx, json_t *object, const struct kube_reply *reply)
{
	struct whoami *own = ctx;
	const json_t *user = json_object_get(json_object_get(object, "status"), "userInfo");
	const char *output = native_value(&own->api->native, NATIVE_OUTPUT);
	bool known = true;

	own->request = NULL;
	/* An older server has older reviews, which kubectl knows. */
	if (reply->end == KUBE_FAILED || strcmp(reply->reason, "NotFound") == 0) {
		api_leave(own->api);
		return;
	}
	if (reply->end == KUBE_REFUSED) {
		api_fail(
		    own->api, strcmp(reply->reason, "Forbidden") == 0 ? forbidden : reply->line);
		return;
	}
	if (!json_is_object(user))
		known = false;
	else if (output && *output)
		known = print_json(own->api, object, user);
	else
		print_table(own->api, user);
	if (known)
		api_end(own->api, 0);
	else
		api_leave(own->api);
}

static void *start(struct api *api)
{
	struct whoami *own = mem_alloc(sizeof(*own));
	json_t *review =
	    json_pack("{s:s, s:s}", "kind", "SelfSubjectReview", "apiVersion", VERSION);

	own->api = api;
	own->request = kube_post(api->kube, &api->caller, REVIEWS, review, on_review, own);
	json_decref(review);
	return own;
}

static void stop(void *state)
{
	struct whoami *own = state;

	kube_cancel(own->request);
	own->request = NULL;
}

static void free_whoami(void *state)
{
	stop(state);
	free(state);
}

const struct api_form api_whoami = {.start = start, .stop = stop, .free = free_whoami};
