/* Masks secrets in text. Invariant: `values` is sorted longest first, so that a
 * secret that is part of a longer one never leaves the longer one's tail behind. */
#include "fsops/redact.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/base64.h"
#include "fsops/buf.h"
#include "fsops/mem.h"
#include "fsops/value.h"

/* A line of a longer secret (a key, a document) is a secret too when it has so many bytes. */
#define LINE_MIN_LEN 8
/* So much of a secret at the end of a text that was cut is masked too. */
#define PART_MIN_LEN 8

struct redact {
	char **values;
	size_t count;
	bool first[256]; /* a value begins with this byte */
};

struct redact *redact_new(void)
{
	return mem_alloc(sizeof(struct redact));
}

void redact_free(struct redact *redact)
{
	if (!redact)
		return;
	for (size_t i = 0; i < redact->count; i++) {
		explicit_bzero(redact->values[i], strlen(redact->values[i]));
		free(redact->values[i]);
	}
	free(redact->values);
	free(redact);
}

static int longest_first(const void *left, const void *right)
{
	size_t a = strlen(*(char *const *)left);
	size_t b = strlen(*(char *const *)right);

	return (a < b) - (a > b);
}

static void add_form(struct redact *redact, const char *form)
{
	for (size_t i = 0; i < redact->count; i++)
		if (strcmp(redact->values[i], form) == 0)
			return;
	MEM_PUSH_ROOM(redact->values, redact->count);
	redact->values[redact->count++] = mem_text(form);
	redact->first[(unsigned char)*form] = true;
	qsort(redact->values, redact->count, sizeof(char *), longest_first);
}

static char *base64(const char *text)
{
	struct buf out;
	char *form;

	buf_init(&out, SIZE_MAX / 2);
	base64_encode(&out, text, strlen(text));
	form = buf_detach(&out);
	buf_release(&out);
	return form;
}

/* RFC 3986, section 2.1: everything but the unreserved characters. */
static char *percent(const char *text)
{
	static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	                                 "0123456789-._~";
	struct buf out;

	buf_init(&out, strlen(text) * 3 + 1);
	for (; *text; text++) {
		if (strchr(unreserved, *text))
			buf_addc(&out, *text);
		else
			buf_addf(&out, "%%%02X", (unsigned char)*text);
	}
	return buf_detach(&out);
}

/* As it stands inside a JSON string. */
static char *json_form(const char *text)
{
	json_t *string = value_text(text, strlen(text));
	char *quoted = json_dumps(string, JSON_ENCODE_ANY);
	char *bare = mem_textn(quoted + 1, strlen(quoted) - 2);

	free(quoted);
	json_decref(string);
	return bare;
}

/* As it stands inside the single quotes of a shell. */
static char *shell_form(const char *text)
{
	struct buf out;

	buf_init(&out, strlen(text) * 4 + 1);
	for (; *text; text++) {
		if (*text == '\'')
			buf_adds(&out, "'\\''");
		else
			buf_addc(&out, *text);
	}
	return buf_detach(&out);
}

static void add_forms(struct redact *redact, const char *value)
{
	static char *(*const forms[])(const char *text) = {base64, percent, json_form, shell_form};

	add_form(redact, value);
	for (size_t i = 0; i < COUNT_OF(forms); i++) {
		char *form = forms[i](value);

		add_form(redact, form);
		free(form);
	}
}

/* Output comes in lines, and a line may be taken out of a document. The only line of a text is the
 * secret itself, without what `echo` puts after it. */
static void add_lines(struct redact *redact, const char *value)
{
	static const char blanks[] = " \t\r\n";
	const char *text = value + strspn(value, blanks);
	const char *more = text + strcspn(text, "\n");
	bool only = more[strspn(more, blanks)] == '\0';

	for (; *text; text += strspn(text, blanks)) {
		size_t len = strcspn(text, "\r\n");
		char *line = mem_textn(text, len);

		text += len;
		while (len && strchr(blanks, line[len - 1]))
			line[--len] = '\0';
		if (len >= (only ? REDACT_MIN_LEN : LINE_MIN_LEN))
			add_forms(redact, line);
		free(line);
	}
}

int redact_add(struct redact *redact, const char *value)
{
	if (strlen(value) < REDACT_MIN_LEN)
		return -1;
	add_forms(redact, value);
	add_lines(redact, value);
	return 0;
}

int redact_add_value(struct redact *redact, const json_t *value)
{
	char *text = value_to_text(value);
	int result = redact_add(redact, text);
	const char *key;
	json_t *member;

	free(text);
	for (size_t i = 0; i < json_array_size(value); i++)
		redact_add_value(redact, json_array_get(value, i));
	json_object_foreach((json_t *)value, key, member) {
		redact_add_value(redact, member);
	}
	return result;
}

