/* JSON as Go's encoding/json writes it for kubectl: sorted keys, four blanks, HTML's signs escaped. Invariant:
 * what is written says the same as what was read, but for numbers that Go rounds. */
#include "fsops/kube_print.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"

/* Where in an object of Kubernetes something is. */
enum place { PLACE_OBJECT, PLACE_METADATA, PLACE_OTHER };

struct printer {
	const struct kube_doc *doc;
	const struct kube_object_style *style;
	struct buf *out;
	struct kube_members members;
	bool listed; /* it is an item of a list */
	int result;
};

/* ---- numbers ---- */

/* The fewest digits that are read back as VALUE, as in "1.5e+10". */
static void shortest(double value, char *text, size_t size)
{
	for (int digits = 0; digits < 17; digits++) {
		snprintf(text, size, "%.*e", digits, value);
		if (strtod(text, NULL) == value)
			return;
	}
}

/* What Go's strconv makes of VALUE with 'f' and -1. */
static void add_plain(const char *digits, size_t count, int point, struct buf *out)
{
	int at = 0;

	if (point <= 0)
		buf_addc(out, '0');
	for (; at < point; at++)
		buf_addc(out, (size_t)at < count ? digits[at] : '0');
	if ((size_t)(point > 0 ? point : 0) >= count)
		return;
	buf_addc(out, '.');
	for (int zero = point; zero < 0; zero++)
		buf_addc(out, '0');
	buf_add(out, digits + at, count - (size_t)at);
}

/* … with 'e' and -1; encoding/json leaves out the zero of "e-09". */
static void add_exponent(const char *digits, size_t count, int exponent, bool json, struct buf *out)
{
	buf_addc(out, digits[0]);
	if (count > 1) {
		buf_addc(out, '.');
		buf_add(out, digits + 1, count - 1);
	}
	if (json && exponent < 0 && exponent > -10)
		buf_addf(out, "e-%d", -exponent);
	else
		buf_addf(out, "e%c%02d", exponent < 0 ? '-' : '+', abs(exponent));
}

static void add_double(double value, bool json, struct buf *out)
{
	char text[40];
	char digits[20];
	size_t count = 0;
	int exponent;

	shortest(fabs(value), text, sizeof(text));
	for (const char *at = text; *at && *at != 'e'; at++)
		if (*at != '.' && count < sizeof(digits))
			digits[count++] = *at;
	while (count > 1 && digits[count - 1] == '0')
		count--;
	exponent = (int)strtol(strchr(text, 'e') + 1, NULL, 10);
	if (signbit(value))
		buf_addc(out, '-');
	if (value != 0 && (exponent < (json ? -6 : -4) || exponent >= (json ? 21 : 6)))
		add_exponent(digits, count, exponent, json, out);
	else
		add_plain(digits, count, exponent + 1, out);
}

int kube_print_number(
    const struct kube_doc *doc, const struct kube_node *number, bool json, struct buf *out)
{
	char *text;
	int64_t whole;
	double value;

	if (kube_doc_integer(doc, number, &whole))
		return whole ? buf_add(out, doc->text + number->at, number->len)
		             : buf_addc(out, '0');
	text = mem_textn(doc->text + number->at, number->len);
	value = strtod(text, NULL);
	free(text);
	if (isinf(value))
		return -1;
	add_double(value, json, out);
	return 0;
}

/* ---- texts ---- */

static const char *short_escape(unsigned char c)
{
	static const struct {
		unsigned char c;
		const char *escape;
	} known[] = {{'"', "\\\""}, {'\\', "\\\\"}, {'\n', "\\n"}, {'\r', "\\r"}, {'\t', "\\t"},
	    {'\b', "\\b"}, {'\f', "\\f"}};

	for (size_t i = 0; i < COUNT_OF(known); i++)
		if (known[i].c == c)
			return known[i].escape;
	return NULL;
}

/* What is at AT, which is escaped, and how long it is. */
static void add_escape(const char *at, size_t *len, struct buf *out)
{
	static const char hex[] = "0123456789abcdef";
	unsigned char c = (unsigned char)*at;
	const char *known = short_escape(c);
	char code[] = "\\u0000";

	*len = 1;
	if (known) {
		buf_add(out, known, 2);
		return;
	}
	if (c < 0x80) {
		code[4] = hex[c >> 4];
		code[5] = hex[c & 0xF];
	} else {
		*len = 3;
		code[2] = '2';
		code[4] = '2';
		code[5] = at[2] == (char)0xA8 ? '8' : '9';
	}
	buf_add(out, code, 6);
}

/* May what begins with C be escaped? */
static bool may_be_special(unsigned char c)
{
	return c < 0x20 || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' || c == 0xE2;
}

