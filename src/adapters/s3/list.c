/*
 * s3: a list of objects, page after page.
 * Invariant: `latest` and `count` are of all objects seen; `objects` holds all of them, or is
 * NULL when they are many and nobody looks at them. A list has an end: a ceiling, and no page twice.
 */
#include "call.h"

#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/value.h"

static bool is_newer(const json_t *a, const json_t *b)
{
	int order = strcmp(value_get_text(a, "modified"), value_get_text(b, "modified"));

	return order ? order > 0 : strcmp(value_get_text(a, "key"), value_get_text(b, "key")) > 0;
}

/* What consoles make of "create folder": an empty object, and no answer to "the newest backup". */
static bool is_folder(const json_t *object)
{
	const char *key = value_get_text(object, "key");

	return *key && key[strlen(key) - 1] == '/' &&
	       json_integer_value(json_object_get(object, "size")) == 0;
}

static int on_object(void *ctx, json_t *object, struct err *err)
{
	struct s3_call *s3 = ctx;

	if (is_folder(object)) {
		json_decref(object);
		return 0;
	}
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
	return s3_request(s3, &s3_verify_operation, err);
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
		return s3_request(s3, s3->now, err);
	if (s3->newest)
		return take_newest(s3, err);
	list_end(s3);
	return 0;
}

const struct s3_operation s3_list_operation = {"GET", list_begin, list_data, list_done};
