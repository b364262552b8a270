/* A JSON value as YAML. Invariant: a text is written plain only where no reader of YAML takes it for
 * anything else; else as a JSON string, which YAML reads as what it is, or as a block of lines. */
#include "yaml.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fsops/mem.h"

#define STEP     2
#define FLOW_MAX 80 /* characters of a list on one line */

/* A letter or "/" first: no number, date or sign of YAML's own. */
static bool plain(const char *text)
{
	static const char *const taken[] = {
	    "true", "false", "yes", "no", "on", "off", "y", "n", "null"};
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	static const char others[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-";

	for (size_t i = 0; i < COUNT_OF(taken); i++)
		if (strcasecmp(text, taken[i]) == 0)
			return false;
	return *text && (*text == '/' || strchr(letters, *text)) && !text[strspn(text, others)];
}

/* What JSON leaves as it is, and YAML reads as a line break, passes over or refuses: how many bytes at AT are
 * such a character. */
static size_t odd_character(const char *at, unsigned *code)
{
	static const struct {
		const char *bytes;
		unsigned code;
	} odd[] = {{"\x7f", 0x7F}, {"\xe2\x80\xa8", 0x2028}, {"\xe2\x80\xa9", 0x2029},
	    {"\xef\xbb\xbf", 0xFEFF}};

	for (size_t i = 0; i < COUNT_OF(odd); i++) {
		*code = odd[i].code;
		if (strncmp(at, odd[i].bytes, strlen(odd[i].bytes)) == 0)
			return strlen(odd[i].bytes);
	}
	*code = (unsigned char)at[1];
	return (unsigned char)at[0] == 0xC2 && *code < 0xA0 ? 2 : 0; /* the C1 controls */
}

static void add_quoted(struct buf *out, const char *dump)
{
	while (*dump) {
		unsigned code;
		size_t len = odd_character(dump, &code);

		if (len)
			buf_addf(out, "\\u%04x", code);
		else
			buf_addc(out, *dump);
		dump += len ? len : 1;
	}
}

void yaml_add_text(struct buf *out, const char *text)
{
	json_t *value;
	char *dump;

	if (plain(text)) {
		buf_adds(out, text);
		return;
	}
	value = json_string(text);
	dump = json_dumps(value, JSON_ENCODE_ANY);
	add_quoted(out, dump ? dump : "\"\"");
	free(dump);
	json_decref(value);
}

/* Lines that a block holds as they are: nothing in them has to be escaped, the first does not begin
 * with a blank, and there is one newline at the end. */
static bool fits_block(const char *text)
{
	size_t len = strlen(text);
	unsigned code;

	if (len < 2 || text[len - 1] != '\n' || text[len - 2] == '\n' || strchr(" \t\n", *text))
		return false;
	for (const char *at = text; *at; at++)
		if (((unsigned char)*at < ' ' && *at != '\n' && *at != '\t') ||
		    odd_character(at, &code))
			return false;
	return true;
}

static void add_blanks(struct buf *out, int count)
{
	buf_addf(out, "%*s", count, "");
}

static void add_block(struct buf *out, const char *text, int indent)
{
	buf_adds(out, "|\n");
	while (*text) {
		size_t len = strcspn(text, "\n");

		if (len)
			add_blanks(out, indent);
		buf_add(out, text, len + 1);
		text += len + 1;
	}
}

/* Only words, and few of them: [get, list] */
static bool fits_line(const json_t *value)
{
	size_t len = 0;
	size_t i;
	json_t *item;

	json_array_foreach(value, i, item) {
		if (!json_is_string(item) || fits_block(json_string_value(item)))
			return false;
		len += json_string_length(item) + 4;
	}
	return json_is_array(value) && len < FLOW_MAX;
}

static void add_line(struct buf *out, const json_t *value)
{
	const char *before = "[";
	size_t i;
	json_t *item;

	json_array_foreach(value, i, item) {
		buf_adds(out, before);
		yaml_add_text(out, json_string_value(item));
		before = ", ";
	}
	buf_adds(out, "]");
}

static void add_scalar(struct buf *out, const json_t *value, int indent)
{
	char *dump;

	if (json_is_string(value) && fits_block(json_string_value(value))) {
		add_block(out, json_string_value(value), indent);
		return;
	}
	if (json_is_string(value)) {
		yaml_add_text(out, json_string_value(value));
	} else if (json_array_size(value)) {
		add_line(out, value);
	} else {
		dump = json_dumps(value, JSON_ENCODE_ANY); /* a number, true, null, {}, [] */
		buf_adds(out, dump);
		free(dump);
	}
	buf_addc(out, '\n');
}

/* Is it written on lines of its own? */
static bool has_lines(const json_t *value)
{
	return json_object_size(value) > 0 || (json_array_size(value) > 0 && !fits_line(value));
}

/* After "- " the first line of a map or list goes on; FIRST says so. */
static void add_value(struct buf *out, const json_t *value, int indent, bool first)
{
	const char *key;
	size_t i;
	json_t *item;

	json_object_foreach((json_t *)value, key, item) {
		if (!first)
			add_blanks(out, indent);
		first = false;
		yaml_add_text(out, key);
		buf_adds(out, has_lines(item) ? ":\n" : ": ");
		if (has_lines(item))
			add_value(out, item, indent + STEP, false);
		else
			add_scalar(out, item, indent + STEP);
	}
	json_array_foreach(value, i, item) {
		if (!first)
			add_blanks(out, indent);
		first = false;
		buf_adds(out, "- ");
		if (has_lines(item))
			add_value(out, item, indent + STEP, true);
		else
			add_scalar(out, item, indent + STEP);
	}
}

void yaml_add(struct buf *out, const json_t *value, int indent)
{
	add_value(out, value, indent, false);
}
