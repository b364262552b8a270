/*
 * HTTP requests on the loop, for the adapters that speak HTTP (http, prometheus, s3) and for
 * notifications.
 *
 *	struct web_spec spec = {.method = "GET", .url = url, .what = "GET https://…",
 *	    .data = on_data, .done = on_done, .ctx = me};
 *	me->request = web_start(loop, &spec, &err);   // NULL: err says why
 *	… on_data() any number of times, on_done() once; then the request is freed
 *	web_cancel(me->request);                      // or this, and nothing more comes
 *
 * libcurl is initialised by the first request, so a command that makes none does
 * not pay for it. The requests of one loop share connections, TLS sessions and the
 * authorities to trust, until the loop ends or none was made for WEB_IDLE_MAX. Only
 * what may be asked twice uses a connection that was there already (struct web_spec's
 * `again` and `once`): libcurl asks once more when the server closes it without an answer, and
 * the server may have read the question.
 */
#ifndef FSOPS_WEB_H
#define FSOPS_WEB_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "fsops/buf.h"
#include "fsops/clock.h"
#include "fsops/err.h"
#include "fsops/loop.h"
#include "fsops/node.h"
#include "fsops/secret_key.h"

/* The most that is kept of a body, where one has to be kept. */
#define WEB_BODY_MAX (16 * 1024 * 1024)

/* The most bytes of headers in one reply. */
#define WEB_HEADERS_MAX ((size_t)256 * 1024)

/* How long connections are kept that nobody uses, in milliseconds. */
#define WEB_IDLE_MAX ((msec)10000)

/* Requests to one server that are under way at once; the others wait for their turn. */
#define WEB_AT_ONCE_MAX 50

/* As long as a proxy's name is told. */
#define WEB_PROXY_MAX 320

struct web_request;

/* Where a request has failed. */
enum web_fault {
	WEB_WELL,
	WEB_UNRESOLVED,  /* the server's name has no address */
	WEB_UNCONNECTED, /* nobody takes connections there: `os_error` */
	WEB_TIMED_OUT,   /* no connection in time */
	WEB_CERTIFICATE, /* the server's is not valid */
	WEB_HANDSHAKE,   /* TLS did not come about for another reason */
	WEB_NO_TUNNEL,   /* a proxy did not connect us: `tunnel_status` */
	WEB_BROKEN,      /* the connection broke: before an answer, or (status set) within it */
	WEB_OTHER,
};

/* What has come so far. */
struct web_reply {
	int status;                       /* 0: no status line yet */
	json_t *headers;                  /* lower-case names; repeated ones joined with ", " */
	long long length;                 /* Content-Length, or -1 */
	long long received;               /* bytes of body */
	double seconds;                   /* from the start to now or to the end */
	bool reused;                      /* by a connection that was there already */
	const char *redirect;             /* where the reply points to, absolute; or NULL */
	char tls_expires[CLOCK_TEXT_MAX]; /* of the server's certificate, RFC 3339; "" unknown */
	bool tls_refused;                 /* the server's certificate is not valid */
	/* An answer that is an error may be the proxy's own, and nobody can tell: "the proxy HOST:PORT", through
	 * which it came without a tunnel; else "". */
	char proxy[WEB_PROXY_MAX];
	/* For who says in other words than done()'s error what went wrong. */
	enum web_fault fault;
	int os_error;      /* errno, 0: none */
	int tunnel_status; /* what a proxy answered to CONNECT; 0: none did */
	char peer[64];     /* "192.0.2.1:443", that was connected to last; "" nothing was */
	const char *told;  /* what libcurl says of it; "" */
	const char *
	    tls_names; /* those in a certificate that is not valid: "DNS:a, IP Address:192.0.2.1"; "" */
};

/* Bytes. */
struct web_blob {
	const void *data; /* NULL: none */
	size_t len;
};

