/* What the files of this room share, and nobody else sees. */
#ifndef FSOPS_KUBE_PRIVATE_H
#define FSOPS_KUBE_PRIVATE_H

#include "config.h"
#include "fsops/buf.h"
#include "fsops/clock.h"
#include "fsops/kube.h"
#include "fsops/web.h"

struct kube_login;
struct kube_discovery;

struct kube {
	struct kube *next; /* of all */
	struct loop *loop;
	struct children *children;
	size_t users; /* opens, requests, and the loop while it can be found */
	/* As it was asked for. */
	char *kubeconfig;
	char *context;
	char **inherit; /* NULL: all */
	struct kube_config config;
	struct kube_login *login;
	struct kube_discovery *discovery;
	bool elsewhere; /* an answer was a redirection */
};

void kube_use(struct kube *kube);
void kube_unuse(struct kube *kube);

/* "/"-separated place of the server: "https://HOST:PORT/BASE" → "HOST:PORT", as it is written there; owned. */
char *kube_host(const struct kube *kube);

/* --- caller.c --- */

void kube_said(struct kube_caller *caller, const char *text, size_t len);
void kube_secret(struct kube_caller *caller, const char *text);
/* "Warning: …" for each of a reply's warnings that CALLER was not told yet. */
void kube_tell_warnings(struct kube_caller *caller, const json_t *headers);

/* --- proxy.c --- */

/* The proxy to the server, as libcurl takes it, by Go's rules (golang.org/x/net/http/httpproxy); a new text. NULL:
 * none. OK is false when there is one that is not known here whole. */
char *kube_proxy(const struct kube_config *config, const struct children *children,
    const char *const *inherit, bool *ok);

/* --- login.c: who we are --- */

/* The login of KUBE; NULL: it is of a kind that is not known here (ERR_UNKNOWN). Freed before its config. */
struct kube_login *kube_login_new(struct kube *kube, struct err *err);
void kube_login_free(struct kube_login *login);

/* Somebody who needs to be logged in. */
struct kube_waiter {
	struct kube_waiter *next;
	struct kube_caller *caller;
	/* From the loop. WHY: it did not come about, in Go's words; NULL: it is there. */
	void (*ready)(void *ctx, const char *why);
	void *ctx;
};

/* True: it is there, or not needed. False: WAITER (which must live until then) is told later. */
bool kube_login_get(struct kube_login *login, struct kube_waiter *waiter);
void kube_login_forget(struct kube_login *login, struct kube_waiter *waiter);

/* Which login is it? A number, other ones for other logins. */
unsigned kube_login_number(const struct kube_login *login);
/* The server does not take the login of that NUMBER. True: there may be a better one: kube_login_get() again. */
bool kube_login_refused(struct kube_login *login, unsigned number);

/* What goes with a request: lines of headers (owned, ends with NULL) … */
char **kube_login_lines(struct kube_login *login, size_t *count);
/* … and certificates; borrowed until the next turn of the loop. */
void kube_login_certificate(struct kube_login *login, struct web_spec *spec);
/* Tell CALLER what is to be masked. */
void kube_login_secrets(const struct kube_login *login, struct kube_caller *caller);

/* --- fail.c: what kubectl says of a failure --- */

/* Of one that is no answer: what Go says of it ("dial tcp 192.0.2.1:6443: i/o timeout"); owned. */
char *kube_fail_cause(const struct kube *kube, const struct web_reply *reply);
/* The line to print for it; owned. */
char *kube_fail_line(const struct kube *kube, const struct web_reply *reply, const char *cause);

/* A refusal. */
struct kube_status {
	json_t *object; /* the Status object; NULL: none was sent */
	char *reason;
	char *message;
	char *line;
};

/* Of an answer with STATUS to METHOD PATH, with BODY of the kind TYPE (NULL: not told). OWN: what it says itself
 * counts. */
void kube_status_read(struct kube_status *made, bool own, int status, const char *method,
    const char *path, const char *type, const struct buf *body);
void kube_status_release(struct kube_status *status);

/* --- kinds.c: what names mean --- */

/* Kinds in the order of their preference, to be looked through. */
struct kube_kinds {
	const struct kube_kind **items;
	size_t count;
};

/* The kinds that every API server since 1.19 has, which need no question. */
const struct kube_kinds *kube_stable(void);

/* The one that NAME means among KINDS, by kubectl's rules; NULL: none. */
const struct kube_kind *kube_kinds_find(const struct kube_kinds *kinds, const char *name);
bool kube_kind_has_category(const struct kube_kind *kind, const char *category);

/* --- discovery.c: what the API server has --- */

struct kube_seeker {
	struct kube_seeker *next;
	struct kube_caller *caller;
	/* From the loop. REPLY: why it did not come about; NULL: kube_discovery_kinds() tells. */
	void (*ready)(void *ctx, const struct kube_reply *reply);
	void *ctx;
};

/* What was found out; NULL: nothing yet. */
const struct kube_kinds *kube_discovery_kinds(const struct kube *kube);
/* Ask (again); SEEKER must live until it is told. */
/* Did a group not answer, or was there more than is kept? */
bool kube_discovery_is_partial(const struct kube *kube);
void kube_discovery_ask(struct kube *kube, struct kube_seeker *seeker);
void kube_discovery_forget(struct kube *kube, struct kube_seeker *seeker);
/* A copy of KIND with NEXT behind it, which lives as long as KUBE. */
const struct kube_kind *kube_discovery_chain(
    struct kube *kube, const struct kube_kind *kind, const struct kube_kind *next);
void kube_discovery_free(struct kube_discovery *discovery);

#endif