/* What the secrets say about a place in a text. */
enum found {
	FOUND_NONE,
	FOUND_SECRET, /* one stands here, of LEN bytes */
	FOUND_PART,   /* the text ends inside what may be one */
};

/* LAST: the text was cut where it ends, or just ends there; a few bytes in common mean nothing. */
static enum found look_at(
    const struct redact *redact, const char *text, size_t left, bool last, size_t *len)
{
	if (!redact->first[(unsigned char)*text])
		return FOUND_NONE;
	for (size_t i = 0; i < redact->count; i++) {
		*len = strlen(redact->values[i]);
		if (*len > left && last && left < PART_MIN_LEN)
			continue;
		if (memcmp(text, redact->values[i], *len < left ? *len : left) == 0)
			return *len <= left ? FOUND_SECRET : FOUND_PART;
	}
	return FOUND_NONE;
}

/* Adds TEXT masked. With LAST false what may be the beginning of a secret is left for the next time.
 * Returns how many bytes of TEXT were used up. */
static size_t mask(
    const struct redact *redact, const char *text, size_t len, bool last, struct buf *out)
{
	size_t from = 0; /* what is to be added as it is */
	size_t i = 0;

	while (i < len) {
		size_t size = 0;
		enum found found = look_at(redact, text + i, len - i, last, &size);

		if (found == FOUND_PART && !last)
			break;
		if (found == FOUND_NONE) {
			i++;
			continue;
		}
		buf_add(out, text + from, i - from);
		buf_adds(out, REDACT_MASK);
		i = from = found == FOUND_PART ? len : i + size;
	}
	buf_add(out, text + from, i - from);
	return i;
}

static void mask_whole(const struct redact *redact, const char *text, size_t len, struct buf *out)
{
	buf_init(out, len * sizeof(REDACT_MASK) + 1);
	mask(redact, text, len, true, out);
}

char *redact_text(const struct redact *redact, const char *text, size_t len)
{
	struct buf out;

	if (!redact || !redact->count)
		return mem_textn(text, len);
	mask_whole(redact, text, len, &out);
	return buf_detach(&out);
}

void redact_err(const struct redact *redact, struct err *err)
{
	char *text;

	if (!redact || !err)
		return;
	text = redact_text(redact, err->text, strlen(err->text));
	snprintf(err->text, sizeof(err->text), "%s", text);
	free(text);
}

void redact_stream_init(struct redact_stream *stream)
{
	buf_init(&stream->held, SIZE_MAX / 8);
}

void redact_stream_release(struct redact_stream *stream)
{
	buf_release(&stream->held);
}

void redact_stream_add(const struct redact *redact, struct redact_stream *stream, const char *data,
    size_t len, struct buf *out)
{
	size_t used;

	if (!redact->count && !stream->held.len) {
		buf_add(out, data, len);
		return;
	}
	buf_add(&stream->held, data, len);
	used = mask(redact, stream->held.data, stream->held.len, false, out);
	buf_consume(&stream->held, used);
}

void redact_stream_finish(
    const struct redact *redact, struct redact_stream *stream, struct buf *out)
{
	mask(redact, stream->held.data, stream->held.len, true, out);
	buf_clear(&stream->held);
}

static json_t *masked_object(const struct redact *redact, const json_t *object)
{
	json_t *copy = json_object();
	const char *key;
	json_t *member;

	json_object_foreach((json_t *)object, key, member) {
		char *masked = redact_text(redact, key, strlen(key));

		json_object_set_new(copy, masked, redact_value(redact, member));
		free(masked);
	}
	return copy;
}

static json_t *masked_array(const struct redact *redact, const json_t *array)
{
	json_t *copy = json_array();

	for (size_t i = 0; i < json_array_size(array); i++)
		json_array_append_new(copy, redact_value(redact, json_array_get(array, i)));
	return copy;
}

static json_t *masked_string(const struct redact *redact, const json_t *value)
{
	struct buf out;
	json_t *copy;

	mask_whole(redact, json_string_value(value), json_string_length(value), &out);
	copy = value_text(out.data, out.len);
	buf_release(&out);
	return copy;
}

/* A number is a secret only as a whole: one with the same digits in it is not. */
static json_t *masked_number(const struct redact *redact, const json_t *value)
{
	char *text = value_to_text(value);
	bool secret = false;

	for (size_t i = 0; i < redact->count; i++)
		secret |= strcmp(redact->values[i], text) == 0;
	free(text);
	return secret ? json_string(REDACT_MASK) : json_incref((json_t *)value);
}

json_t *redact_value(const struct redact *redact, const json_t *value)
{
	if (!redact || !redact->count)
		return json_incref((json_t *)value);
	if (json_is_object(value))
		return masked_object(redact, value);
	if (json_is_array(value))
		return masked_array(redact, value);
	if (json_is_number(value))
		return masked_number(redact, value);
	return json_is_string(value) ? masked_string(redact, value) : json_incref((json_t *)value);
}
