/*
 * One request to the API server: logged in, tried again as client-go does (k8s.io/client-go/rest, with_retry.go), its
 * end told in kubectl's words.
 *
 * Invariant: done() comes once, from the loop, and nothing of an answer that is tried again was handed out.
 */
#include <stdlib.h>
#include <string.h>

#include "fsops/json_read.h"
#include "fsops/mem.h"
#include "fsops/value.h"
#include "private.h"

/* As long as Go waits for a connection. */
#define CONNECT_MAX ((msec)30000)
/* And for TLS once it is there. */
#define HANDSHAKE_MAX ((msec)10000)
/* How often client-go tries again, and after how long when the server does not say. */
#define RETRIES_MAX 10
#define RETRY_AFTER ((msec)1000)
/* The longest that a server may have us wait: no deadline of ours is longer. */
#define WAIT_MAX   ((msec)24 * 3600 * 1000)
#define STATUS_MAX ((size_t)1024 * 1024)

struct kube_request {
	struct kube *kube;
	struct kube_caller *caller;
	char *method;
	char *path;
	char *accept;
	char *type; /* of the body */
	char *body;
	size_t body_len;
	int (*data)(void *ctx, const char *data, size_t len, struct err *err);
	void (*done)(void *ctx, const struct kube_reply *reply);
	kube_got_fn *got; /* instead of both */
	bool raw;         /* what a refusal says itself does not count */
	void *ctx;
	struct kube_waiter waiter;
	bool waiting; /* for a login */
	struct web_request *web;
	struct loop_timer *timer; /* the next try, or the end */
	struct loop_timer *handshake;
	bool shaking;      /* when it was looked at last */
	struct buf answer; /* a refusal, or all of it for `got` */
	unsigned login;    /* the login's number */
	bool login_again;
	int retries;
	struct err err; /* why it never began */
};

static void attempt(struct kube_request *request);

static void request_free(struct kube_request *request)
{
	struct kube *kube = request->kube;

	if (request->waiting)
		kube_login_forget(kube->login, &request->waiter);
	web_cancel(request->web);
	loop_cancel(request->timer);
	loop_cancel(request->handshake);
	buf_release(&request->answer);
	free(request->method);
	free(request->path);
	free(request->accept);
	free(request->type);
	free(request->body);
	free(request);
	kube_unuse(kube);
}

/* --- The end --- */

static void tell_unread(struct kube_request *request, int status, const char *text)
{
	char *line = mem_printf("error: %s", text);
	struct kube_reply reply = {
	    .end = KUBE_FAILED, .status = status, .reason = "", .message = text, .line = line};

	err_set(&reply.err, ERR_REMOTE, "%s", text);
	request->got(request->ctx, NULL, &reply);
	free(line);
}

static void tell_refusal(
    struct kube_request *request, int code, const char *type, const struct buf *answer)
{
	struct kube_reply reply = {.end = KUBE_REFUSED, .status = code};
	struct kube_status status;

	kube_status_read(
	    &status, !request->raw, code, request->method, request->path, type, answer);
	reply.reason = status.reason;
	reply.message = status.message;
	reply.line = status.line;
	reply.answer = status.object;
	err_set(&reply.err, ERR_REMOTE, "%s", status.line);
	if (request->got)
		request->got(request->ctx, NULL, &reply);
	else
		request->done(request->ctx, &reply);
	kube_status_release(&status);
}

/* A server, or what stands before it, may refuse with status 200, too. */
static bool is_refusal(const json_t *object)
{
	const char *kind = value_get_text(object, "kind");
	const char *status = value_get_text(object, "status");

	return kind && strcmp(kind, "Status") == 0 && !(status && strcmp(status, "Success") == 0);
}

/* Whatever the API says has a kind; a page of something in between has none. */
static bool has_kind(const json_t *object)
{
	const char *kind = value_get_text(object, "kind");

	return kind && *kind;
}