struct web_spec {
	const char *method;
	const char *url;     /* http or https; checked by web_url_check() */
	const char *what;    /* begins every error sentence: "GET https://…" */
	const char *through; /* web_through(): where to connect instead; NULL: as the URL says */
	bool direct;         /* never through a proxy */
	const char *const *headers; /* "Name: value" each; NULL when header_count is 0 */
	size_t header_count;
	/* Whom to trust instead of the machine's authorities: a file (PEM), which is read once for all, or NULL. */
	const char *ca;
	/* PEM in memory: the same, which wins over the file; */
	struct web_blob ca_data;
	struct web_blob cert_data; /* a client certificate, */
	struct web_blob key_data;  /* and its key when it is not with the certificate */
	const char *tls_name;      /* the name in the server's certificate; NULL: the URL's */
	bool unverified;           /* whatever certificate it has */
	const char
	    *proxy; /* the URL of the proxy, whatever the environment says; NULL: as that says */
	msec connect_max; /* to be connected by then; 0: libcurl's own */
	const char *body; /* NULL: none */
	size_t body_len;
	bool
	    again; /* a read whatever its method is, which may be asked twice. GET, HEAD and OPTIONS are without it */
	bool once; /* a change whatever its method is: never asked twice. It wins over `again` */
	bool
	    fresh; /* a connection and a handshake of its own: it is about what the server is now */
	/* A piece of the body, from the loop. -1 with ERR filled in ends the request with it. */
	int (*data)(void *ctx, const struct web_reply *reply, const char *data, size_t len,
	    struct err *err);
	/* The end, from the loop. ERR is NULL when a whole reply came, whatever its status. */
	void (*done)(void *ctx, const struct web_reply *reply, const struct err *err);
	void *ctx;
};

/* Begin a request; everything in SPEC but CTX is copied. Never calls back from inside. */
struct web_request *web_start(struct loop *loop, const struct web_spec *spec, struct err *err);

/* Give up: neither data() nor done() comes any more, the connection (HTTP/2: the stream) is closed. May be called
 * from inside data() too. NULL is allowed. */
void web_cancel(struct web_request *request);

/* From inside data(): what came is work for more than one turn of the loop, so nothing more is read from
 * the server until web_go_on(). A piece that libcurl had read already may still come. */
void web_pause(struct web_request *request);
void web_go_on(struct web_request *request);

/* The status of the answer as far as it has come, of a 1xx too; 0: none yet. REQUEST may be NULL. */
int web_status(const struct web_request *request);

/* Has the connection been taken, and is TLS not there yet? REQUEST may be NULL. */
bool web_is_shaking_hands(const struct web_request *request);

/* Is REQUEST waiting for a proxy, which has not let it through? Then a new sentence that says so. */
char *web_waits_for_proxy(const struct web_request *request);

/* For what speaks to libcurl itself (mail): start it, once a process, on the loop's thread; and tell
 * EASY, a libcurl handle, whom to trust, as requests do. */
int web_init(struct err *err);
int web_trust(void *easy, struct err *err);
/* The same as names: of a file and of a folder of authorities, PEM; both NULL: as the library has it. */
void web_trusted(const char **file, const char **dir);

/* net/web/url.c: is it an http or https URL with a host, no blanks or control characters and no
 * password in it? The error names URL. */
int web_url_check(const char *url, struct err *err);
/* Is it smtp://HOST or smtps://HOST, with or without a port, and nothing else? */
int web_smtp_check(const char *url, struct err *err);
/* The same for a URL that paths are added to. */
int web_base_check(const char *url, struct err *err);
/* BASE and a PATH that begins with "/" as one URL; owned. */
char *web_url_join(const char *base, const char *path);
/* TEXT with all but unreserved characters (and those in KEEP) percent-encoded; owned. */
char *web_encode(const char *text, const char *keep);
/* The host and the port of URL, new texts (an IPv6 address in its brackets); false: it has none. */
bool web_url_place(const char *url, char **host, char **port);
/* The tunnel of TARGET as curl's --connect-to takes it: "HOST:PORT:ADDRESS:PORT", for the host of
 * URL, the target's own, alone; owned. NULL: it has none. */
