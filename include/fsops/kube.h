/*
 * Kubernetes' API, as kubectl uses it: one API server with one identity, kept for the run and shared by all
 * calls that mean the same.
 *
 *	struct kube *kube = kube_open(loop, children, &spec, &err);     // NULL: ERR_UNKNOWN: let kubectl do it
 *	struct kube_caller caller = {.said = …, .secret = …, .ctx = me};  // one command: lives until its end
 *	me->find = kube_find(kube, &caller, "deploy", on_found, me);    // "deploy" → apps/v1, deployments
 *	me->list = kube_list(kube, &caller, &(struct kube_list_spec){.path = path, …});
 *	… page() any number of times, done() once; then it is freed
 *	kube_list_cancel(me->list);                                     // or this, and nothing more comes
 *	kube_caller_release(&caller);
 *	kube_close(kube);
 *
 * No function calls back from inside. What CTX is for is the caller's; all other texts are copied. Nothing here
 * waits for ever by itself: deadlines are the caller's.
 *
 * What is printed (`line`, said()) is what kubectl 1.32 prints to stderr in the same place.
 */
#ifndef FSOPS_KUBE_H
#define FSOPS_KUBE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "fsops/buf.h"
#include "fsops/child.h"
#include "fsops/err.h"
#include "fsops/loop.h"

/* The most that one answer may be where it is kept whole (kube_get(), a page of a list). */
#define KUBE_ANSWER_MAX ((size_t)64 * 1024 * 1024)

/* What kubectl asks for in one piece of a list (--chunk-size). */
#define KUBE_CHUNK 500

struct kube;

/*
 * --- The API server ---
 */

/* Which one, and as whom. Everything is copied. */
struct kube_spec {
	const char *
	    kubeconfig; /* --kubeconfig; NULL: $KUBECONFIG, ~/.kube/config, the pod's own account */
	const char *context; /* --context; NULL: the current one */
	/* What a login plugin gets of the environment, as in struct child_spec; NULL: all. */
	const char *const *inherit;
};

/*
 * The API server that SPEC leads to: one that is open already when it is for the same SPEC. Reads the kubeconfig,
 * asks nothing. NULL:
 *   ERR_UNKNOWN  something in the kubeconfig is not known here whole, or wrong: kubectl must do it, and say it
 *   ERR_INPUT    the text is what kubectl prints, and it exits with 1
 *   ERR_SYSTEM   a file that it names is such that nobody may read it: kubectl would wait for ever, or not say who it is
 */
struct kube *kube_open(
    struct loop *loop, struct children *children, const struct kube_spec *spec, struct err *err);
/* What was found out (logins, kinds) is kept for the next one until the loop ends. NULL is allowed. */
void kube_close(struct kube *kube);

/* The namespace when nothing names one: the context's, "default" without one. Borrowed. */
const char *kube_namespace(const struct kube *kube);
/* "https://10.0.0.1:6443", without a "/" at its end. Borrowed. */
const char *kube_server(const struct kube *kube);
/* Is its certificate not verified (insecure-skip-tls-verify)? */
bool kube_insecure(const struct kube *kube);
/* Has it ever answered that what was asked for is elsewhere (302)? kubectl goes there, nothing here does. */
bool kube_is_elsewhere(const struct kube *kube);

/* What its requests wait for beside the server, as a sentence: a login plugin. A new text; NULL: nothing. */
char *kube_waits_for(const struct kube *kube);

/*
 * --- Who asks ---
 */

/* One command in kubectl's sense. Each warning of the API server is told it once. */
struct kube_caller {
	/* For stderr, as it comes: "Warning: …\n", what a login plugin prints. */
	void (*said)(void *ctx, const char *text, size_t len);
	/* TEXT is a credential: call_secret(). May come again. */
	void (*secret)(void *ctx, const char *text);
	void *ctx;
	bool fresh;     /* no connection that was there already: it asks again what is there now */
	json_t *warned; /* kube's own; NULL at the beginning */
};

