/*
 * s3 verify: an object read through, piece by piece.
 * Invariant: one turn of the loop unpacks no more than s3_gzip_add() takes; while there is a rest, the
 * server is not listened to, so that budgets and signals are kept however well the object is packed.
 */
#include "call.h"

#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/value.h"

static int verify_begin(struct s3_call *s3, struct err *err)
{
	s3->gzip = s3_gzip_new(s3->place.key);
	return s3->gzip ? 0 : err_set(err, ERR_SYSTEM, "unable to start zlib");
}

static void on_turn(void *ctx);

static int unpack_some(struct s3_call *s3, struct err *err)
{
	size_t taken = s3_gzip_add(s3->gzip, s3->rest.data, s3->rest.len, err);

	if (!taken)
		return err_prefix(err, "%s", s3->place.url);
	buf_consume(&s3->rest, taken);
	return 0;
}

/* The answer is whole: what libcurl had in hand when it was told to pause is all that is left. */
static int unpack_rest(struct s3_call *s3, struct err *err)
{
	loop_cancel(s3->turn);
	s3->turn = NULL;
	while (s3->rest.len)
		if (unpack_some(s3, err) < 0)
			return -1;
	return 0;
}

/* One turn's work on what has come; the rest waits for the next turn. */
static int unpack(struct s3_call *s3, struct err *err)
{
	if (unpack_some(s3, err) < 0)
		return -1;
	if (s3->rest.len)
		s3->turn = loop_after(s3->call->loop, 0, on_turn, s3);
	return 0;
}

static void on_turn(void *ctx)
{
	struct s3_call *s3 = ctx;
	struct err err;

	s3->turn = NULL;
	if (unpack(s3, &err) < 0) {
		web_cancel(s3->request);
		s3->request = NULL;
		s3_fail(s3, &err);
	} else if (!s3->turn) {
		web_go_on(s3->request);
	}
}

static int verify_data(struct s3_call *s3, const char *data, size_t len, struct err *err)
{
	if (buf_add(&s3->rest, data, len) < 0)
		return err_set(err, ERR_LIMIT, "more came at once than can be kept");
	if (s3->turn) /* libcurl had this already when it was told to pause */
		return 0;
	if (unpack(s3, err) < 0)
		return -1;
	if (s3->turn)
		web_pause(s3->request);
	return 0;
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
	const char *format = value_get_text(result, "format");
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
		buf_addf(&text,
		    ", %s%s, which is not looked into: only its size is known to be right\n",
		    format ? format : "not gzip", format ? "" : " or anything else that is known");
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

	if (unpack_rest(s3, err) < 0 || s3_gzip_finish(s3->gzip, err) < 0 ||
	    check_size(s3, reply, err) < 0)
		return -1;
	result = s3_object_result(s3, reply);
	s3_gzip_result(s3->gzip, result);
	show_verified(s3, reply, result);
	if (s3->cancelled)
		json_decref(result);
	else
		call_done(s3->call, result, NULL);
	return 0;
}

const struct s3_operation s3_verify_operation = {"GET", verify_begin, verify_data, verify_done};
