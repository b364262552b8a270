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

	if (kube_doc_integer(doc, number, &whole)) {
		buf_addf(out, "%lld", (long long)whole);
		return 0;
	}
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

static void add_escape(const char *at, size_t *len, struct buf *out)
{
	unsigned char c = (unsigned char)*at;
	const char *known = short_escape(c);

	*len = 1;
	if (known)
		buf_adds(out, known);
	else if (c < 0x80)
		buf_addf(out, "\\u%04x", c);
	else {
		*len = 3;
		buf_addf(out, "\\u202%c", at[2] == (char)0xA8 ? '8' : '9');
	}
}

/* 1: is escaped; 2: may begin U+2028 or U+2029. */
static const unsigned char special[256] = {[0] = 1,
    [1] = 1,
    [2] = 1,
    [3] = 1,
    [4] = 1,
    [5] = 1,
    [6] = 1,
    [7] = 1,
    [8] = 1,
    [9] = 1,
    [10] = 1,
    [11] = 1,
    [12] = 1,
    [13] = 1,
    [14] = 1,
    [15] = 1,
    [16] = 1,
    [17] = 1,
    [18] = 1,
    [19] = 1,
    [20] = 1,
    [21] = 1,
    [22] = 1,
    [23] = 1,
    [24] = 1,
    [25] = 1,
    [26] = 1,
    [27] = 1,
    [28] = 1,
    [29] = 1,
    [30] = 1,
    [31] = 1,
    ['"'] = 1,
    ['\\'] = 1,
    ['<'] = 1,
    ['>'] = 1,
    ['&'] = 1,
    [0xE2] = 2};

static bool is_escaped(const char *at, const char *end)
{
	unsigned char kind = special[(unsigned char)*at];

	return kind == 1 || (kind == 2 && end - at >= 3 && at[1] == (char)0x80 &&
	                        (at[2] == (char)0xA8 || at[2] == (char)0xA9));
}

static void add_text(const char *text, size_t len, struct buf *out)
{
	const char *end = text + len;
	const char *plain = text;

	buf_addc(out, '"');
	while (text < end) {
		if (!special[(unsigned char)*text] || !is_escaped(text, end)) {
			text++;
			continue;
		}
		buf_add(out, plain, (size_t)(text - plain));
		add_escape(text, &len, out);
		text += len;
		plain = text;
	}
	buf_add(out, plain, (size_t)(text - plain));
	buf_addc(out, '"');
}

/* ---- all ---- */

static void add_line(struct buf *out, int depth)
{
	static const char blanks[] =
	    "\n                                                                ";
	size_t want = (size_t)depth * 4;

	buf_add(out, blanks, 1 + (want < 64 ? want : 64));
	for (; want > 64; want -= want > 128 ? 64 : want - 64)
		buf_add(out, blanks + 1, want > 128 ? 64 : want - 64);
}

static void add_value(
    struct printer *printer, const struct kube_node *node, int depth, enum place place);

static void add_list(struct printer *printer, const struct kube_node *list, int depth)
{
	bool first = true;

	buf_addc(printer->out, '[');
	KUBE_DOC_EACH(printer->doc, list, item)
	{
		if (!first)
			buf_addc(printer->out, ',');
		first = false;
		add_line(printer->out, depth + 1);
		add_value(printer, item, depth + 1, PLACE_OTHER);
	}
	if (!first)
		add_line(printer->out, depth);
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

static bool goes_before(const struct kube_member *a, const struct kube_member *b)
{
	int order = memcmp(a->key, b->key, a->len < b->len ? a->len : b->len);

	return order < 0 || (order == 0 && a->len < b->len);
}

/* MEMBER among LIST, which is sorted and has room for it, instead of what has its key; the new count. */
static size_t set_member(struct kube_member *list, size_t count, struct kube_member member)
{
	size_t at = 0;

	while (at < count && goes_before(&list[at], &member))
		at++;
	if (at == count || !is_key(&list[at], member.key)) {
		memmove(&list[at + 1], &list[at], (count - at) * sizeof(*list));
		count++;
	}
	list[at] = member;
	return count;
}

/* The members of an object, a kind and a version among them. */
static struct kube_member *typed_members(
    const struct printer *printer, const struct kube_node *object, size_t *count)
{
	const struct kube_object_style *style = printer->style;
	struct kube_member *members = kube_doc_members(printer->doc, object, count);

	if (!style->typed || kube_has_kind(printer->doc, object))
		return members;
	members = mem_grow(members, *count + 2, sizeof(*members));
	*count =
	    set_member(members, *count, (struct kube_member){"apiVersion", 10, &style->version});
	*count = set_member(members, *count, (struct kube_member){"kind", 4, &style->kind});
	return members;
}

static void add_object(
    struct printer *printer, const struct kube_node *object, int depth, enum place place)
{
	size_t count;
	struct kube_member *members = place == PLACE_OBJECT
	                                  ? typed_members(printer, object, &count)
	                                  : kube_doc_members(printer->doc, object, &count);
	bool first = true;

	buf_addc(printer->out, '{');
	for (size_t i = 0; i < count; i++) {
		bool metadata = place == PLACE_OBJECT && is_key(&members[i], "metadata");

		if (is_left_out(printer, &members[i], place))
			continue;
		if (!first)
			buf_addc(printer->out, ',');
		first = false;
		add_line(printer->out, depth + 1);
		add_text(members[i].key, members[i].len, printer->out);
		buf_add(printer->out, ": ", 2);
		add_value(
		    printer, members[i].value, depth + 1, metadata ? PLACE_METADATA : PLACE_OTHER);
	}
	if (!first)
		add_line(printer->out, depth);
	buf_addc(printer->out, '}');
	free(members);
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
		if (kube_print_number(printer->doc, node, true, printer->out) < 0)
			printer->result = -1;
		break;
	case KUBE_TEXT:
		add_text(printer->doc->text + node->at, node->len, printer->out);
		break;
	case KUBE_LIST:
		add_list(printer, node, depth);
		break;
	case KUBE_OBJECT:
		add_object(printer, node, depth, place);
		break;
	}
}

int kube_print_json(const struct kube_doc *doc, const struct kube_node *object, int depth,
    const struct kube_object_style *style, struct buf *out)
{
	struct printer printer = {.doc = doc, .style = style, .out = out};

	add_value(&printer, object, depth, PLACE_OBJECT);
	return printer.result;
}

void kube_print_list_begin(struct buf *out)
{
	buf_adds(out, "{\n    \"apiVersion\": \"v1\",\n    \"items\": [");
}

void kube_print_list_each(size_t before, struct buf *out)
{
	if (before)
		buf_addc(out, ',');
	add_line(out, 2);
}

void kube_print_list_end(size_t count, struct buf *out)
{
	if (count)
		add_line(out, 1);
	buf_adds(out, "],\n    \"kind\": \"List\",\n    \"metadata\": {\n"
	              "        \"resourceVersion\": \"\"\n    }\n}\n");
}