void kube_caller_release(struct kube_caller *caller);

/*
 * --- Requests ---
 */

enum kube_end {
	KUBE_DONE,    /* 2xx, whole */
	KUBE_REFUSED, /* the API server said no: `status`, `reason`, `message` */
	KUBE_FAILED, /* no answer: no connection, no login, a torn answer, one of our own ceilings */
};

/* How it ended. All is borrowed for the callback. */
struct kube_reply {
	enum kube_end end;
	int status;           /* HTTP; 0: none came */
	const char *reason;   /* of the Status object: "NotFound", "Forbidden"; "" */
	const char *message;  /* of the Status object, else a sentence; "" when KUBE_DONE */
	const json_t *answer; /* KUBE_REFUSED: the Status object, or NULL */
	/* Unless KUBE_DONE: what kubectl prints, without the newline at its end:
	 * "Error from server (NotFound): pods "x" not found"; "Unable to connect to the server: …". */
	const char *line;
	struct err err; /* unless KUBE_DONE: the same with its kind, for call_fail() */
};

struct kube_ask {
	const char *method; /* NULL: GET */
	const char *path;   /* "/api/v1/pods?limit=500": as it is sent */
	const char *accept; /* NULL: application/json */
	const char *body;   /* NULL: none */
	size_t body_len;
	const char *content_type; /* of the body */
	/* A piece of a 2xx answer's body. -1 with ERR filled in ends the request with it. */
	int (*data)(void *ctx, const char *data, size_t len, struct err *err);
	void (*done)(void *ctx, const struct kube_reply *reply);
	void *ctx;
};

struct kube_request;

/* Logs in when that is needed, tries again as client-go does (429, Retry-After; 401 with a login plugin: once). */
struct kube_request *kube_start(
    struct kube *kube, struct kube_caller *caller, const struct kube_ask *ask);
/* Give up; nothing more comes. NULL is allowed. */
void kube_cancel(struct kube_request *request);
/* From inside data(): nothing more is read until kube_go_on(); a piece that was read already may still come. */
void kube_pause(struct kube_request *request);
void kube_go_on(struct kube_request *request);

/* The same for an answer that is small and JSON: OBJECT is borrowed, NULL unless KUBE_DONE. */
typedef void kube_got_fn(void *ctx, json_t *object, const struct kube_reply *reply);
struct kube_request *kube_get(struct kube *kube, struct kube_caller *caller, const char *path,
    const char *accept, kube_got_fn *got, void *ctx);

/* The same, but a refusal is told in client-go's own words, not in the answer's: as kubectl does for /version, /api
 * and what else it reads raw. */
struct kube_request *kube_get_raw(struct kube *kube, struct kube_caller *caller, const char *path,
    const char *accept, kube_got_fn *got, void *ctx);

/* The same, but OBJECT (borrowed) is sent by POST: for reviews, which change nothing. */
struct kube_request *kube_post(struct kube *kube, struct kube_caller *caller, const char *path,
    const json_t *object, kube_got_fn *got, void *ctx);

/*
 * --- Kinds ---
 */

/* A kind of objects, as discovery tells it. Lives as long as its kube. */
struct kube_kind {
	const char *group; /* "": the core */
	const char *version;
	const char *plural;
	const char *singular;
	const char *kind;       /* "Deployment" */
	const char *names;      /* short ones, a blank between: "deploy"; "" */
	const char *verbs;      /* "create delete get list …" */
	const char *categories; /* "all"; "" */
	bool namespaced;
	const struct kube_kind *next; /* of those found, or NULL */
};

/* How looking for a name ended. */
struct kube_found {
	const struct kube_kind
	    *kinds;       /* one; several for a category ("all"); NULL: none, `line` says why */
	const char *line; /* `error: the server doesn't have a resource type "foo"` */
	bool unknown;     /* kinds is NULL: because the server, which was asked, has none */
	bool partial;     /* kube_find_all(): a part of the server did not say what it has */
	struct err err;   /* kinds is NULL: the same with its kind */
};

