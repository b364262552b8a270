/*
 * s3: a call, one request after another until it is answered.
 *
 * Invariant: at most one request is under way; after cancel() none is, and nothing is
 * reported. An object that does not stand every check is a failure, not a result, so that
 * no `expect` can make it good.
 */
#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/value.h"

#include "s3.h"

struct s3_call;

/* What a request is for. */
struct operation {
	const char *method;
	/* Begin to receive; MAY be NULL. */
	int (*begin)(struct s3_call *s3, struct err *err);
	/* A piece of a good answer's body. */
	int (*data)(struct s3_call *s3, const char *data, size_t len, struct err *err);
	/* A good answer is there; it goes on with another request or ends the call. -1: it fails. */
	int (*done)(struct s3_call *s3, const struct web_reply *reply, struct err *err);
};

struct s3_call {
	struct call *call;
	const struct operation *first; /* what the verb begins with */
	const struct operation *now;
	struct s3_place place;
	struct s3_credentials credentials;
	struct web *web; /* held: the pages of a list use one connection */
	struct web_request *request;
	struct s3_xml *xml; /* a list, or an error that came instead of what was asked for */
	struct s3_file *file;
	struct s3_gzip *gzip;
	char *token;      /* of the page that is asked for */
	struct buf lines; /* of the page that is read, for people */
	json_t *objects;  /* NULL: too many to keep for nobody */
	json_t *latest;
	long long count;
	bool newest;    /* verify the newest of the list */
	bool cancelled; /* may happen inside call_output() */
};

static int request(struct s3_call *s3, const struct operation *operation, struct err *err);

/* Lists */

static bool is_newer(const json_t *a, const json_t *b)
{
	int order = strcmp(value_get_text(a, "modified"), value_get_text(b, "modified"));

	return order ? order > 0 : strcmp(value_get_text(a, "key"), value_get_text(b, "key")) > 0;
}

static int on_object(void *ctx, json_t *object, struct err *err)
{
	struct s3_call *s3 = ctx;

	if (s3->count == S3_OBJECTS_MAX) {
		json_decref(object);
		return err_set(err, ERR_LIMIT,
		    "more than %d objects, the most that is listed: name a longer prefix",
		    S3_OBJECTS_MAX);
	}
	s3->count++;
	buf_addf(&s3->lines, "%.19sZ %12" JSON_INTEGER_FORMAT " %s\n",
	    value_get_text(object, "modified"), json_integer_value(json_object_get(object, "size")),
	    value_get_text(object, "key"));
	if (!s3->latest || is_newer(object, s3->latest)) {
		json_decref(s3->latest);
		s3->latest = json_incref(object);
	}
	if (s3->count > S3_OBJECTS_SMALL && !call_wants(s3->call, "objects")) {
		json_decref(s3->objects);
		s3->objects = NULL;
	}
	json_array_append(s3->objects, object);
	json_decref(object);
	return 0;
}

static int list_begin(struct s3_call *s3, struct err *err)
{
	(void)err;
	buf_clear(&s3->lines);
	s3->xml = s3_xml_new(on_object, s3);
	return 0;
}

static int list_data(struct s3_call *s3, const char *data, size_t len, struct err *err)
{
	return s3_xml_add(s3->xml, data, len, err);
}

static int compare_objects(const void *left, const void *right)
{
	const json_t *a = *(json_t *const *)left;
	const json_t *b = *(json_t *const *)right;

	return is_newer(a, b) ? 1 : is_newer(b, a) ? -1 : 0;
}

static json_t *sorted(const json_t *objects)
{
	size_t count = json_array_size(objects);
	json_t **items = mem_alloc(count * sizeof(*items));
	json_t *out = json_array();

	for (size_t i = 0; i < count; i++)
		items[i] = json_array_get(objects, i);
	qsort(items, count, sizeof(*items), compare_objects);
	for (size_t i = 0; i < count; i++)
		json_array_append(out, items[i]);
	free(items);
	return out;
}

static void list_end(struct s3_call *s3)
{
	char *why = s3->count ? NULL
	                      : mem_printf("%s: nothing found: check the bucket and the prefix",
	                            s3->place.url);
	json_t *result = json_pack("{s:o, s:O?, s:I}", "objects",
	    s3->objects ? sorted(s3->objects) : json_null(), "latest", s3->latest, "count",
	    (json_int_t)s3->count);

	call_done(s3->call, result, why);
	free(why);
}

static const struct operation verify_operation;

/* The list was only made to find the newest object: that one is meant from now on. */
static int take_newest(struct s3_call *s3, struct err *err)
{
	if (!s3->latest)
		return err_set(
		    err, ERR_REMOTE, "nothing found to verify: check the bucket and the prefix");
	free(s3->place.key);
	free(s3->place.url);
	s3->place.key = mem_text(value_get_text(s3->latest, "key"));
	s3->place.url = mem_printf("s3://%s/%s", s3->place.bucket, s3->place.key);
	return request(s3, &verify_operation, err);
}