/* A whole answer that was to be read. */
static void read_answer(struct kube_request *request, const struct kube_reply *reply)
{
	struct err err;
	json_t *object = json_read(
	    "the answer", request->answer.data, request->answer.len, KUBE_ANSWER_MAX, &err);

	if (!object)
		tell_unread(request, reply->status, err.text);
	else if (!has_kind(object))
		tell_unread(request, reply->status,
		    "the answer is no object of the API: does something else answer at its "
		    "address?");
	else if (is_refusal(object))
		tell_refusal(request, reply->status, "application/json", &request->answer);
	else
		request->got(request->ctx, object, reply);
	json_decref(object);
}

static void tell(struct kube_request *request, const struct kube_reply *reply)
{
	if (!request->got)
		request->done(request->ctx, reply);
	else if (reply->end == KUBE_DONE)
		read_answer(request, reply);
	else
		request->got(request->ctx, NULL, reply);
	request_free(request);
}

static void end_well(struct kube_request *request, int status)
{
	struct kube_reply reply = {.end = KUBE_DONE, .status = status, .reason = "", .message = ""};

	tell(request, &reply);
}

static void end_refused(struct kube_request *request, const struct web_reply *web)
{
	if (web->status < 400 && web->status >= 300)
		request->kube->elsewhere = true;
	tell_refusal(
	    request, web->status, value_get_text(web->headers, "content-type"), &request->answer);
	request_free(request);
}

static void end_failed(struct kube_request *request, const struct web_reply *web, const char *cause,
    enum err_kind kind)
{
	struct kube_reply reply = {
	    .end = KUBE_FAILED, .status = web ? web->status : 0, .reason = "", .message = cause};
	char *line = kube_fail_line(request->kube, web, cause);

	reply.line = line;
	err_set(&reply.err, kind, "%s", line);
	tell(request, &reply);
	free(line);
}

/* By one of our own ceilings, or because it never began. */
static void end_own(struct kube_request *request, const struct err *err)
{
	char *line = mem_printf("error: %s", err->text);
	struct kube_reply reply = {
	    .end = KUBE_FAILED, .reason = "", .message = err->text, .line = line, .err = *err};

	tell(request, &reply);
	free(line);
}

static void on_never_began(void *ctx)
{
	struct kube_request *request = ctx;
	struct err err = request->err;

	request->timer = NULL;
	end_own(request, &err);
}

/* --- Trying again --- */

static void on_again(void *ctx)
{
	struct kube_request *request = ctx;

	request->timer = NULL;
	attempt(request);
}

static void again_after(struct kube_request *request, msec delay)
{
	buf_clear(&request->answer);
	request->timer = loop_after(request->kube->loop, delay, on_again, request);
}

/* A connection that broke before an answer came, of a request that changes nothing. */
static bool is_worth_another(const struct kube_request *request, const struct web_reply *reply)
{
	return reply->fault == WEB_BROKEN && !reply->status && request->retries < RETRIES_MAX &&
	       strcmp(request->method, "GET") == 0;
}

/* The server says when: 429 and 5xx with Retry-After. -1: it does not. */
static msec asked_wait(const struct kube_request *request, const struct web_reply *reply)
{
	const char *text = value_get_text(reply->headers, "retry-after");
	char *end;
	long seconds;

	if ((reply->status != 429 && reply->status < 500) || !text || request->body ||
	    request->retries >= RETRIES_MAX)
		return -1;
	seconds = strtol(text, &end, 10);
	if (end == text || *end || seconds < 0)
		return -1;
	return seconds < WAIT_MAX / 1000 ? seconds * 1000 : WAIT_MAX;
}

static bool log_in_again(struct kube_request *request, const struct web_reply *reply)
{
	if (reply->status != 401 || request->login_again ||
	    !kube_login_refused(request->kube->login, request->login))
		return false;
	request->login_again = true;
	buf_clear(&request->answer);
	attempt(request);
	return true;
}

