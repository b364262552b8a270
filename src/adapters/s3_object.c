/*
 * s3: one object: looked at, fetched, or verified.
 * Invariant: an object that does not stand every check is a failure, not a result, so that no
 * `expect` can make it good.
 */
#include "s3_call.h"

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

const struct s3_operation s3_stat_operation = {"HEAD", NULL, no_data, stat_done};

static int copy_begin(struct s3_call *s3, struct err *err)
{
	s3->file = fresh_open(value_get_text(s3->call->args, "file"), err);
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
	result = object_result(s3, reply);
	json_object_set(result, "file", json_object_get(s3->call->args, "file"));
	call_done(s3->call, result, NULL);
	return 0;
}

const struct s3_operation s3_copy_operation = {"GET", copy_begin, copy_data, copy_done};

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

static void add_lines(struct buf *text, const json_t *lines)
{
	for (size_t i = 0; i < json_array_size(lines); i++)
		buf_addf(text, "%s\n", json_string_value(json_array_get(lines, i)));
}

/* What was verified, its first lines and its last. */
static void show_verified(
    const struct s3_call *s3, const struct web_reply *reply, const json_t *result)
{
	const json_t *head = json_object_get(result, "head");
	struct buf text;

	buf_init(&text, BUF_TEXT_MAX);
	buf_addf(&text, "%s: %lld bytes", s3->place.url, reply->received);
	if (json_is_true(json_object_get(result, "gzip")))
		buf_addf(&text,
		    ", gzip is whole: %" JSON_INTEGER_FORMAT " bytes, %" JSON_INTEGER_FORMAT
		    " lines\n",
		    json_integer_value(json_object_get(result, "bytes")),
		    json_integer_value(json_object_get(result, "lines")));
	else
		buf_adds(&text, ", not gzip: only its size is known to be right\n");
	add_lines(&text, head);
	if (json_integer_value(json_object_get(result, "lines")) > S3_HEAD_LINES + S3_TAIL_LINES) {
		buf_adds(&text, "[\xE2\x80\xA6]\n");
		add_lines(&text, json_object_get(result, "tail"));
	}
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
	show_verified(s3, reply, result);
	if (s3->cancelled)
		json_decref(result);
	else
		call_done(s3->call, result, NULL);
	return 0;
}

const struct s3_operation s3_verify_operation = {"GET", verify_begin, verify_data, verify_done};
