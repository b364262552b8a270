/*
 * libcurl's multi interface on our loop: libcurl says which sockets and which time it
 * waits for, the loop tells it when.
 *
 * Invariants: a `struct web` is in `webs` while it has a request, with the keeper when it has none, and in neither when
 * something was changed since it was made: it ends with its last request then. One of a loop at most is asked for
 * more. While `inside` is set libcurl is on the stack: nothing is added to or taken from the multi then; a request
 * that is cancelled there is only marked, and freed when libcurl returned.
 */
#include <stdlib.h>
#include <string.h>

#include "fsops/keep.h"
#include "fsops/mem.h"

#include "private.h"

struct web {
	struct web *next; /* another loop's */
	struct loop *loop;
	CURLM *multi;
	CURLSH *share;            /* TLS sessions */
	struct loop_timer *timer; /* the time that libcurl waits for */
	struct web_request *requests;
	struct web_server *servers;
	size_t users;  /* requests, and who is about to make or end one */
	unsigned age;  /* keep_birth()'s when it was made */
	msec turn_end; /* when libcurl has been on the stack for long enough */
	bool inside;
};

/* What is read in one turn of the loop at most, in milliseconds: timers and signals wait so long. */
#define TURN_MAX ((msec)20)

/* Connections that are kept: of more servers than one run asks. */
#define CONNECTIONS_MAX 128L

/* Those that have a request. Loops are few (one, and those of tests); a list will do. */
static struct web *webs;

static void perform(struct web *web, curl_socket_t fd, int bits);

static void on_ready(void *ctx, int fd, int ready)
{
	int bits =
	    (ready & LOOP_READ ? CURL_CSELECT_IN : 0) | (ready & LOOP_WRITE ? CURL_CSELECT_OUT : 0);

	perform(ctx, fd, bits);
}

static void on_time(void *ctx)
{
	struct web *web = ctx;

	web->timer = NULL;
	perform(web, CURL_SOCKET_TIMEOUT, 0);
}

/* NULL: EASY is libcurl's own. */
static struct web_request *request_of(CURL *easy)
{
	char *request = NULL;

	curl_easy_getinfo(easy, CURLINFO_PRIVATE, &request);
	return (struct web_request *)(void *)request;
}

/* libcurl: watch FD for WHAT from now on. `watch` is what curl_multi_assign kept for it. */
static int on_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *watch)
{
	static const int events[] = {
	    [CURL_POLL_IN] = LOOP_READ,
	    [CURL_POLL_OUT] = LOOP_WRITE,
	    [CURL_POLL_INOUT] = LOOP_READ | LOOP_WRITE,
	};
	struct web *web = ctx;
	struct web_request *request = request_of(easy);

	if (request && what != CURL_POLL_REMOVE)
		request->socket = fd;
	if (what == CURL_POLL_REMOVE)
		loop_unwatch(watch);
	else if (watch)
		loop_watch_set(watch, events[what]);
	else
		curl_multi_assign(
		    web->multi, fd, loop_watch(web->loop, fd, events[what], on_ready, web));
	return 0;
}

static int on_timeout(CURLM *multi, long delay, void *ctx)
{
	struct web *web = ctx;

	(void)multi;
	loop_cancel(web->timer);
	web->timer = delay < 0 ? NULL : loop_after(web->loop, delay, on_time, web);
	return 0;
}

/* Once a process, and only when a request is really made. */
int web_init(struct err *err)
{
	static bool ready;

	if (!ready && curl_global_init_mem(CURL_GLOBAL_DEFAULT, mem_lib_malloc, free,
	                  mem_lib_realloc, mem_lib_strdup, mem_lib_calloc) != CURLE_OK)
		return err_set(err, ERR_SYSTEM, "unable to start libcurl");
	ready = true;
	return 0;
}

static void web_free(void *thing)
{
	struct web *web = thing;

	curl_multi_cleanup(web->multi);
	curl_share_cleanup(web->share);
	loop_cancel(web->timer);
	free(web);
}

static const struct keep_kind web_kind = {"web", web_free, false};

/* The authorities to trust, connections and names are the multi's; only TLS sessions are nobody's. */
static struct web *web_new(struct loop *loop, struct err *err)
{
	struct web *web;

