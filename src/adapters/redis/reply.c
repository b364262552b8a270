/*
 * Redis replies: as JSON for expressions, as redis-cli prints them for people, and INFO's text as a map.
 *
 * Invariant: a reply is data; its size and depth were limited while it was read (run.c,
 * and hiredis' own limit of 9 levels), so recursion here ends.
 */
#include "redis.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/value.h"

json_t *redis_reply_value(const redisReply *reply)
{
	json_t *list;

	switch (reply->type) {
	case REDIS_REPLY_INTEGER:
		return json_integer(reply->integer);
	case REDIS_REPLY_NIL:
		return json_null();
	case REDIS_REPLY_ARRAY:
		list = json_array();
		for (size_t i = 0; i < reply->elements; i++)
			json_array_append_new(list, redis_reply_value(reply->element[i]));
		return list;
	default: /* a string, a status, an error inside an array */
		return value_text(reply->str, reply->len);
	}
}

/* --- for people --- */

static const struct {
	char c;
	const char *text;
} escapes[] = {
    {'\n', "\\n"},
    {'\r', "\\r"},
    {'\t', "\\t"},
    {'\a', "\\a"},
    {'\b', "\\b"},
    {'"', "\\\""},
    {'\\', "\\\\"},
};

static const char *escape_of(char c)
{
	for (size_t i = 0; i < COUNT_OF(escapes); i++)
		if (escapes[i].c == c)
			return escapes[i].text;
	return NULL;
}

static void print_byte(char byte, struct buf *out)
{
	unsigned char c = (unsigned char)byte;
	const char *escape = escape_of(byte);

	if (escape)
		buf_adds(out, escape);
	else if (c < 0x20 || c == 0x7f)
		buf_addf(out, "\\x%02x", c);
	else
		buf_addc(out, byte);
}

/* "text", with what cannot be printed escaped: a reply must not talk to the terminal. */
static void print_quoted(const char *text, size_t len, struct buf *out)
{
	buf_addc(out, '"');
	for (size_t i = 0; i < len; i++)
		print_byte(text[i], out);
	buf_addc(out, '"');
}

/* A status or an error as it is: only what cannot be printed is escaped. */
static void print_bare(const char *text, size_t len, struct buf *out)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] == '"' || text[i] == '\\')
			buf_addc(out, text[i]);
		else
			print_byte(text[i], out);
}

static void print_item(const redisReply *reply, int indent, struct buf *out);

static void print_array(const redisReply *reply, int indent, struct buf *out)
{
	int width = 1;

	if (!reply->elements)
		buf_adds(out, "(empty array)\n");
	for (size_t n = reply->elements; n >= 10; n /= 10)
		width++;
	for (size_t i = 0; i < reply->elements; i++) {
		buf_addf(out, "%*s%*zu) ", i ? indent : 0, "", width, i + 1);
		print_item(reply->element[i], indent + width + 2, out);
	}
}

static void print_item(const redisReply *reply, int indent, struct buf *out)
{
	switch (reply->type) {
	case REDIS_REPLY_ARRAY:
		print_array(reply, indent, out);
		return;
	case REDIS_REPLY_INTEGER:
		buf_addf(out, "(integer) %lld\n", reply->integer);
		return;
	case REDIS_REPLY_NIL:
		buf_adds(out, "(nil)\n");
		return;
	case REDIS_REPLY_STRING:
		print_quoted(reply->str, reply->len, out);
		break;
	default:
		buf_adds(out, reply->type == REDIS_REPLY_ERROR ? "(error) " : "");
		print_bare(reply->str, reply->len, out);
	}
	buf_addc(out, '\n');
}

void redis_reply_print(const redisReply *reply, struct buf *out)
{
	if (reply->type != REDIS_REPLY_STRING) {
		print_item(reply, 0, out);
		return;
	}
	/* A single text as it is, so that INFO can be read and `save` keeps a value's own bytes. */
	buf_add(out, reply->str, reply->len);
	if (!reply->len || reply->str[reply->len - 1] != '\n')
		buf_addc(out, '\n');
}

/* --- INFO --- */

/* A number where the whole text is one (INFO has "1.5" but also "7.0.15" and hexadecimal ids). */
static json_t *info_scalar(const char *text, size_t len)
{
	char *copy = mem_textn(text, len);
	size_t digits = strspn(copy, "0123456789");
	char *end;
	json_t *value = NULL;

	errno = 0;
	if (copy[0] == '-')
		digits = 1 + strspn(copy + 1, "0123456789");
	if (len && digits == len && len < 19 && strcmp(copy, "-") != 0)
		value = json_integer(strtoll(copy, &end, 10));
	else if (len > 2 && copy[digits] == '.' && digits &&
	         strspn(copy + digits + 1, "0123456789") == len - digits - 1)
		value = json_real(strtod(copy, &end));
	free(copy);
	return value ? value : value_text(text, len);
}

/* "keys=1,expires=0": every part between commas must be a pair, or it is a text. */
static bool is_pairs(const char *text, size_t len)
{
	bool equals = false;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == ',' && !equals)
			return false;
		equals = text[i] == '=' || (equals && text[i] != ',');
	}
	return equals;
}

static json_t *info_pairs(const char *text, size_t len)
{
	const char *end = text + len;
	json_t *map = json_object();

	while (text < end) {
		size_t part = (size_t)(end - text);
		const char *comma = memchr(text, ',', part);
		const char *equals;

		if (comma)
			part = (size_t)(comma - text);
		equals = memchr(text, '=', part);
		if (equals && equals > text)
			json_object_setn_new(map, text, (size_t)(equals - text),
			    info_scalar(equals + 1, part - (size_t)(equals - text) - 1));
		text += part + 1;
	}
	return map;
}

/* A key that comes again (`module`, once for each module) makes a list of all its values. */
static void info_add(json_t *map, const char *name, size_t len, json_t *value)
{
	json_t *old = json_object_getn(map, name, len);

	if (json_is_array(old)) {
		json_array_append_new(old, value);
		return;
	}
	if (old)
		value = json_pack("[O, o]", old, value);
	json_object_setn_new(map, name, len, value);
}

json_t *redis_info(const char *text)
{
	json_t *map = json_object();

	while (*text) {
		size_t len = strcspn(text, "\r\n");
		const char *colon = memchr(text, ':', len);

		if (colon && text[0] != '#' && colon > text) {
			const char *value = colon + 1;
			size_t left = len - (size_t)(value - text);

			info_add(map, text, (size_t)(colon - text),
			    is_pairs(value, left) ? info_pairs(value, left)
			                          : info_scalar(value, left));
		}
		text += len;
		text += strspn(text, "\r\n");
	}
	return map;
}
