/*
 * The heads of an answer, line by line, as libcurl hands them on: "100 Continue" and "103 Early Hints"
 * before the answer, the answer's own, and the trailers after a chunked body (RFC 9110, RFC 9112).
 *
 * Invariant: the headers are those of the last head alone. Trailers are part of a whole answer, and are
 * never taken for headers: they come when everybody has already judged by those (RFC 9110, 6.5.1).
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fsops/mem.h"
#include "fsops/value.h"

#include "private.h"

/* The most digits of a length: what a long long surely holds. */
#define LENGTH_DIGITS 18

/* A name that comes again is joined when the head is whole: joining it line by line would cost the square of
 * their number. */
static void add_header(
    struct web_request *request, const char *name, size_t name_len, json_t *value)
{
	char *lower = mem_textn(name, name_len);
	json_t *again;

	for (char *c = lower; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	if (!json_object_get(request->reply.headers, lower)) {
		/* -1: a name that is not UTF-8, which is no header that anyone can ask for. */
		json_object_set_new(request->reply.headers, lower, value);
	} else {
		again = json_object_get(request->repeated, lower);
		if (!again)
			json_object_set_new(request->repeated, lower, again = json_array());
		json_array_append_new(again, value);
	}
	free(lower);
}

static void join_repeated(struct web_request *request)
{
	const char *name;
	json_t *values;

	json_object_foreach(request->repeated, name, values) {
		struct buf joined;

		buf_init(&joined, WEB_HEADERS_MAX * 4);
		buf_adds(&joined, value_get_text(request->reply.headers, name));
		for (size_t i = 0; i < json_array_size(values); i++)
			buf_addf(&joined, ", %s", json_string_value(json_array_get(values, i)));
		json_object_set_new(
		    request->reply.headers, name, value_text(joined.data, joined.len));
		buf_release(&joined);
	}
	json_object_clear(request->repeated);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* One length of "5" or "5, 5" (a proxy joins repeated headers so), from *AT on; -1: it is none. */
static long long read_length(const char **at)
{
	long long length = 0;
	size_t digits = strspn(*at, "0123456789");

	if (!digits || digits > LENGTH_DIGITS)
		return -1;
	for (; digits; digits--)
		length = length * 10 + (*(*at)++ - '0');
	*at += strspn(*at, " \t");
	return length;
}

/* RFC 9110, 8.6: the same length said twice is that length; two of them are an answer that somebody
 * on the way reads otherwise than we do. */
static int take_length(struct web_request *request, const char *text)
{
	for (const char *at = text;;) {
		long long length = read_length(&at);

		if (length < 0)
			return err_set(&request->err, ERR_REMOTE,
			    "%s: the Content-Length of the answer is none: where it ends can't be "
			    "told: look at the server and what is between",
			    request->what);
		if (request->stated >= 0 && request->stated != length)
			return err_set(&request->err, ERR_REMOTE,
			    "%s: the answer has two different Content-Lengths, %lld and %lld: "
			    "where it ends can't be told: look at the server and what is between",
			    request->what, request->stated, length);
		request->stated = length;
		if (!*at)
			return 0;
		if (*at++ != ',')
			at = "";
		at += strspn(at, " \t");
	}
}

static int take_header(struct web_request *request, const char *line, size_t len)
{
	static const char length_name[] = "content-length";
	const char *colon = memchr(line, ':', len);
	const char *value;
	json_t *text;
	int result = 0;

	if (!colon)
		return 0;
	for (value = colon + 1; value < line + len && is_blank(*value);)
		value++;
	while (len && is_blank(line[len - 1]))
		len--;
	if (value > line + len)
		value = line + len;
	text = value_text(value, (size_t)(line + len - value));
	if ((size_t)(colon - line) == sizeof(length_name) - 1 &&
	    strncasecmp(line, length_name, sizeof(length_name) - 1) == 0)
		result = take_length(request, json_string_value(text));
	add_header(request, line, (size_t)(colon - line), text); /* transferred */
	return result;
}

bool web_head_done(const struct web_request *request)
{
	return request->head_done;
}

static void begin_head(struct web_request *request)
{
	json_object_clear(request->reply.headers);
	json_object_clear(request->repeated);
	request->stated = -1;
}

/* What a head was is kept at its end: libcurl's status is that of the next one as soon as its first line is there,
 * before we are told of the line. */
static void end_head(struct web_request *request)
{
	long status = 0;

	curl_easy_getinfo(request->easy, CURLINFO_RESPONSE_CODE, &status);
	request->head_done = status >= 200 || status == 101;
	if (request->head_done) {
		web_easy_certificate(request);
		web_easy_unguard(request);
	}
	join_repeated(request);
}

int web_head_line(struct web_request *request, const char *line, size_t len)
{
	if (request->head_done)
		return 0; /* a trailer */
	if (len > 5 && memcmp(line, "HTTP/", 5) == 0) {
		begin_head(request);
		return 0;
	}
	if (len && (*line == '\r' || *line == '\n'))
		end_head(request);
	return take_header(request, line, len);
}