/* Of those that begin with 0xE2, only U+2028 and U+2029. */
static bool is_escaped(const char *at, const char *end)
{
	if (!may_be_special((unsigned char)*at))
		return false;
	return *at != (char)0xE2 || (end - at >= 3 && at[1] == (char)0x80 &&
	                                (at[2] == (char)0xA8 || at[2] == (char)0xA9));
}

static void add_text(const char *text, size_t len, struct buf *out)
{
	const char *end = text + len;
	const char *begun = text;

	buf_addc(out, '"');
	while (text < end) {
		if (!is_escaped(text, end)) {
			text++;
			continue;
		}
		buf_add(out, begun, (size_t)(text - begun));
		add_escape(text, &len, out);
		text += len;
		begun = text;
	}
	buf_add(out, begun, (size_t)(text - begun));
	buf_addc(out, '"');
}

/* ---- all ---- */

#define INDENT 4

/* A comma for what goes before, and what a line begins with. */
static char *put_line(char *to, bool comma, int depth)
{
	*to = ',';
	to += comma;
	*to++ = '\n';
	memset(to, ' ', (size_t)depth * INDENT);
	return to + (size_t)depth * INDENT;
}

static void add_line(struct buf *out, bool comma, int depth)
{
	char *to = buf_room(out, (size_t)depth * INDENT + 2);

	if (to)
		buf_wrote(out, put_line(to, comma, depth));
}

static char *put_string(char *to, const char *text, size_t len)
{
	*to++ = '"';
	memcpy(to, text, len);
	to[len] = '"';
	return to + len + 1;
}

/* The line of a member, up to its value. */
static void add_key(struct buf *out, bool comma, int depth, const struct kube_member *member)
{
	char *to;

	if (!member->plain) {
		add_line(out, comma, depth);
		add_text(member->key, member->len, out);
		buf_add(out, ": ", 2);
		return;
	}
	to = buf_room(out, (size_t)depth * INDENT + member->len + 6);
	if (!to)
		return;
	to = put_string(put_line(to, comma, depth), member->key, member->len);
	*to++ = ':';
	*to++ = ' ';
	buf_wrote(out, to);
}

static void add_string(const struct kube_doc *doc, const struct kube_node *node, struct buf *out)
{
	char *to;

	if (!node->plain) {
		add_text(doc->text + node->at, node->len, out);
		return;
	}
	to = buf_room(out, node->len + 2);
	if (to)
		buf_wrote(out, put_string(to, doc->text + node->at, node->len));
}

static void add_value(
    struct printer *printer, const struct kube_node *node, int depth, enum place place);

static void add_list(struct printer *printer, const struct kube_node *list, int depth)
{
	bool first = true;

	buf_addc(printer->out, '[');
	KUBE_DOC_EACH(printer->doc, list, item)
	{
		add_line(printer->out, !first, depth + 1);
		first = false;
		add_value(printer, item, depth + 1, PLACE_OTHER);
	}
	if (!first)
		add_line(printer->out, false, depth);
	buf_addc(printer->out, ']');
}

static bool is_key(const struct kube_member *member, const char *name)
{
	return member->len == strlen(name) && memcmp(member->key, name, member->len) == 0;
}

static bool is_left_out(
    const struct printer *printer, const struct kube_member *member, enum place place)
{
	return place == PLACE_METADATA && !printer->style->managed_fields &&
	       is_key(member, "managedFields");
}

/* To the end of what other objects around it have put there. */
static size_t put_members(struct printer *printer, const struct kube_node *object, enum place place)
{
	const struct kube_object_style *style = printer->style;
	size_t count = kube_doc_members(printer->doc, object, &printer->members);

	if (place != PLACE_OBJECT || !style->typed || kube_has_kind(printer->doc, object))
		return count;
	count += kube_members_put(&printer->members, count, "apiVersion", &style->version);
	return count + kube_members_put(&printer->members, count, "kind", &style->kind);
}

static void add_object(
    struct printer *printer, const struct kube_node *object, int depth, enum place place)
{
	size_t begin = printer->members.count;
	size_t end = begin + put_members(printer, object, place);
	bool first = true;

	buf_addc(printer->out, '{');
	for (size_t i = begin; i < end; i++) {
		struct kube_member member = printer->members.list[i]; /* the list may move */
		bool metadata = place == PLACE_OBJECT && is_key(&member, "metadata");

		if (is_left_out(printer, &member, place))
			continue;
		add_key(printer->out, !first, depth + 1, &member);
		first = false;
		add_value(
		    printer, member.value, depth + 1, metadata ? PLACE_METADATA : PLACE_OTHER);
	}
	if (!first)
		add_line(printer->out, false, depth);
	buf_addc(printer->out, '}');
	printer->members.count = begin;
}