/* --- The answer --- */

static bool is_good(const struct web_reply *reply)
{
	return reply->status >= 200 && reply->status < 300;
}

static int on_data(
    void *ctx, const struct web_reply *reply, const char *data, size_t len, struct err *err)
{
	struct kube_request *request = ctx;

	if (is_good(reply) && request->data)
		return request->data(request->ctx, data, len, err);
	if (buf_add(&request->answer, data, len) < 0 && is_good(reply))
		return err_set(err, ERR_LIMIT,
		    "the answer is over %zu MiB, the most that is read whole",
		    KUBE_ANSWER_MAX / 1024 / 1024);
	return 0;
}

static void on_done(void *ctx, const struct web_reply *reply, const struct err *err)
{
	struct kube_request *request = ctx;
	msec wait;

	request->web = NULL;
	loop_cancel(request->handshake);
	request->handshake = NULL;
	if (!err)
		kube_tell_warnings(request->caller, reply->headers);
	if (err && !reply->fault) {
		end_own(request, err);
	} else if (err && is_worth_another(request, reply)) {
		request->retries++;
		again_after(request, RETRY_AFTER);
	} else if (err) {
		char *cause = kube_fail_cause(request->kube, reply);

		end_failed(request, reply, cause, err->kind);
		free(cause);
	} else if (is_good(reply)) {
		end_well(request, reply->status);
	} else if ((wait = asked_wait(request, reply)) >= 0) {
		request->retries++;
		again_after(request, wait);
	} else if (!log_in_again(request, reply)) {
		end_refused(request, reply);
	}
}

/* --- Sending --- */

static void add_line(char ***lines, size_t *count, const char *name, const char *value)
{
	MEM_PUSH_ROOM(*lines, *count);
	(*lines)[(*count)++] = mem_printf("%s: %s", name, value);
}

static char **make_lines(struct kube_request *request, size_t *count)
{
	size_t own;
	char **login = kube_login_lines(request->kube->login, &own);
	char **lines = NULL;

	*count = 0;
	add_line(&lines, count, "Accept", request->accept);
	if (request->type)
		add_line(&lines, count, "Content-Type", request->type);
	for (size_t i = 0; i < own; i++) {
		MEM_PUSH_ROOM(lines, *count);
		lines[(*count)++] = login[i]; /* transferred */
	}
	free(login);
	return lines;
}

static void free_lines(char **lines, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		explicit_bzero(lines[i], strlen(lines[i]));
		free(lines[i]);
	}
	free(lines);
}

/* libcurl has one time for both. A look at half of TLS's time, so that it gets between that and all of it. */
static void on_handshake(void *ctx)
{
	struct kube_request *request = ctx;
	bool shaking = web_is_shaking_hands(request->web);

	request->handshake = NULL;
	if (shaking && request->shaking) {
		web_cancel(request->web);
		request->web = NULL;
		end_failed(request, NULL, "net/http: TLS handshake timeout", ERR_TIMEOUT);
	} else if (!web_status(request->web)) {
		request->shaking = shaking;
		request->handshake =
		    loop_deadline(request->kube->loop, HANDSHAKE_MAX / 2, on_handshake, request);
	}
}

static int start_web(struct kube_request *request, const char *url, const char *what)
{
	struct kube *kube = request->kube;
	bool known;
	char *proxy =
	    kube_proxy(&kube->config, kube->children, (const char *const *)kube->inherit, &known);
	size_t count;
	char **lines = make_lines(request, &count);
	struct web_spec spec = {
	    .method = request->method,
	    .url = url,
	    .what = what,
	    .direct = !proxy,
	    .proxy = proxy,
	    .headers = (const char *const *)lines,
	    .header_count = count,
	    .connect_max = CONNECT_MAX,
	    .fresh = request->caller->fresh,
	    .body = request->body,
	    .body_len = request->body_len,
	    .data = on_data,
	    .done = on_done,
	    .ctx = request,
	};

	kube_login_certificate(kube->login, &spec);
	request->web = web_start(kube->loop, &spec, &request->err);
	request->shaking = false;
	if (request->web)
		request->handshake =
		    loop_deadline(kube->loop, HANDSHAKE_MAX / 2, on_handshake, request);
	free_lines(lines, count);
	free(proxy);
	return request->web ? 0 : -1;
}

