/* What web.c, easy.c and error.c share, and nobody else sees. */
#ifndef FSOPS_WEB_PRIVATE_H
#define FSOPS_WEB_PRIVATE_H

#include <curl/curl.h>

#include "fsops/web.h"

struct web_request {
	struct web *web;
	struct web_request *next;
	struct web_request *prev;
	CURL *easy;
	struct curl_slist *headers;
	bool direct;                /* no proxy may come between */
	bool own_proxy;             /* the request's own, not the environment's */
	struct curl_slist *through; /* CURLOPT_CONNECT_TO's list, or NULL */
	struct loop_timer *begin;   /* set until it asks for its turn */
	struct web_server *server;  /* turn.c's: whose turns it waits for */
	struct web_request *before; /* in the server's queue */
	struct web_request *behind;
	bool waiting;            /* in that queue */
	bool added;              /* handed to libcurl */
	bool may_repeat;         /* it may be asked once more */
	bool tls;                /* the URL is an https one */
	bool paused;             /* by web_pause() */
	struct loop_timer *rest; /* set while it waits for the next turn of the loop */
	bool dropped;            /* cancelled from inside libcurl: freed after the round */
	bool looking;            /* the second connection, to read a refused certificate */
	char *what;
	int (*data)(void *ctx, const struct web_reply *reply, const char *data, size_t len,
	    struct err *err);
	void (*done)(void *ctx, const struct web_reply *reply, const struct err *err);
	void *ctx;
	struct web_reply reply;
	json_t *repeated; /* of headers that come again, each one's values but the first */
	size_t header_bytes;
	bool cert;        /* it has a client certificate */
	bool head_done;   /* the answer's own head has come whole: what follows are trailers */
	long long stated; /* the Content-Length of this head, or -1 */
	unsigned peer;    /* the port of the last connection that was begun; 0: none was */
	int fd;           /* its socket; -1: it has made none. libcurl's: only to be looked at */
	int socket; /* the one that libcurl waited at last for it, its own or another's; -1: none yet */
	struct err
	    err; /* why our own callbacks ended the request, or what the first connection said */
	char curl_text[CURL_ERROR_SIZE];
	char names[1024]; /* that the certificate is for */
};

/* web.c: has libcurl been on the stack for as long as one turn of the loop may take? Then REQUEST waits for the
 * next one. libcurl goes on for as long as there is something to read, and a piece may be a byte. */
void web_rest_if_due(struct web_request *request);

/* turn.c: SERVERS is the list that all requests of a web share. */
struct web_server;
void web_turn_init(
    struct web_request *request, struct web_server **servers, const char *url, const char *through);
/* Hand the request to libcurl, now or when it is its turn. */
void web_turn_ask(struct web_request *request, CURLM *multi);
/* Take it back, wherever it is; the next one has its turn. */
void web_turn_end(struct web_request *request, struct web_server **servers, CURLM *multi);

/* easy.c: a libcurl handle for SPEC; its callbacks fill REQUEST. */
int web_easy_make(
    struct web_request *request, const struct web_spec *spec, CURLSH *share, struct err *err);
/* easy.c: a kept connection that is silently dead (its machine is gone, a firewall has forgotten it) must not cost
 * the next one its time-out: the machine finds out in SILENT_MAX, idle or asked, and what may be is asked again. On when
 * a request has ended well, off when the answer to the next one begins: what has begun may stall. */
void web_easy_guard(struct web_request *request);
void web_easy_unguard(struct web_request *request);
/* The head of an answer has come, from inside libcurl: when does the certificate of its connection end? (A connection
 * that was there already has told it to another request.) */
void web_easy_certificate(struct web_request *request);
/* Turn the handle into one that only shakes hands, trusting anything, and sends nothing: to
 * read the dates and names of a certificate that was refused. */
void web_easy_look(struct web_request *request);
/* Take time, redirect and certificate from a handle that has ended. */
void web_easy_read(struct web_request *request);

/* identity.c: who the server must be, who we are, and what stands between: of SPEC into the handle. */
int web_easy_identity(struct web_request *request, const struct web_spec *spec, struct err *err);
/* identity.c: the look at a refused certificate trusts anything and tells nobody who we are. */
void web_easy_nobody(CURL *easy);

/* head.c: a line of the reply's head, or of the trailers after its body. -1 with request->err: it is
 * such that nobody can tell what the answer is. */
int web_head_line(struct web_request *request, const char *line, size_t len);

/* Has the answer's own head come whole (not only that of a 1xx, which another one follows)? */
bool web_head_done(const struct web_request *request);

/* error.c: CODE as a sentence in request->err. */
void web_explain(struct web_request *request, CURLcode code);
/* error.c: a whole answer came, and it is an error: by which proxy? A login that is wanted is always the
 * proxy's, and a sentence in request->err. */
void web_explain_answer(struct web_request *request);

/* Who was talked to: the URL's host and port, or the proxy's. */
#define WEB_HOST_MAX 256

struct web_place {
	char host[WEB_HOST_MAX];
	char port[16];
	char scheme[16]; /* the URL's */
	bool proxy;
};

/* proxy.c: is it the proxy's certificate that is not valid? */
bool web_proxy_refused(const struct web_request *request);
/* Was the failed REQUEST's proxy the last that it spoke to? Then PLACE is the proxy's. */
void web_proxy_place(const struct web_request *request, struct web_place *place);

#endif