static int list_done(struct s3_call *s3, const struct web_reply *reply, struct err *err)
{
	const struct s3_page *page;

	if (s3_xml_finish(s3->xml, &page, err) < 0)
		return -1;
	if (page->code) {
		s3_explain(&s3->place, reply->status, page, reply->headers, err);
		return -1;
	}
	if (s3->lines.len && !s3->newest)
		call_output(s3->call, CHILD_STDOUT, s3->lines.data, s3->lines.len);
	if (s3->cancelled)
		return 0;
	if (page->token && s3->token && strcmp(page->token, s3->token) == 0)
		return err_set(
		    err, ERR_REMOTE, "its list goes round in a circle: check the endpoint");
	free(s3->token);
	s3->token = mem_text(page->token);
	if (s3->token)
		return request(s3, s3->now, err);
	if (s3->newest)
		return take_newest(s3, err);
	list_end(s3);
	return 0;
}

static const struct operation list_operation = {"GET", list_begin, list_data, list_done};

/* One object */

/* Without the quotes around it. */
static json_t *etag_value(const char *etag)
{
	size_t len = etag ? strlen(etag) : 0;

	if (len >= 2 && etag[0] == '"' && etag[len - 1] == '"')
		return json_stringn(etag + 1, len - 2);
	return etag ? json_string(etag) : json_null();
}

static json_t *object_result(const struct s3_call *s3, const struct web_reply *reply)
{
	const char *modified = value_get_text(reply->headers, "last-modified");
	const char *etag = value_get_text(reply->headers, "etag");
	char text[CLOCK_TEXT_MAX];
	bool known = modified && web_date(modified, text) == 0;

	return json_pack("{s:o, s:I, s:s?, s:o}", "key",
	    value_text(s3->place.key, strlen(s3->place.key)), "size",
	    (json_int_t)(reply->length >= 0 ? reply->length : reply->received), "modified",
	    known ? text : NULL, "etag", etag_value(etag));
}

static int no_data(struct s3_call *s3, const char *data, size_t len, struct err *err)
{
	(void)s3;
	(void)data;
	(void)len;
	(void)err;
	return 0;
}

static int stat_done(struct s3_call *s3, const struct web_reply *reply, struct err *err)
{
	(void)err;
	call_done(s3->call, object_result(s3, reply), NULL);
	return 0;
}

static const struct operation stat_operation = {"HEAD", NULL, no_data, stat_done};

static int copy_begin(struct s3_call *s3, struct err *err)
{
	s3->file = s3_file_new(value_get_text(s3->call->args, "file"), err);
	return s3->file ? 0 : -1;
}

static int copy_data(struct s3_call *s3, const char *data, size_t len, struct err *err)
{
	return s3_file_write(s3->file, data, len, err);
}

static int copy_done(struct s3_call *s3, const struct web_reply *reply, struct err *err)
{
	json_t *result;

	if (s3_file_finish(s3->file, err) < 0)
		return -1;
	result = object_result(s3, reply);
	json_object_set(result, "file", json_object_get(s3->call->args, "file"));
	call_done(s3->call, result, NULL);
	return 0;
}

static const struct operation copy_operation = {"GET", copy_begin, copy_data, copy_done};

static int verify_begin(struct s3_call *s3, struct err *err)
{
	s3->gzip = s3_gzip_new(s3->place.key);
	return s3->gzip ? 0 : err_set(err, ERR_SYSTEM, "unable to start zlib");
}

static int verify_data(struct s3_call *s3, const char *data, size_t len, struct err *err)
{
	return s3_gzip_add(s3->gzip, data, len, err);
}

/* The list and the object are two looks at the same thing. */
static int check_size(const struct s3_call *s3, const struct web_reply *reply, struct err *err)
{
	json_int_t listed = json_integer_value(json_object_get(s3->latest, "size"));

	if (!s3->latest || listed == reply->received)
		return 0;
	return err_set(err, ERR_REMOTE,
	    "%lld bytes came, but the list says %" JSON_INTEGER_FORMAT
	    ": it is being replaced, or torn",
	    reply->received, listed);
}

static void show_head(const struct s3_call *s3, const json_t *result)
{
	const json_t *head = json_object_get(result, "head");
	struct buf text;

	buf_init(&text, BUF_TEXT_MAX);
	for (size_t i = 0; i < json_array_size(head); i++)
		buf_addf(&text, "%s\n", json_string_value(json_array_get(head, i)));
	if (text.len)
		call_output(s3->call, CHILD_STDOUT, text.data, text.len);
	buf_release(&text);
}

static int verify_done(struct s3_call *s3, const struct web_reply *reply, struct err *err)
{
	json_t *result;

	if (s3_gzip_finish(s3->gzip, err) < 0 || check_size(s3, reply, err) < 0)
		return -1;
	result = object_result(s3, reply);
	s3_gzip_result(s3->gzip, result);
	show_head(s3, result);
	if (s3->cancelled)
		json_decref(result);
	else
		call_done(s3->call, result, NULL);
	return 0;
}

