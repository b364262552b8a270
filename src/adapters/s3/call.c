/*
 * s3: a call from start() to its end, one request after another.
 *
 * Invariant: at most one request is under way; after cancel() none is, and nothing is
 * reported.
 */
#include "call.h"

#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/value.h"

/* What belongs to the request before. */
static void forget(struct s3_call *s3)
{
	s3_xml_free(s3->xml);
	fresh_free(s3->file);
	s3_gzip_free(s3->gzip);
	loop_cancel(s3->turn);
	buf_clear(&s3->rest);
	s3->turn = NULL;
	s3->xml = NULL;
	s3->file = NULL;
	s3->gzip = NULL;
}

/* A part (206) was not asked for: what it is a part of is not whole. */
static bool is_good(const struct web_reply *reply)
{
	return reply->status >= 200 && reply->status < 300 && reply->status != 206;
}

static int no_object(void *ctx, json_t *object, struct err *err)
{
	(void)ctx;
	json_decref(object);
	return err_set(err, ERR_REMOTE, "a list where an error was to be");
}

static int on_data(
    void *ctx, const struct web_reply *reply, const char *data, size_t len, struct err *err)
{
	struct s3_call *s3 = ctx;

	if (is_good(reply)) {
		if (s3->now->data(s3, data, len, err) == 0)
			return 0;
		return err_prefix(err, "%s", s3->place.url);
	}
	if (reply->received == (long long)len) { /* its first piece */
		forget(s3);
		s3->xml = s3_xml_new(no_object, s3);
	}
	/* Not everything that refuses speaks XML: the status will have to do then. */
	if (s3->xml && s3_xml_add(s3->xml, data, len, NULL) < 0) {
		s3_xml_free(s3->xml);
		s3->xml = NULL;
	}
	return 0;
}

static void explain_refusal(struct s3_call *s3, const struct web_reply *reply, struct err *err)
{
	const struct s3_page *page = NULL;

	if (s3->xml && reply->received)
		s3_xml_finish(s3->xml, &page, NULL);
	s3_explain(&s3->place, reply->status, page, reply->headers, err);
}

/* Say "s3://…: " unless the sentence begins with it already. */
void s3_fail(struct s3_call *s3, const struct err *err)
{
	size_t len = s3->place.url ? strlen(s3->place.url) : 0;

	forget(s3);
	if (!len || (strncmp(err->text, s3->place.url, len) == 0 && err->text[len] == ':'))
		call_fail(s3->call, err->kind, "%s", err->text);
	else
		call_fail(s3->call, err->kind, "%s: %s", s3->place.url, err->text);
}

static bool renew(struct s3_call *s3, const struct web_reply *reply);

static void on_done(void *ctx, const struct web_reply *reply, const struct err *err)
{
	struct s3_call *s3 = ctx;
	struct err own;

	s3->request = NULL;
	if (err) {
		s3_fail(s3, err);
	} else if (!is_good(reply) && renew(s3, reply)) {
		return;
	} else if (!is_good(reply)) {
		explain_refusal(s3, reply, &own);
		s3_fail(s3, &own);
	} else if (s3->now->done(s3, reply, &own) < 0) {
		s3_fail(s3, &own);
	}
}

/* The list's parameters, sorted by name as the signature wants them. */
static size_t list_query(const struct s3_call *s3, struct s3_query query[4])
{
	size_t count = 0;

	if (s3->token)
		query[count++] = (struct s3_query){"continuation-token", s3->token};
	query[count++] = (struct s3_query){"encoding-type", "url"};
	query[count++] = (struct s3_query){"list-type", "2"};
	query[count++] = (struct s3_query){"prefix", s3->place.key};
	return count;
}

int s3_request(struct s3_call *s3, const struct s3_operation *operation, struct err *err)
{
	bool list = operation == &s3_list_operation;
	struct s3_query query[4];
	size_t count = list ? list_query(s3, query) : 0;
	struct s3_signed signature;
	char *through;
	struct web_spec spec = {.method = operation->method,
	    .what = s3->place.url,
	    .fresh = s3->call->fresh,
	    .data = on_data,
	    .done = on_done,
	    .ctx = s3};

	forget(s3);
	s3->now = operation;
	if (operation->begin && operation->begin(s3, err) < 0)
		return -1;
	s3_sign(&signature, operation->method, &s3->place, list ? "" : s3->place.key, query, count,
	    &s3->credentials, clock_system.wall(NULL));
	through = web_through(s3->place.endpoint, s3->call->target);
	spec.url = signature.url;
	spec.through = through;
	spec.headers = (const char *const *)signature.headers;
	spec.header_count = signature.header_count;
	s3->request = web_start(s3->call->loop, &spec, err);
	s3_signed_release(&signature);
	free(through);
	return s3->request ? 0 : -1;
}

