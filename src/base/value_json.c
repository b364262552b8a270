/*
 * Values as JSON in one line: what jansson writes with JSON_COMPACT, but for reals, which each have the fewest digits
 * that are read back as the same number.
 *
 * Ours because jansson looks for values that hold themselves: it notes each list and object that is open in a table, by
 * its address as printed text, and calls for each comma. For an event that was 37,000 instructions, of which a run of
 * short actions had a quarter. Invariant: no value of ours holds itself, and none is deeper than JSON that is read or
 * an expression's value may be, so that writing it ends.
 */
#include "fsops/value.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"

#define NUMBER_MAX 64 /* characters of a number */

struct writer {
	struct buf *out; /* NULL: it is only counted */
	size_t len;
};

static void put(struct writer *writer, const char *data, size_t len)
{
	writer->len += len;
	if (writer->out)
		buf_add(writer->out, data, len);
}

static void put_word(struct writer *writer, const char *word)
{
	put(writer, word, strlen(word));
}

static void put_escape(struct writer *writer, unsigned char c)
{
	static const char letters[] = {['"'] = '"',
	    ['\\'] = '\\',
	    ['\b'] = 'b',
	    ['\f'] = 'f',
	    ['\n'] = 'n',
	    ['\r'] = 'r',
	    ['\t'] = 't'};
	char text[8];

	if (letters[c])
		snprintf(text, sizeof(text), "\\%c", letters[c]);
	else
		snprintf(text, sizeof(text), "\\u%04X", (unsigned)c);
	put_word(writer, text);
}

static bool is_plain(unsigned char c)
{
	return c >= ' ' && c != '"' && c != '\\';
}

static void put_text(struct writer *writer, const char *text, size_t len)
{
	put(writer, "\"", 1);
	for (size_t i = 0; i < len;) {
		size_t start = i;

		while (i < len && is_plain((unsigned char)text[i]))
			i++;
		put(writer, text + start, i - start);
		if (i < len)
			put_escape(writer, (unsigned char)text[i++]);
	}
	put(writer, "\"", 1);
}

static void put_integer(struct writer *writer, json_int_t number)
{
	char text[NUMBER_MAX];
	int len = snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT, number);

	put(writer, text, (size_t)len);
}

/* Seconds are whole thousandths, and printf() takes its time with reals: those are written as what they are. */
static bool put_thousandths(struct writer *writer, double real)
{
	char text[NUMBER_MAX];
	long long count = fabs(real) < 1e9 ? llround(real * 1000) : 0;
	int len;

	if (count <= 0 || (double)count / 1000 != real)
		return false;
	len = snprintf(text, sizeof(text), "%lld.%03d", count / 1000, (int)(count % 1000));
	while (text[len - 1] == '0' && text[len - 2] != '.')
		len--;
	put(writer, text, (size_t)len);
	return true;
}

static void put_real(struct writer *writer, const json_t *value)
{
	char text[NUMBER_MAX];
	size_t len;

	if (put_thousandths(writer, json_real_value(value)))
		return;
	len = json_dumpb(
	    value, text, sizeof(text), JSON_ENCODE_ANY | JSON_REAL_PRECISION(value_digits(value)));

	put(writer, text, len);
}

static void put_value(struct writer *writer, const json_t *value);

static void put_list(struct writer *writer, const json_t *list)
{
	size_t i;
	json_t *item;

	put(writer, "[", 1);
	json_array_foreach(list, i, item) {
		if (i)
			put(writer, ",", 1);
		put_value(writer, item);
	}
	put(writer, "]", 1);
}

static void put_object(struct writer *writer, const json_t *object)
{
	const char *before = "{";
	const char *key;
	json_t *member;

	json_object_foreach((json_t *)object, key, member) {
		put(writer, before, 1);
		put_text(writer, key, strlen(key));
		put(writer, ":", 1);
		put_value(writer, member);
		before = ",";
	}
	put_word(writer, *before == '{' ? "{}" : "}");
}

static void put_value(struct writer *writer, const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		put_object(writer, value);
		return;
	case JSON_ARRAY:
		put_list(writer, value);
		return;
	case JSON_STRING:
		put_text(writer, json_string_value(value), json_string_length(value));
		return;
	case JSON_INTEGER:
		put_integer(writer, json_integer_value(value));
		return;
	case JSON_REAL:
		put_real(writer, value);
		return;
	case JSON_TRUE:
		put_word(writer, "true");
		return;
	case JSON_FALSE:
		put_word(writer, "false");
		return;
	case JSON_NULL:
		put_word(writer, "null");
		return;
	}
}

int value_write(const json_t *value, struct buf *out)
{
	struct writer writer = {.out = out};

	put_value(&writer, value);
	return out->full ? -1 : 0;
}

size_t value_size(const json_t *value)
{
	struct writer writer = {0};

	if (value)
		put_value(&writer, value);
	return writer.len;
}

char *value_to_json(const json_t *value)
{
	struct buf text;

	if (!value)
		return NULL;
	buf_init(&text, SIZE_MAX / 2);
	value_write(value, &text);
	return buf_detach(&text);
}