/* "-0.0", "-0e5" */
static bool is_minus_zero(const struct kube_doc *doc, const struct kube_node *number)
{
	const char *text = doc->text + number->at;
	size_t len = number->len;
	size_t at = 1;

	if (text[0] != '-')
		return false;
	while (at < len && (text[at] == '0' || text[at] == '.'))
		at++;
	return at == len || text[at] == 'e' || text[at] == 'E';
}

/* What goes into a list kubectl has written and read once more: there it is no float any more. */
static void add_number(struct printer *printer, const struct kube_node *number)
{
	if (printer->listed && is_minus_zero(printer->doc, number))
		buf_addc(printer->out, '0');
	else if (kube_print_number(printer->doc, number, true, printer->out) < 0)
		printer->result = -1;
}

static void add_value(
    struct printer *printer, const struct kube_node *node, int depth, enum place place)
{
	switch (node->type) {
	case KUBE_NULL:
		buf_add(printer->out, "null", 4);
		break;
	case KUBE_FALSE:
		buf_add(printer->out, "false", 5);
		break;
	case KUBE_TRUE:
		buf_add(printer->out, "true", 4);
		break;
	case KUBE_NUMBER:
		add_number(printer, node);
		break;
	case KUBE_TEXT:
		add_string(printer->doc, node, printer->out);
		break;
	case KUBE_LIST:
		add_list(printer, node, depth);
		break;
	case KUBE_OBJECT:
		add_object(printer, node, depth, place);
		break;
	}
}

/* ---- without blanks ---- */

static void add_compact(struct printer *printer, const struct kube_node *node, enum place place);

static void add_compact_list(struct printer *printer, const struct kube_node *list)
{
	bool first = true;

	buf_addc(printer->out, '[');
	KUBE_DOC_EACH(printer->doc, list, item)
	{
		if (!first)
			buf_addc(printer->out, ',');
		first = false;
		add_compact(printer, item, PLACE_OTHER);
	}
	buf_addc(printer->out, ']');
}

static void add_compact_object(
    struct printer *printer, const struct kube_node *object, enum place place)
{
	size_t begin = printer->members.count;
	size_t end = begin + put_members(printer, object, place);

	buf_addc(printer->out, '{');
	for (size_t i = begin; i < end; i++) {
		struct kube_member member = printer->members.list[i]; /* the list may move */

		if (i > begin)
			buf_addc(printer->out, ',');
		add_text(member.key, member.len, printer->out);
		buf_addc(printer->out, ':');
		add_compact(printer, member.value, PLACE_OTHER);
	}
	buf_addc(printer->out, '}');
	printer->members.count = begin;
}

static void add_compact(struct printer *printer, const struct kube_node *node, enum place place)
{
	if (node->type == KUBE_LIST)
		add_compact_list(printer, node);
	else if (node->type == KUBE_OBJECT)
		add_compact_object(printer, node, place);
	else
		add_value(printer, node, 0, place);
}

static const struct kube_object_style no_style;

int kube_print_compact(const struct kube_doc *doc, const struct kube_node *node, struct buf *out)
{
	struct printer printer = {.doc = doc, .style = &no_style, .out = out};

	add_compact(&printer, node, PLACE_OTHER);
	free(printer.members.list);
	return printer.result;
}

int kube_print_copy(const struct kube_doc *doc, const struct kube_node *object,
    const struct kube_object_style *style, struct buf *out)
{
	struct printer printer = {.doc = doc, .style = style, .out = out, .listed = true};

	add_compact(&printer, object, PLACE_OBJECT);
	free(printer.members.list);
	return printer.result;
}

/* ---- all ---- */

int kube_print_json(const struct kube_doc *doc, const struct kube_node *object, int depth,
    const struct kube_object_style *style, struct buf *out)
{
	struct printer printer = {.doc = doc, .style = style, .out = out, .listed = depth > 0};

	add_value(&printer, object, depth, PLACE_OBJECT);
	free(printer.members.list);
	return printer.result;
}

void kube_print_list_begin(struct buf *out)
{
	buf_adds(out, "{\n    \"apiVersion\": \"v1\",\n    \"items\": [");
}

void kube_print_list_each(size_t before, struct buf *out)
{
	add_line(out, before, 2);
}

void kube_print_list_end(size_t count, struct buf *out)
{
	if (count)
		add_line(out, false, 1);
	buf_adds(out, "],\n    \"kind\": \"List\",\n    \"metadata\": {\n"
	              "        \"resourceVersion\": \"\"\n    }\n}\n");
}
