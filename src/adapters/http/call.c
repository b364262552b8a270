/*
 * http: the request itself, from start() to call_done().
 * Invariant: a body is kept whole or not at all, and only when an expression looks at it;
 * all of it passes through call_output().
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fsops/json_read.h"
#include "fsops/mem.h"
#include "fsops/value.h"
#include "fsops/web.h"

#include "http.h"

/* Kept for the record although no expression looks at it. */
#define BODY_SMALL ((size_t)4 * 1024)

struct http_call {
	struct call *call;
	struct web_request *request; /* NULL: none is under way */
	char *what;                  /* "GET https://…" */
	struct buf body;             /* not whole when `full` */
	bool wanted;                 /* an expression looks at the body: too large is an error */
	int hops;
	bool foreign;   /* redirected to another server: the headers were not meant for that one */
	double seconds; /* of the hops before this one */
};

/* The phrases of RFC 9110; a server's own are not shown, they may say anything. */
static const struct phrase {
	int status;
	const char *text;
} phrases[] = {
    {300, "Multiple Choices"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {407, "Proxy Authentication Required"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {425, "Too Early"},
    {426, "Upgrade Required"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {451, "Unavailable For Legal Reasons"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {507, "Insufficient Storage"},
    {511, "Network Authentication Required"},
};

static const char *phrase(int status)
{
	for (size_t i = 0; i < COUNT_OF(phrases); i++)
		if (phrases[i].status == status)
			return phrases[i].text;
	return "";
}

char *http_body(const json_t *args)
{
	const json_t *json = json_object_get(args, "json");
	const json_t *body = json_object_get(args, "body");

	if (json)
		return value_to_json(json);
	if (body)
		return value_to_text(body);
	/* A change without a body says so (Content-Length: 0); some servers insist. */
	return http_effect(args) == EFFECT_CHANGE ? mem_text("") : NULL;
}

bool http_has_header(const json_t *args, const char *name)
{
	const char *key;
	json_t *value;

	json_object_foreach(json_object_get(args, "headers"), key, value)
		if (strcasecmp(key, name) == 0)
			return true;
	return false;
}

/* `json`, and when it is null `json_error`: an expression that asks for it fails for that reason. */
static void add_json(json_t *result, const struct buf *body)
{
	struct err err = {0};
	json_t *value =
	    body->full ? NULL : json_read("the body", body->data, body->len, WEB_BODY_MAX, &err);

	json_object_set_new(result, "json", value ? value : json_null());
	if (*err.text)
		json_object_set_new(result, "json_error", json_string(err.text));
}

/* No status, no body: an `expect` on them must not hold. */
static json_t *refused_result(const struct web_reply *reply)
{
	return json_pack("{s:n, s:n, s:n, s:n, s:f, s:s?, s:b}", "status", "headers", "body",
	    "json", "time", reply->seconds, "tls_expires",
	    *reply->tls_expires ? reply->tls_expires : NULL, "reused", false);
}

/* RFC 9110, 15.4: the same request is to be sent to another address. Behind 302 and 303 it may have been made, and the
 * way leads to what came of it. */
static bool is_undone(const struct http_call *http, const struct web_reply *reply)
{
	return http->call->effect != EFFECT_READ &&
	       (reply->status == 301 || reply->status == 307 || reply->status == 308);
}

static json_t *reply_result(const struct http_call *http, const struct web_reply *reply)
{
	json_t *result = json_pack("{s:i, s:O, s:f, s:s?, s:b}", "status", reply->status, "headers",
	    reply->headers, "time", http->seconds + reply->seconds, "tls_expires",
	    *reply->tls_expires ? reply->tls_expires : NULL, "reused", reply->reused);

	if (is_undone(http, reply))
		json_object_set_new(result, ADAPTER_UNDONE, json_true());
	json_object_set_new(result, "body",
	    http->body.full ? json_null() : value_text(http->body.data, http->body.len));
	if (call_wants(http->call, "json"))
		add_json(result, &http->body);
	else
		json_object_set_new(result, "json", json_null());
	return result;
}

static int on_data(
    void *ctx, const struct web_reply *reply, const char *data, size_t len, struct err *err)
{
	struct http_call *http = ctx;

	(void)reply;
	if (buf_add(&http->body, data, len) < 0 && http->wanted)
		return err_set(err, ERR_LIMIT,
		    "%s: the reply is over %d MiB, the most that an expression can look at: ask "
		    "for less, or `save` it and look at `status` only",
		    http->what, WEB_BODY_MAX / 1024 / 1024);
	call_output(http->call, CHILD_STDOUT, data, len);
	return 0;
}

static bool send_request(struct http_call *http, const char *url, struct err *err);

/* 301, 302, 303, 307, 308 with a place to go to. */
static bool is_redirect(const struct http_call *http, const struct web_reply *reply)
{
	return json_is_true(json_object_get(http->call->args, "follow")) && reply->redirect &&
	       reply->status >= 300 && reply->status < 400;
}

static const char *what_url(const struct http_call *http)
{
	return strchr(http->what, ' ') + 1;
}

static void follow(struct http_call *http, const struct web_reply *reply)
{
	struct err err;

	http->foreign = http->foreign || !web_same_origin(what_url(http), reply->redirect);
	http->seconds += reply->seconds;
	if (++http->hops > HTTP_HOPS_MAX) {
		call_fail(http->call, ERR_REMOTE,
		    "%s: redirected more than %d times: the server sends it round in a circle",
		    http->what, HTTP_HOPS_MAX);
		return;
	}
	buf_clear(&http->body);
	if (!send_request(http, reply->redirect, &err))
		call_fail(http->call, err.kind, "%s", err.text);
}

static bool is_success(const struct web_reply *reply)
{
	return reply->status >= 200 && reply->status < 300;
}

/* A change that is answered with a way to go was not made, and a read that is may have met a login
 * page: neither is a success. */
static void say_status(
    const struct http_call *http, const struct web_reply *reply, char *why, size_t size)
{
	bool read = http->call->effect == EFFECT_READ;
	int len = snprintf(why, size, "%s: status %d %s%s%s", http->what, reply->status,
	    phrase(reply->status), *reply->proxy ? ", from or through " : "", reply->proxy);

	if (!reply->redirect || len < 0 || (size_t)len >= size)
		return;
	if (strncmp(reply->redirect, "http", strlen("http")) != 0) {
		snprintf(why + len, size - (size_t)len, ": it leads to %s, which is not asked",
		    reply->redirect);
		return;
	}
	snprintf(why + len, size - (size_t)len, ": %s %s: put that into the target%s",
	    reply->status == 301 || reply->status == 308 ? "moved to" : "it leads to",
	    reply->redirect, read ? ", or 'follow: true' into the action" : "");
}

static void on_done(void *ctx, const struct web_reply *reply, const struct err *err)
{
	struct http_call *http = ctx;
	char why[ERR_TEXT_MAX];

	http->request = NULL;
	if (err && reply->tls_refused) {
		call_done(http->call, refused_result(reply), err->text);
	} else if (err) {
		call_fail(http->call, err->kind, "%s", err->text);
	} else if (is_redirect(http, reply)) {
		follow(http, reply);
	} else {
		say_status(http, reply, why, sizeof(why));
		call_done(http->call, reply_result(http, reply), is_success(reply) ? NULL : why);
	}
}

/* The action's own headers, behind those of the target: nothing for a server that it was sent on to. */
static int make_extra(
    struct http_call *http, const char *url, struct web_extra *extra, struct err *err)
{
	const json_t *args = http->call->args;
	json_t *own = json_object_get(args, "headers");
	const char *name;
	json_t *value;

	*extra = (struct web_extra){0};
	if (http->foreign)
		return 0;
	if (web_extra_make(extra, http->call->target, url, own, err) < 0)
		return err_prefix(err, "%s", http->what);
	json_object_foreach(own, name, value) {
		char *text = value_to_text(value);

		web_extra_add(extra, name, text);
		free(text);
	}
	if (json_object_get(args, "json") && !http_has_header(args, "Content-Type"))
		web_extra_add(extra, "Content-Type", "application/json");
	return 0;
}

static bool send_request(struct http_call *http, const char *url, struct err *err)
{
	const json_t *args = http->call->args;
	const char *method = value_get_text(args, "method");
	char *body = http_body(args);
	char *through = web_through(value_get_text(http->call->target, "url"), http->call->target);
	struct web_extra extra;

	free(http->what);
	http->what = mem_printf("%s %s", method, url);
	if (make_extra(http, url, &extra, err) == 0) {
		struct web_spec spec = web_extra_spec(&extra);

		spec.method = method;
		spec.url = url;
		spec.what = http->what;
		spec.through = through;
		spec.body = body;
		spec.body_len = body ? strlen(body) : 0;
		/* Whatever the method is: the runbook says what it does. */
		spec.once = http->call->effect != EFFECT_READ;
		/* Whoever asks for the certificate means the one that a new client would be shown. */
		spec.fresh = http->call->fresh || call_wants(http->call, "tls_expires");
		spec.data = on_data;
		spec.done = on_done;
		spec.ctx = http;
		http->request = web_start(http->call->loop, &spec, err);
	}
	web_extra_release(&extra);
	free(through);
	free(body);
	return http->request != NULL;
}

/* The arguments as they are now, `${…}` filled in, may hold what they did not at load. */
static int check_call(const struct call *call, struct err *err)
{
	const char *url = value_get_text(call->args, "url");

	if (http_check(call->args, true, err) < 0)
		return err_prefix(err, "http");
	if (http_effect(call->args) > call->effect)
		return err_set(err, ERR_INPUT, "http: %s is more than the %s that was approved",
		    value_get_text(call->args, "method"), effect_name(call->effect));
	if (*url == '/' && !value_get_text(call->target, "url"))
		return err_set(err, ERR_INPUT,
		    "http: '%s' is only a path: name a `target` of the kind http, or write the "
		    "whole URL",
		    url);
	return 0;
}

void http_start(struct call *call)
{
	struct http_call *http = mem_alloc(sizeof(*http));
	struct err err;
	char *url;

	call->state = http;
	http->call = call;
	http->wanted = call_wants(call, "body") || call_wants(call, "json");
	buf_init(&http->body, http->wanted ? WEB_BODY_MAX : BODY_SMALL);
	if (check_call(call, &err) < 0) {
		call_fail(call, err.kind, "%s", err.text);
		return;
	}
	url = http_url(call->args, call->target);
	if (!send_request(http, url, &err))
		call_fail(call, err.kind, "%s", err.text);
	free(url);
}

void http_cancel(struct call *call)
{
	struct http_call *http = call->state;
	char *waiting = web_waits_for_proxy(http->request);

	if (waiting)
		call_waiting(call, waiting);
	free(waiting);
	web_cancel(http->request);
	http->request = NULL;
	call_gone(call);
}

void http_release(struct call *call)
{
	struct http_call *http = call->state;

	if (!http)
		return;
	web_cancel(http->request);
	buf_release(&http->body);
	free(http->what);
	free(http);
	call->state = NULL;
}
