/*
 * Lists, a piece at a time, as kubectl asks for them (k8s.io/cli-runtime/pkg/resource, selector.go and helper.go).
 * Invariant: one request at a time, and the next only when what came is handed out.
 */
#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/value.h"
#include "private.h"

const char kube_accept_table[] = "application/json;as=Table;v=v1;g=meta.k8s.io,application/"
                                 "json;as=Table;v=v1beta1;g=meta.k8s.io,"
                                 "application/json";

struct kube_list {
	struct kube *kube;
	struct kube_caller *caller;
	char *path;
	char *accept;
	int chunk;
	int (*page)(void *ctx, json_t *page, struct err *err);
	void (*done)(void *ctx, const struct kube_reply *reply);
	void *ctx;
	struct kube_request *request;
	char *next;   /* the server's word for the next piece; NULL: the first */
	bool inside;  /* page() is on the stack */
	bool dropped; /* cancelled from there */
};

static void list_free(struct kube_list *list)
{
	struct kube *kube = list->kube;

	kube_cancel(list->request);
	free(list->path);
	free(list->accept);
	free(list->next);
	free(list);
	kube_unuse(kube);
}

static void end(struct kube_list *list, const struct kube_reply *reply)
{
	list->done(list->ctx, reply);
	list_free(list);
}

/* --- Errors --- */

/* The value of NAME in the query of PATH, decoded; "" when it is not there; owned. */
static char *query_value(const char *path, const char *name)
{
	const char *at = strchr(path, '?');
	size_t len = strlen(name);
	struct buf value;

	buf_init(&value, BUF_TEXT_MAX);
	while (at && (strncmp(at + 1, name, len) != 0 || at[1 + len] != '='))
		at = strchr(at + 1, '&');
	for (at = at ? at + len + 2 : ""; *at && *at != '&'; at++) {
		char digits[3] = {
		    at[0] == '%' ? at[1] : '\0', at[0] == '%' && at[1] ? at[2] : '\0', '\0'};

		if (digits[1]) {
			buf_addc(&value, (char)strtol(digits, NULL, 16));
			at += 2;
		} else {
			buf_addc(&value, *at == '+' ? ' ' : *at);
		}
	}
	return buf_detach(&value);
}

/* "apps/v1, Resource=deployments" of a path; owned. */
static char *subject(const char *path)
{
	const char *at = path + (strncmp(path, "/apis/", 6) == 0 ? 6 : 5);
	size_t whole = strcspn(path, "?");
	const char *last = path + whole;
	const char *version = at;
	size_t group = 0;

	while (last > path && last[-1] != '/')
		last--;
	if (strncmp(path, "/apis/", 6) == 0) {
		group = strcspn(at, "/");
		version = at + group + (at[group] == '/');
	}
	return mem_printf("%.*s/%.*s, Resource=%.*s", (int)group, at, (int)strcspn(version, "/"),
	    version, (int)(path + whole - last), last);
}

/* kubectl says which list it was when there is none, or its selectors are bad. */
static void end_refused(struct kube_list *list, const struct kube_reply *reply)
{
	struct kube_reply told = *reply;
	char *what = subject(list->path);
	char *labels = query_value(list->path, "labelSelector");
	char *fields = query_value(list->path, "fieldSelector");
	char *message = *labels || *fields
	                    ? mem_printf("Unable to find \"%s\" that match label selector \"%s\", "
	                                 "field selector \"%s\": %s",
	                          what, labels, fields, reply->message)
	                    : mem_printf("Unable to list \"%s\": %s", what, reply->message);
	char *line = mem_printf("Error from server (%s): %s", reply->reason, message);

	told.message = message;
	told.line = line;
	err_set(&told.err, ERR_REMOTE, "%s", line);
	end(list, &told);
	free(what);
	free(labels);
	free(fields);
	free(message);
	free(line);
}

static void end_own(struct kube_list *list, const struct err *err)
{
	char *line = mem_printf("error: %s", err->text);
	struct kube_reply reply = {
	    .end = KUBE_FAILED, .reason = "", .message = err->text, .line = line, .err = *err};

	end(list, &reply);
	free(line);
}

/* --- Pieces --- */

static void ask(struct kube_list *list);

/* Its page() may cancel it. */
static int hand_out(struct kube_list *list, json_t *page, struct err *err)
{
	int result;

	list->inside = true;
	result = list->page(list->ctx, page, err);
	list->inside = false;
	return result;
}

bool kube_is_list(const json_t *object)
{
	static const char end[] = "List";
	const json_t *items = json_object_get(object, "items");
	const char *kind = value_get_text(object, "kind");
	size_t len = kind ? strlen(kind) : 0;

	if (items && !json_is_null(items))
		return json_is_array(items);
	return len > strlen(end) && strcmp(kind + len - strlen(end), end) == 0;
}

static void end_no_list(struct kube_list *list)
{
	struct err err;

	err_set(
	    &err, ERR_REMOTE, "the answer is no list: does something else answer at its address?");
	end_own(list, &err);
}

static void on_page(void *ctx, json_t *page, const struct kube_reply *reply)
{
	struct kube_list *list = ctx;
	const char *next = value_get_text(json_object_get(page, "metadata"), "continue");
	char *kept = next && *next ? mem_text(next) : NULL;
	struct err err;
	int result;

	list->request = NULL;
	if (reply->end == KUBE_DONE && !kube_is_list(page)) {
		free(kept);
		end_no_list(list);
	} else if (reply->end == KUBE_DONE) {
		result = hand_out(list, page, &err);
		free(list->next);
		list->next = kept; /* transferred */
		if (list->dropped)
			list_free(list);
		else if (result < 0)
			end_own(list, &err);
		else if (list->next)
			ask(list);
		else
			end(list, reply);
	} else if (strcmp(reply->reason, "NotFound") == 0 ||
	           strcmp(reply->reason, "BadRequest") == 0) {
		end_refused(list, reply);
	} else {
		end(list, reply);
	}
}

static void ask(struct kube_list *list)
{
	struct buf path;
	struct buf query;

	buf_init(&path, BUF_TEXT_MAX);
	buf_init(&query, BUF_TEXT_MAX);
	if (list->next)
		kube_query_add(&query, "continue", list->next);
	if (list->chunk) {
		char number[32];

		snprintf(number, sizeof(number), "%d", list->chunk);
		kube_query_add(&query, "limit", number);
	}
	buf_addf(&path, "%s%s%s", list->path,
	    !query.len                ? ""
	    : strchr(list->path, '?') ? "&"
	                              : "?",
	    query.data);
	list->request = kube_get(list->kube, list->caller, path.data, list->accept, on_page, list);
	buf_release(&path);
	buf_release(&query);
}

struct kube_list *kube_list(
    struct kube *kube, struct kube_caller *caller, const struct kube_list_spec *spec)
{
	struct kube_list *list = mem_alloc(sizeof(*list));

	*list = (struct kube_list){
	    .kube = kube,
	    .caller = caller,
	    .path = mem_text(spec->path),
	    .accept = mem_text(spec->accept),
	    .chunk = spec->chunk,
	    .page = spec->page,
	    .done = spec->done,
	    .ctx = spec->ctx,
	};
	kube_use(kube);
	ask(list);
	return list;
}

void kube_list_cancel(struct kube_list *list)
{
	if (!list)
		return;
	if (list->inside)
		list->dropped = true;
	else
		list_free(list);
}