/* The call */

static const struct verb_row {
	const char *verb;
	const struct s3_operation *operation;
} verb_rows[] = {
    {"ls", &s3_list_operation},
    {"stat", &s3_stat_operation},
    {"cp", &s3_copy_operation},
    {"verify", &s3_verify_operation},
};

static const struct s3_operation *find_operation(const char *verb)
{
	for (size_t i = 0; i < COUNT_OF(verb_rows); i++)
		if (strcmp(verb_rows[i].verb, verb) == 0)
			return verb_rows[i].operation;
	return NULL;
}

static void look_up(struct s3_call *s3);

static void on_credentials(
    void *ctx, const struct aws_credentials *credentials, const struct err *why)
{
	struct s3_call *s3 = ctx;
	struct err err;

	s3->lookup = NULL;
	if (!credentials) {
		s3_fail(s3, why);
		return;
	}
	aws_credentials_release(&s3->credentials);
	aws_credentials_copy(&s3->credentials, credentials);
	call_secret(s3->call, credentials->id);
	call_secret(s3->call, credentials->secret);
	call_secret(s3->call, credentials->token);
	if (s3_request(s3, s3->now, &err) < 0)
		s3_fail(s3, &err);
}

static void on_secret(void *ctx, const char *value)
{
	struct s3_call *s3 = ctx;

	call_secret(s3->call, value);
}

static void look_up(struct s3_call *s3)
{
	struct aws_lookup_spec spec = {.loop = s3->call->loop,
	    .children = s3->call->children,
	    .call = s3->call,
	    .config = s3->config,
	    .region = s3->place.region,
	    .secret = on_secret,
	    .done = on_credentials,
	    .ctx = s3};

	s3->lookup = aws_lookup_start(&spec);
}

/* Credentials that were kept from a call before and are refused may have been taken back: once, others
 * are asked for. */
static bool renew(struct s3_call *s3, const struct web_reply *reply)
{
	bool refused = reply->status == 400 || reply->status == 401 || reply->status == 403;

	if (s3->renewed || !refused || !aws_cache_drop(s3->config, s3->place.region))
		return false;
	s3->renewed = true;
	forget(s3);
	look_up(s3);
	return true;
}

static int prepare(struct s3_call *s3, struct err *err)
{
	const json_t *args = s3->call->args;
	const char *url = value_get_text(args, "url");

	s3->config = aws_config_load(value_get_text(s3->call->target, "profile"), err);
	if (!s3->config) {
		s3->place.url = s3_place_url(url, s3->call->target);
		return -1;
	}
	if (s3_place_find(&s3->place, url, s3->call->target, s3->config, err) < 0)
		return -1;
	s3->first = find_operation(value_get_text(args, "verb"));
	s3->newest = s3->first == &s3_verify_operation && (s3_means_newest(url) || !*s3->place.key);
	s3->now = s3->newest ? &s3_list_operation : s3->first;
	if (s3->first != &s3_list_operation && !s3->newest && !*s3->place.key)
		return err_set(err, ERR_INPUT, "this names a bucket, not an object in it");
	return 0;
}

void s3_start(struct call *call)
{
	struct s3_call *s3 = mem_alloc(sizeof(*s3));
	struct err err;

	call->state = s3;
	s3->call = call;
	s3->objects = json_array();
	buf_init(&s3->lines, WEB_BODY_MAX);
	buf_init(&s3->rest, WEB_BODY_MAX);
	if (prepare(s3, &err) < 0)
		s3_fail(s3, &err);
	else
		look_up(s3);
}

static void on_gone(void *ctx)
{
	call_gone(ctx);
}

void s3_cancel(struct call *call)
{
	struct s3_call *s3 = call->state;
	struct aws_lookup *lookup = s3->lookup;

	s3->cancelled = true;
	s3->lookup = NULL;
	web_cancel(s3->request);
	s3->request = NULL;
	loop_cancel(s3->turn);
	s3->turn = NULL;
	/* The unfinished file goes now; the rest may be in use further up the stack. */
	fresh_free(s3->file);
	s3->file = NULL;
	if (!lookup || !aws_lookup_cancel(lookup, on_gone, call))
		call_gone(call);
}

void s3_release(struct call *call)
{
	struct s3_call *s3 = call->state;

	if (!s3)
		return;
	aws_lookup_forget(s3->lookup);
	web_cancel(s3->request);
	forget(s3);
	s3_place_release(&s3->place);
	aws_credentials_release(&s3->credentials);
	aws_config_free(s3->config);
	buf_release(&s3->lines);
	buf_release(&s3->rest);
	json_decref(s3->objects);
	json_decref(s3->latest);
	free(s3->token);
	free(s3);
	call->state = NULL;
}
