/*
 * `kubectl auth can-i VERB RESOURCE`: the API server is asked for a review of the caller's own rights
 * (k8s.io/kubectl/pkg/cmd/auth, cani.go). Invariant: what is unusual about the question is said before the answer, and
 * nothing is said when kubectl must do it.
 */
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "fsops/mem.h"
#include "fsops/text.h"
#include "fsops/value.h"

#define REVIEWS "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"

struct can_i {
	struct api *api;
	const char *verb;
	char *type; /* as it is written, in small letters; NULL: it is a path of the server's own */
	const char *name;             /* behind the "/"; "" */
	const struct kube_kind *kind; /* NULL: none of that name */
	struct buf said;              /* warnings */
	struct kube_find *find;
	struct kube_request *request;
};

/* ---- the answer ---- */

static void on_review(void *ctx, json_t *object, const struct kube_reply *reply)
{
	struct can_i *own = ctx;
	const json_t *status = json_object_get(object, "status");
	const json_t *answer = json_object_get(status, "allowed");
	bool allowed = json_is_true(answer);
	const char *reason = value_get_text(status, "reason");
	const char *error = value_get_text(status, "evaluationError");
	struct buf out;

	own->request = NULL;
	/* What says neither is no answer. */
	if (reply->end == KUBE_FAILED || (reply->end == KUBE_DONE && !json_is_boolean(answer))) {
		api_leave(own->api);
		return;
	}
	api_complain(own->api, own->said.data, own->said.len);
	if (reply->end == KUBE_REFUSED) {
		api_fail(own->api, reply->line);
		return;
	}
	buf_init(&out, BUF_TEXT_MAX);
	buf_adds(&out, allowed ? "yes" : "no");
	if (!allowed && reason && *reason)
		buf_addf(&out, " - %s", reason);
	if (!allowed && error && *error)
		buf_addf(&out, " - %s", error);
	buf_addc(&out, '\n');
	if (!native_on(&own->api->native, NATIVE_QUIET))
		api_print(own->api, out.data, out.len);
	api_end(own->api, allowed ? 0 : 1);
	buf_release(&out);
}

/* ---- the question ---- */

static void set(json_t *object, const char *key, const char *value)
{
	if (value && *value)
		json_object_set_new(object, key, json_string(value));
}

static json_t *about_resource(const struct can_i *own)
{
	const struct native *native = &own->api->native;
	json_t *about = json_object();
	size_t len = strcspn(native->args[1], "/");

	if (!native_on(native, NATIVE_ALL_NAMESPACES))
		set(about, "namespace", own->api->namespace);
	set(about, "verb", own->verb);
	set(about, "subresource", native_value(native, NATIVE_SUBRESOURCE));
	set(about, "name", own->name);
	if (own->kind) {
		set(about, "group", own->kind->group);
		set(about, "resource", own->kind->plural);
	} else {
		json_object_set_new(about, "resource", json_stringn(native->args[1], len));
	}
	return about;
}

static json_t *about_path(const struct can_i *own)
{
	return json_pack("{s:s, s:s}", "verb", own->verb, "path", own->api->native.args[1]);
}

static void ask(struct can_i *own)
{
	json_t *spec = own->type ? json_pack("{s:o}", "resourceAttributes", about_resource(own))
	                         : json_pack("{s:o}", "nonResourceAttributes", about_path(own));
	json_t *review = json_pack("{s:s, s:s, s:o}", "kind", "SelfSubjectAccessReview",
	    "apiVersion", "authorization.k8s.io/v1", "spec", spec);

	own->request =
	    kube_post(own->api->kube, &own->api->caller, REVIEWS, review, on_review, own);
	json_decref(review);
}

/* ---- what is unusual about it ---- */

static const char resource_verbs[] = "get list watch create update patch delete deletecollection "
                                     "use bind impersonate * approve sign escalate attest";
static const char path_verbs[] = "get put post head options delete patch *";

static void warn_of_verb(struct can_i *own, const char *known)
{
	if (!text_has_word(known, own->verb))
		buf_addf(&own->said, "Warning: verb '%s' is not a known verb\n\n", own->verb);
}

static void warn_of_scope(struct can_i *own)
{
	const struct kube_kind *kind = own->kind;

	if (!kind || kind->namespaced)
		return;
	buf_addf(&own->said, "Warning: resource '%s' is not namespace scoped", kind->plural);
	if (*kind->group)
		buf_addf(&own->said, " in group '%s'", kind->group);
	buf_adds(&own->said, "\n\n");
}

static void warn_of_type(struct can_i *own)
{
	const char *dot = strchr(own->type, '.');

	/* Roles may name them, though they are no objects. */
	if (strcmp(own->type, "users") == 0 || strcmp(own->type, "groups") == 0)
		return;
	buf_addf(&own->said, "Warning: the server doesn't have a resource type '%.*s'",
	    (int)strcspn(own->type, "."), own->type);
	if (dot && dot[1])
		buf_addf(&own->said, " in group '%s'", dot + 1);
	buf_adds(&own->said, "\n\n");
}

static void warn_and_ask(struct can_i *own)
{
	if (!native_on(&own->api->native, NATIVE_ALL_NAMESPACES)) {
		warn_of_scope(own);
		warn_of_verb(own, resource_verbs);
	}
	ask(own);
}

/* ---- the kind ---- */

/* A kind's own name, which `get` takes too, is none here. */
static bool is_name_of(const struct kube_kind *kind, const char *type)
{
	char *word = mem_textn(type, strcspn(type, "."));
	bool is = strcmp(word, kind->plural) == 0 || strcmp(word, kind->singular) == 0 ||
	          text_has_word(kind->names, word);

	free(word);
	return is;
}

static void on_found(void *ctx, const struct kube_found *found)
{
	struct can_i *own = ctx;

	own->find = NULL;
	own->kind = found->kinds;
	if (!found->kinds && found->unknown) {
		warn_of_type(own);
		warn_and_ask(own);
	} else if (!found->kinds || found->kinds->next || !is_name_of(found->kinds, own->type)) {
		api_leave(own->api);
	} else {
		warn_and_ask(own);
	}
}

/* ---- its life ---- */

static void read_type(struct can_i *own, const char *text)
{
	size_t len = strcspn(text, "/");

	own->type = mem_textn(text, len);
	for (char *c = own->type; *c; c++)
		*c = (char)(*c >= 'A' && *c <= 'Z' ? *c + ('a' - 'A') : *c);
	own->name = text[len] ? text + len + 1 : "";
}

static void *start(struct api *api)
{
	struct can_i *own = mem_alloc(sizeof(*own));
	const char *about = api->native.args[1];

	own->api = api;
	own->verb = api->native.args[0];
	buf_init(&own->said, BUF_TEXT_MAX);
	if (*about == '/') {
		warn_of_verb(own, path_verbs);
		ask(own);
		return own;
	}
	read_type(own, about);
	if (strcmp(own->type, "*") == 0)
		warn_and_ask(own);
	else
		own->find = kube_find(api->kube, &api->caller, own->type, on_found, own);
	return own;
}

static void stop(void *state)
{
	struct can_i *own = state;

	kube_find_cancel(own->find);
	kube_cancel(own->request);
	own->find = NULL;
	own->request = NULL;
}

static void free_can_i(void *state)
{
	struct can_i *own = state;

	stop(own);
	buf_release(&own->said);
	free(own->type);
	free(own);
}

const struct api_form api_can_i = {.start = start, .stop = stop, .free = free_can_i};