static const struct operation verify_operation = {"GET", verify_begin, verify_data, verify_done};

/* Requests */

/* What belongs to the request before. */
static void forget(struct s3_call *s3)
{
	s3_xml_free(s3->xml);
	s3_file_free(s3->file);
	s3_gzip_free(s3->gzip);
	s3->xml = NULL;
	s3->file = NULL;
	s3->gzip = NULL;
}

static bool is_good(const struct web_reply *reply)
{
	return reply->status >= 200 && reply->status < 300;
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
static void fail_with(struct s3_call *s3, const struct err *err)
{
	size_t len = s3->place.url ? strlen(s3->place.url) : 0;

	forget(s3);
	if (!len || (strncmp(err->text, s3->place.url, len) == 0 && err->text[len] == ':'))
		call_fail(s3->call, err->kind, "%s", err->text);
	else
		call_fail(s3->call, err->kind, "%s: %s", s3->place.url, err->text);
}

static void on_done(void *ctx, const struct web_reply *reply, const struct err *err)
{
	struct s3_call *s3 = ctx;
	struct err own;

	s3->request = NULL;
	if (err) {
		fail_with(s3, err);
	} else if (!is_good(reply)) {
		explain_refusal(s3, reply, &own);
		fail_with(s3, &own);
	} else if (s3->now->done(s3, reply, &own) < 0) {
		fail_with(s3, &own);
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

static int request(struct s3_call *s3, const struct operation *operation, struct err *err)
{
	bool list = operation == &list_operation;
	struct s3_query query[4];
	size_t count = list ? list_query(s3, query) : 0;
	struct s3_signed signature;
	struct web_spec spec = {.method = operation->method,
	    .what = s3->place.url,
	    .data = on_data,
	    .done = on_done,
	    .ctx = s3};

	forget(s3);
	s3->now = operation;
	if (operation->begin && operation->begin(s3, err) < 0)
		return -1;
	s3_sign(&signature, operation->method, &s3->place, list ? "" : s3->place.key, query, count,
	    &s3->credentials, clock_system.wall(NULL));
	spec.url = signature.url;
	spec.headers = (const char *const *)signature.headers;
	spec.header_count = signature.header_count;
	s3->request = web_start(s3->call->loop, &spec, err);
	s3_signed_release(&signature);
	return s3->request ? 0 : -1;
}

/* The call */

static const struct verb_row {
	const char *verb;
	const struct operation *operation;
} verb_rows[] = {
    {"ls", &list_operation},
    {"stat", &stat_operation},
    {"cp", &copy_operation},
    {"verify", &verify_operation},
};

static const struct operation *find_operation(const char *verb)
{
	for (size_t i = 0; i < COUNT_OF(verb_rows); i++)
		if (strcmp(verb_rows[i].verb, verb) == 0)
			return verb_rows[i].operation;
	return NULL;
}

static int prepare(struct s3_call *s3, struct err *err)
{
	const json_t *args = s3->call->args;
	const char *url = value_get_text(args, "url");

	if (s3_place_find(&s3->place, url, s3->call->target, err) < 0)
		return -1;
	s3->first = find_operation(value_get_text(args, "verb"));
	s3->newest = s3->first == &verify_operation && (s3_means_newest(url) || !*s3->place.key);
	if (s3->first != &list_operation && !s3->newest && !*s3->place.key)
		return err_set(err, ERR_INPUT, "this names a bucket, not an object in it");
	if (s3_credentials_find(&s3->credentials, s3->place.profile, err) < 0)
		return -1;
	s3->web = web_hold(s3->call->loop, err);
	return s3->web ? 0 : -1;
}

void s3_start(struct call *call)
{
	struct s3_call *s3 = mem_alloc(sizeof(*s3));
	struct err err;

	call->state = s3;
	s3->call = call;
	s3->objects = json_array();
	buf_init(&s3->lines, WEB_BODY_MAX);
	if (prepare(s3, &err) < 0) {
		fail_with(s3, &err);
		return;
	}
	if (request(s3, s3->newest ? &list_operation : s3->first, &err) < 0)
		fail_with(s3, &err);
}

void s3_cancel(struct call *call)
{
	struct s3_call *s3 = call->state;

	s3->cancelled = true;
	web_cancel(s3->request);
	s3->request = NULL;
	/* The unfinished file goes now; the rest may be in use further up the stack. */
	s3_file_free(s3->file);
	s3->file = NULL;
	call_gone(call);
}

void s3_release(struct call *call)
{
	struct s3_call *s3 = call->state;

	if (!s3)
		return;
	web_cancel(s3->request);
	forget(s3);
	web_let_go(s3->web);
	s3_place_release(&s3->place);
	s3_credentials_release(&s3->credentials);
	buf_release(&s3->lines);
	json_decref(s3->objects);
	json_decref(s3->latest);
	free(s3->token);
	free(s3);
	call->state = NULL;
}
