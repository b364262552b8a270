/* Masks secrets in text. Invariant: `values` is sorted longest first, so that a
 * secret that is part of a longer one never leaves the longer one's tail behind. */
#include "fsops/redact.h"

#include <stdlib.h>
#include <string.h>

#include "fsops/buf.h"
#include "fsops/mem.h"

struct redact {
	char **values;
	size_t count;
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
	qsort(redact->values, redact->count, sizeof(char *), longest_first);
}

/* RFC 4648, section 4. */
static char *base64(const char *text)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *in = (const unsigned char *)text;
	size_t len = strlen(text);
	char *out = mem_alloc((len + 2) / 3 * 4 + 1);
	char *at = out;

	for (size_t i = 0; i < len; i += 3) {
		unsigned bits = (unsigned)in[i] << 16;

		bits |= i + 1 < len ? (unsigned)in[i + 1] << 8 : 0;
		bits |= i + 2 < len ? in[i + 2] : 0;
		*at++ = digits[bits >> 18];
		*at++ = digits[bits >> 12 & 63];
		*at++ = i + 1 < len ? digits[bits >> 6 & 63] : '=';
		*at++ = i + 2 < len ? digits[bits & 63] : '=';
	}
	return out;
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

int redact_add(struct redact *redact, const char *value)
{
	char *encoded;

	if (strlen(value) < REDACT_MIN_LEN)
		return -1;
	add_form(redact, value);
	encoded = base64(value);
	add_form(redact, encoded);
	free(encoded);
	encoded = percent(value);
	add_form(redact, encoded);
	free(encoded);
	return 0;
}

static size_t secret_at(const struct redact *redact, const char *text, size_t left)
{
	for (size_t i = 0; i < redact->count; i++) {
		size_t len = strlen(redact->values[i]);

		if (len <= left && memcmp(text, redact->values[i], len) == 0)
			return len;
	}
	return 0;
}

char *redact_text(const struct redact *redact, const char *text, size_t len)
{
	struct buf out;

	if (!redact || !redact->count)
		return mem_textn(text, len);
	buf_init(&out, len * (sizeof(REDACT_MASK) - 1) + 1);
	for (size_t i = 0; i < len;) {
		size_t secret = secret_at(redact, text + i, len - i);

		if (secret)
			buf_adds(&out, REDACT_MASK);
		else
			buf_addc(&out, text[i]);
		i += secret ? secret : 1;
	}
	return buf_detach(&out);
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

json_t *redact_value(const struct redact *redact, const json_t *value)
{
	json_t *copy;
	char *masked;

	if (json_is_object(value))
		return masked_object(redact, value);
	if (json_is_array(value))
		return masked_array(redact, value);
	if (!json_is_string(value))
		return json_incref((json_t *)value);
	masked = redact_text(redact, json_string_value(value), json_string_length(value));
	copy = json_string(masked);
	free(masked);
	return copy ? copy : json_string("");
}

size_t redact_longest(const struct redact *redact)
{
	return redact && redact->count ? strlen(redact->values[0]) : 0;
}