char *web_through(const char *url, const json_t *target);
/* " --connect-to …" of TARGET's tunnel, for curl's command line; nothing when it has none. */
void web_through_show(const json_t *target, struct buf *out);
/* An HTTP date ("Fri, 20 Nov 2026 03:04:05 GMT") as RFC 3339; -1 when it is none. */
int web_date(const char *text, char out[CLOCK_TEXT_MAX]);
/* Does TEXT hold a `${…}`, so that nothing can be said about it yet? */
bool web_is_template(const char *text);
/* adapter.h's place(), for a call that goes to the target's URL whatever its arguments are. */
bool web_place(const json_t *args, const json_t *target, char **host, char **port);
/* Have both URLs the same scheme, host and port? */
bool web_same_origin(const char *a, const char *b);

/*
 * --- net/web/target.c: targets that are reached over HTTP ---
 *
 * What a target gives its requests besides the URL: headers (of a tenant), a login, whom to trust, a client
 * certificate. All of it is for the target's own origin and goes to no other.
 */

/* The keys of such a target, behind that of its kind. */
#define WEB_TARGET_KEYS                                                                            \
	{"headers", WANT_MAP, false, "headers of every request, such as {X-Scope-OrgID: team}"},   \
	    {"bearer", WANT_TEXT, false,                                                           \
	        "a token for 'Authorization: Bearer …', from a variable: ${env.API_TOKEN}"},       \
	    {"basic", WANT_MAP, false, "a login: {user: …, password: \"${env.API_PASSWORD}\"}"},   \
	    {"ca", WANT_TEXT, false,                                                               \
	        "a file (PEM) of the authorities to trust, instead of the machine's"},             \
	    {"cert", WANT_TEXT, false, "a file (PEM) with the client's certificate"},              \
	    {"key", WANT_TEXT, false, "a file (PEM) with its key, when that is not in 'cert'"},    \
	    {"tunnel", WANT_TEXT, false, "svc/NAME:PORT, through kubectl port-forward"},           \
	{                                                                                          \
		NULL, WANT_ANY, false, NULL                                                        \
	}

/* What web_target_parse() makes of them that must be masked: for adapter.h's target_secrets. */
extern const struct secret_key web_target_secrets[];

/* A target of the form {KIND: URL, …} → {"url", "headers", …}; the first of KEYS is KIND. Relative names of
 * files are those beside the platform's file. NULL after adding problems. */
json_t *web_target_parse(
    const struct node *map, const struct node_key *keys, struct problems *list);

/* What goes with a request: lines of headers, the name of a file, and what two others hold. */
struct web_extra {
	char **lines;
	size_t count;
	char *ca;
	struct buf cert;
	struct buf key;
};

/* What TARGET (NULL: none) gives a request to URL, besides the headers OWN of the action (an object, or NULL),
 * which win. Nothing for another origin. Errors: a value that is no header, a file that is not there. For
 * web_extra_release(), also after a failure. */
int web_extra_make(struct web_extra *extra, const json_t *target, const char *url,
    const json_t *own, struct err *err);
void web_extra_release(struct web_extra *extra);
/* The beginning of a request that carries EXTRA, which must live until web_start() has copied it. */
struct web_spec web_extra_spec(const struct web_extra *extra);
/* One more line of a header, copied. */
void web_extra_add(struct web_extra *extra, const char *name, const char *value);
/* The same for curl's command line. */
void web_extra_show(const json_t *target, const char *url, const json_t *own, struct buf *out);

/* May it be sent as a header? */
int web_header_check(const char *name, const char *value, struct err *err);
/* " -H 'NAME: VALUE'", as curl is told it. */
void web_header_show(struct buf *out, const char *name, const char *value);

#endif