	if (web_init(err) < 0)
		return NULL;
	web = mem_alloc(sizeof(*web));
	*web = (struct web){.loop = loop,
	    .age = keep_birth(loop, &web_kind).age,
	    .multi = curl_multi_init(),
	    .share = curl_share_init()};
	if (!web->multi || !web->share) {
		web_free(web);
		err_set(err, ERR_SYSTEM, "unable to start libcurl");
		return NULL;
	}
	curl_share_setopt(web->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
	curl_multi_setopt(web->multi, CURLMOPT_MAXCONNECTS, CONNECTIONS_MAX);
	curl_multi_setopt(web->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(web->multi, CURLMOPT_SOCKETDATA, web);
	curl_multi_setopt(web->multi, CURLMOPT_TIMERFUNCTION, on_timeout);
	curl_multi_setopt(web->multi, CURLMOPT_TIMERDATA, web);
	return web;
}

/* The one of LOOP that can be asked for more. */
static struct web *web_use(struct loop *loop, struct err *err)
{
	struct web *web = webs;

	while (web && (web->loop != loop || web->age != keep_birth(loop, &web_kind).age))
		web = web->next;
	if (!web) {
		web = keep_take(loop, &web_kind, "");
		web = web ? web : web_new(loop, err);
		if (!web)
			return NULL;
		web->next = webs;
		webs = web;
	}
	web->users++;
	return web;
}

static void web_let_go(struct web *web)
{
	struct web **link = &webs;

	if (--web->users)
		return;
	while (*link != web)
		link = &(*link)->next;
	*link = web->next;
	/* libcurl looks itself at how old each connection is. */
	keep_give(web->loop, &web_kind, "", web, -1,
	    (struct keep_birth){.age = web->age, .at = loop_now(web->loop)});
}

/* Take the request out of everything; its web may be gone afterwards. */
static void request_free(struct web_request *request)
{
	struct web *web = request->web;

	if (request->next)
		request->next->prev = request->prev;
	if (request->prev)
		request->prev->next = request->next;
	else
		web->requests = request->next;
	loop_cancel(request->begin);
	web_turn_end(request, &web->servers, web->multi);
	curl_easy_cleanup(request->easy);
	curl_slist_free_all(request->headers);
	curl_slist_free_all(request->through);
	json_decref(request->reply.headers);
	json_decref(request->repeated);
	loop_cancel(request->rest);
	free(request->what);
	free(request);
	web_let_go(web);
}

/* The certificate was refused: connect once more, only to read what it says. */
static void look_at_certificate(struct web_request *request)
{
	curl_multi_remove_handle(request->web->multi, request->easy);
	request->looking = true;
	web_easy_look(request);
	curl_multi_add_handle(request->web->multi, request->easy);
}

/* A connection that was there already breaks in one of these ways: the last one is what is said of an answer that
 * has not begun. */
static bool is_broken(CURLcode code)
{
	static const CURLcode broken[] = {CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_GOT_NOTHING,
	    CURLE_HTTP2, CURLE_HTTP2_STREAM, CURLE_PARTIAL_FILE};

	for (size_t i = 0; i < COUNT_OF(broken); i++)
		if (code == broken[i])
			return true;
	return false;
}

/* Did a connection that was there already break before a byte of an answer came? What may be asked twice is, once:
 * the server has closed it meanwhile, as a rule. libcurl does so itself, but not over HTTP/2. Who has made a socket of
 * its own has had a new connection, or could not have one. */
static bool ask_again(struct web_request *request, CURLcode code)
{
	if (!is_broken(code) || request->fd >= 0 || !request->may_repeat || request->header_bytes ||
	    request->err.kind != ERR_NONE || request->dropped)
		return false;
	request->may_repeat = false;
	curl_multi_remove_handle(request->web->multi, request->easy);
	curl_easy_setopt(request->easy, CURLOPT_FRESH_CONNECT, 1L);
	request->curl_text[0] = '\0';
	curl_multi_add_handle(request->web->multi, request->easy);
	return true;
}

/* Over HTTP/2 another request may still use the connection, and may be silent for good reasons. */
static bool is_unused(const struct web_request *request)
{
	long version = CURL_HTTP_VERSION_NONE;

	curl_easy_getinfo(request->easy, CURLINFO_HTTP_VERSION, &version);
	return version < CURL_HTTP_VERSION_2_0 ||
	       (request->web->requests == request && !request->next);
}

static void request_end(struct web_request *request, CURLcode code)
{
	/* libcurl is content with a connection that ends among the headers; we are not. */
	if (code == CURLE_OK && !request->looking && !web_head_done(request))
		code = CURLE_PARTIAL_FILE;
	if (!request->looking && ask_again(request, code))
		return;
	if (!request->looking) {
		web_easy_read(request);
		request->reply.tls_refused =
		    code == CURLE_PEER_FAILED_VERIFICATION && !web_proxy_refused(request);
		if (request->reply.tls_refused && !request->dropped) {
			look_at_certificate(request);
			return;
		}
	} else {
		web_easy_read(request);
		code = CURLE_PEER_FAILED_VERIFICATION;
	}
	if (code != CURLE_OK && request->err.kind == ERR_NONE) {
		web_explain(request, code);
	} else if (code == CURLE_OK) {
		if (is_unused(request))
			web_easy_guard(request);
		web_explain_answer(request);
	}
	if (!request->dropped)
		request->done(
		    request->ctx, &request->reply, request->err.kind ? &request->err : NULL);
	request_free(request);
}

static void sweep(struct web *web)
{
	struct web_request *request = web->requests;

	while (request) {
		struct web_request *next = request->next;

		if (request->dropped)
			request_free(request);
		request = next;
	}
}

static void perform(struct web *web, curl_socket_t fd, int bits)
{
	CURLMsg *message;
	int count;

	web->users++;
	web->inside = true;
	web->turn_end = loop_now(web->loop) + TURN_MAX;
	curl_multi_socket_action(web->multi, fd, bits, &count);
	web->inside = false;
	while ((message = curl_multi_info_read(web->multi, &count))) {
		request_end(request_of(message->easy_handle), message->data.result);
	}
	sweep(web);
	web_let_go(web);
}

static void on_begin(void *ctx)
{
	struct web_request *request = ctx;

	request->begin = NULL;
	web_turn_ask(request, request->web->multi);
}

struct web_request *web_start(struct loop *loop, const struct web_spec *spec, struct err *err)
{
	struct web_request *request;
	struct web *web;

	if (web_url_check(spec->url, err) < 0) {
		err_prefix(err, "%s", spec->what);
		return NULL;
	}
	web = web_use(loop, err);
	if (!web)
		return NULL;
	request = mem_alloc(sizeof(*request));
	*request =
	    (struct web_request){.web = web, .next = web->requests, .what = mem_text(spec->what)};
	if (web->requests)
		web->requests->prev = request;
	web->requests = request;
	/* Not at once: libcurl may be on the stack, and callers need no care about order then. */
	request->begin = loop_after(loop, 0, on_begin, request);
	web_turn_init(request, &web->servers, spec->url, spec->through);
	if (web_easy_make(request, spec, web->share, err) < 0) {
		request_free(request);
		return NULL;
	}
	return request;
}

/* libcurl hands on what it has kept meanwhile from inside curl_easy_pause(); the rest comes with its timer. */
static void go_on(struct web_request *request)
{
	struct web *web = request->web;

	web->users++;
	web->inside = true;
	web->turn_end = loop_now(web->loop) + TURN_MAX;
	curl_easy_pause(request->easy, CURLPAUSE_CONT);
	web->inside = false;
	sweep(web);
	web_let_go(web);
}

void web_pause(struct web_request *request)
{
	request->paused = true;
	curl_easy_pause(request->easy, CURLPAUSE_RECV);
}

void web_go_on(struct web_request *request)
{
	request->paused = false;
	if (!request->rest)
		go_on(request);
}

static void on_rested(void *ctx)
{
	struct web_request *request = ctx;

	request->rest = NULL;
	if (!request->paused)
		go_on(request);
}

void web_rest_if_due(struct web_request *request)
{
	if (request->rest || loop_now(request->web->loop) < request->web->turn_end)
		return;
	request->rest = loop_after(request->web->loop, 0, on_rested, request);
	curl_easy_pause(request->easy, CURLPAUSE_RECV);
}

void web_cancel(struct web_request *request)
{
	if (!request)
		return;
	if (request->web->inside)
		request->dropped = true;
	else
		request_free(request);
}