struct kube_find;
typedef void kube_found_fn(void *ctx, const struct kube_found *found);

/*
 * What NAME means: a plural, singular or short name in any case, with or without ".GROUP" or ".VERSION.GROUP", or a
 * category. The stable kinds are known; for others the API server is asked once a run what it has.
 */
struct kube_find *kube_find(struct kube *kube, struct kube_caller *caller, const char *name,
    kube_found_fn *done, void *ctx);
void kube_find_cancel(struct kube_find *find); /* NULL is allowed */

/* All that the API server has now, in kubectl's order (groups as it prefers them): for `api-resources`. */
struct kube_find *kube_find_all(
    struct kube *kube, struct kube_caller *caller, kube_found_fn *done, void *ctx);

/*
 * "/apis/apps/v1/namespaces/NS/deployments/NAME/SUB?QUERY", each part encoded; a new string. NULL: NAMESPACE (all;
 * also for what lies in none), NAME (the list), SUB, QUERY (as it is sent, without "?").
 */
char *kube_path(const struct kube_kind *kind, const char *namespace, const char *name,
    const char *sub, const char *query);
/* NAME=VALUE to a query, encoded as Go encodes it; with "&" before it unless it is the first. */
void kube_query_add(struct buf *query, const char *name, const char *value);

/*
 * --- Lists, and what becomes of them ---
 */

struct kube_list_spec {
	const char *
	    path; /* kube_path() with selectors in its query; limit and continue come by themselves */
	const char *accept; /* NULL: application/json */
	int chunk;          /* --chunk-size; 0: all at once */
	/* The next piece of the list; PAGE is borrowed (incref it to keep it). -1 with ERR ends the list with it. */
	int (*page)(void *ctx, json_t *page, struct err *err);
	void (*done)(void *ctx, const struct kube_reply *reply);
	void *ctx;
};

/* The condition of that TYPE in OBJECT's status, whatever its case; borrowed; NULL: there is none. (API conventions,
 * "Typical status properties".) */
const json_t *kube_condition(const json_t *object, const char *type);

/* Has OBJECT items, or may it have none, as it is a list? */
bool kube_is_list(const json_t *object);

struct kube_list;
struct kube_list *kube_list(
    struct kube *kube, struct kube_caller *caller, const struct kube_list_spec *spec);
void kube_list_cancel(struct kube_list *list); /* NULL is allowed */

/* The Accept line of `kubectl get` for its own tables. */
extern const char kube_accept_table[];

enum kube_change { KUBE_ADDED, KUBE_MODIFIED, KUBE_DELETED };

/*
 * A list, and then each change to it for as long as it is wanted: connections that end are made again, and a
 * version that is too old is a new list (which tells only what differs). Whatever fails before the first list is whole
 * is the end; after that only a refusal is.
 */
struct kube_watch_spec {
	const char *
	    path; /* of the list, with selectors in its query (fieldSelector=metadata.name=… for one) */
	const char
	    *accept; /* NULL: application/json; or that of PartialObjectMetadata. No tables */
	/* OBJECT is borrowed. Of one that was deleted while nobody watched only its metadata's namespace and name. */
	void (*changed)(void *ctx, enum kube_change change, json_t *object);
	/* The list is told whole: what is not there by now is not. Again after each new list. */
	void (*listed)(void *ctx);
	/* It can't go on. */
	void (*failed)(void *ctx, const struct kube_reply *reply);
	void *ctx;
};

/* Inside changed() and listed() it may be cancelled. */
struct kube_watch;
struct kube_watch *kube_watch(
    struct kube *kube, struct kube_caller *caller, const struct kube_watch_spec *spec);
void kube_watch_cancel(struct kube_watch *watch); /* NULL is allowed */

#endif
