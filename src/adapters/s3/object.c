/*
 * s3: one object: looked at or fetched.
 * Invariant: an object that does not stand every check is a failure, not a result, so that no
 * `expect` can make it good.
 */
#include "call.h"

#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/value.h"

/* Without the quotes around it. */
static json_t *etag_value(const char *etag)
{
	size_t len = etag ? strlen(etag) : 0;

	if (len >= 2 && etag[0] == '"' && etag[len - 1] == '"')
		return json_stringn(etag + 1, len - 2);
	return etag ? json_string(etag) : json_null();
}

json_t *s3_object_result(const struct s3_call *s3, const struct web_reply *reply)
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
	call_done(s3->call, s3_object_result(s3, reply), NULL);
	return 0;
}

const struct s3_operation s3_stat_operation = {"HEAD", NULL, no_data, stat_done};

static int copy_begin(struct s3_call *s3, struct err *err)
{
	const json_t *fixed = json_object_get(s3->call->args, ADAPTER_FIXED);

	s3->file = fresh_open(
	    &(struct fresh_place){
	        .path = value_get_text(s3->call->args, "file"),
	        .fixed = fixed ? (size_t)json_integer_value(fixed) : FRESH_FIXED,
	    },
	    err);
	return s3->file ? 0 : -1;
}

static int copy_data(struct s3_call *s3, const char *data, size_t len, struct err *err)
{
	return fresh_write(s3->file, data, len, err);
}

static int copy_done(struct s3_call *s3, const struct web_reply *reply, struct err *err)
{
	json_t *result;

	if (fresh_finish(s3->file, err) < 0)
		return -1;
	result = s3_object_result(s3, reply);
	json_object_set(result, "file", json_object_get(s3->call->args, "file"));
	call_done(s3->call, result, NULL);
	return 0;
}

const struct s3_operation s3_copy_operation = {"GET", copy_begin, copy_data, copy_done};