static void send(struct kube_request *request)
{
	char *url = mem_printf("%s%s", request->kube->config.server, request->path);
	char *what = mem_printf("%s %s", request->method, url);

	request->login = kube_login_number(request->kube->login);
	if (start_web(request, url, what) < 0)
		request->timer = loop_after(request->kube->loop, 0, on_never_began, request);
	else
		kube_login_secrets(request->kube->login, request->caller);
	free(url);
	free(what);
}

static void on_login(void *ctx, const char *why)
{
	struct kube_request *request = ctx;

	request->waiting = false;
	if (why)
		end_failed(request, NULL, why, ERR_REMOTE);
	else
		send(request);
}

static void attempt(struct kube_request *request)
{
	request->waiting = !kube_login_get(request->kube->login, &request->waiter);
	if (!request->waiting)
		send(request);
}

static struct kube_request *begin(
    struct kube *kube, struct kube_caller *caller, const struct kube_ask *ask, kube_got_fn *got)
{
	struct kube_request *request = mem_alloc(sizeof(*request));

	*request = (struct kube_request){
	    .kube = kube,
	    .caller = caller,
	    .method = mem_text(ask->method ? ask->method : "GET"),
	    .path = mem_text(ask->path),
	    .accept = mem_text(ask->accept ? ask->accept : "application/json"),
	    .type = mem_text(ask->content_type),
	    .body = ask->body ? mem_textn(ask->body, ask->body_len) : NULL,
	    .body_len = ask->body_len,
	    .data = ask->data,
	    .done = ask->done,
	    .got = got,
	    .ctx = ask->ctx,
	    .waiter = {.caller = caller, .ready = on_login, .ctx = request},
	};
	buf_init(&request->answer, got ? KUBE_ANSWER_MAX : STATUS_MAX);
	kube_use(kube);
	attempt(request);
	return request;
}

struct kube_request *kube_start(
    struct kube *kube, struct kube_caller *caller, const struct kube_ask *ask)
{
	return begin(kube, caller, ask, NULL);
}

struct kube_request *kube_get(struct kube *kube, struct kube_caller *caller, const char *path,
    const char *accept, kube_got_fn *got, void *ctx)
{
	return begin(
	    kube, caller, &(struct kube_ask){.path = path, .accept = accept, .ctx = ctx}, got);
}

struct kube_request *kube_get_raw(struct kube *kube, struct kube_caller *caller, const char *path,
    const char *accept, kube_got_fn *got, void *ctx)
{
	struct kube_request *request = kube_get(kube, caller, path, accept, got, ctx);

	request->raw = true;
	return request;
}

struct kube_request *kube_post(struct kube *kube, struct kube_caller *caller, const char *path,
    const json_t *object, kube_got_fn *got, void *ctx)
{
	char *body = json_dumps(object, JSON_COMPACT);
	struct kube_request *request = begin(kube, caller,
	    &(struct kube_ask){.method = "POST",
	        .path = path,
	        .body = body,
	        .body_len = strlen(body),
	        .content_type = "application/json",
	        .ctx = ctx},
	    got);

	free(body);
	return request;
}

void kube_cancel(struct kube_request *request)
{
	if (request)
		request_free(request);
}

void kube_pause(struct kube_request *request)
{
	if (request->web)
		web_pause(request->web);
}

void kube_go_on(struct kube_request *request)
{
	if (request->web)
		web_go_on(request->web);
}
