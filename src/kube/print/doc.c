/* JSON read into one array. Invariant: a text in the array is UTF-8 without escapes, in the place where it was
 * written, since what an escape stands for is never longer than it. */
#include "fsops/kube_doc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"

struct reader {
	struct kube_doc *doc;
	char *at;
	char *end; /* there is a NUL */
	int depth;
};

static inline struct kube_node *add_node(struct reader *reader, enum kube_type_of type)
{
	struct kube_doc *doc = reader->doc;
	struct kube_node *node;

	if (doc->count == doc->room) {
		doc->room = doc->room ? doc->room * 2 : 256;
		doc->nodes = mem_grow(doc->nodes, doc->room, sizeof(*doc->nodes));
	}
	node = &doc->nodes[doc->count++];
	*node = (struct kube_node){
	    .at = (uint32_t)(reader->at - doc->text), .type = type, .next = (uint32_t)doc->count};
	return node;
}

static void skip_blanks(struct reader *reader)
{
	while (reader->at < reader->end && (*reader->at == ' ' || *reader->at == '\n' ||
	                                       *reader->at == '\r' || *reader->at == '\t'))
		reader->at++;
}

static inline bool take(struct reader *reader, char c)
{
	/* Mostly there are none before it, and behind the end there is a NUL. */
	if (*reader->at != c)
		skip_blanks(reader);
	if (reader->at == reader->end || *reader->at != c)
		return false;
	reader->at++;
	return true;
}

/* ---- texts ---- */

static int hex4(const char *at, const char *end)
{
	int value = 0;

	if (end - at < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		static const char digits[] = "0123456789abcdef0123456789ABCDEF";
		const char *digit = at[i] ? strchr(digits, at[i]) : NULL;

		if (!digit)
			return -1;
		value = value * 16 + (int)((digit - digits) % 16);
	}
	return value;
}

static char *put_utf8(char *to, unsigned point)
{
	static const struct {
		unsigned below;
		unsigned char first;
		int more;
	} sizes[] = {{0x80, 0, 0}, {0x800, 0xC0, 1}, {0x10000, 0xE0, 2}, {0x110000, 0xF0, 3}};
	size_t i = 0;

	while (point >= sizes[i].below)
		i++;
	*to++ = (char)(sizes[i].first | (point >> (6 * sizes[i].more)));
	for (int left = sizes[i].more - 1; left >= 0; left--)
		*to++ = (char)(0x80 | ((point >> (6 * left)) & 0x3F));
	return to;
}

/* FROM is behind "\u"; moves it. */
static char *put_unicode(char **from, const char *end, char *to)
{
	int first = hex4(*from, end);
	int second;

	if (first < 0)
		return NULL;
	*from += 4;
	if (first >= 0xD800 && first < 0xE000) {
		second =
		    first < 0xDC00 && end - *from >= 6 && (*from)[0] == '\\' && (*from)[1] == 'u'
		        ? hex4(*from + 2, end)
		        : -1;
		if (second < 0xDC00 || second >= 0xE000)
			return put_utf8(to, 0xFFFD);
		*from += 6;
		first = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
	}
	return put_utf8(to, (unsigned)first);
}

static char *put_escape(char **from, const char *end, char *to)
{
	static const char names[] = "\"\\/bfnrt";
	static const char values[] = "\"\\/\b\f\n\r\t";
	const char *found;

	if (*from == end)
		return NULL;
	if (**from == 'u') {
		(*from)++;
		return put_unicode(from, end, to);
	}
	found = **from ? strchr(names, **from) : NULL;
	if (!found)
		return NULL;
	(*from)++;
	*to = values[found - names];
	return to + 1;
}

/* The length of the UTF-8 character at AT; 0: it is none. */
static size_t utf8_len(const char *text, const char *end)
{
	const unsigned char *at = (const unsigned char *)text;
	size_t len = at[0] < 0x80 ? 1 : at[0] < 0xC2 ? 0 : at[0] < 0xE0 ? 2 : at[0] < 0xF0 ? 3 : 4;

	if (len == 0 || at[0] > 0xF4 || (size_t)(end - text) < len)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((at[i] & 0xC0) != 0x80)
			return 0;
	if ((at[0] == 0xE0 && at[1] < 0xA0) || (at[0] == 0xED && at[1] > 0x9F) ||
	    (at[0] == 0xF0 && at[1] < 0x90) || (at[0] == 0xF4 && at[1] > 0x8F))
		return 0;
	return len;
}

/* Printable ASCII that JSON writes as it is, Go's too, which escapes the signs of HTML. A NUL is none. */
// clang-format off
static const bool plain[256] = {
    [0x20] = 1, 1, 0, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    [0x30] = 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 0, 1,
    [0x40] = 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    [0x50] = 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1,
    [0x60] = 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    [0x70] = 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
};
// clang-format on

/* The at of READER is behind the first quote. */
static int read_text(struct reader *reader)
{
	struct kube_node *node = add_node(reader, KUBE_TEXT);
	char *from = reader->at;
	char *end = reader->end;
	char *to;

	/* Most stay where they are. */
	while (plain[(unsigned char)*from])
		from++;
	if (*from == '"') {
		node->plain = true;
		node->len = (uint32_t)(from - reader->at);
		reader->at = from + 1;
		return 0;
	}
	to = from;
	while (from < end && *from != '"') {
		size_t len;

		if (plain[(unsigned char)*from]) {
			*to++ = *from++;
			continue;
		}
		if ((unsigned char)*from < 0x20)
			return -1;
		if (*from == '\\') {
			from++;
			to = put_escape(&from, end, to);
			if (!to)
				return -1;
			continue;
		}
		len = utf8_len(from, end);
		if (len == 0)
			return -1;
		while (len--)
			*to++ = *from++;
	}
	if (from == end)
		return -1;
	node->len = (uint32_t)(to - reader->at);
	reader->at = from + 1;
	return 0;
}

/* ---- numbers and words ---- */

static size_t digits(const char *at, const char *end)
{
	size_t len = 0;

	while (at + len < end && at[len] >= '0' && at[len] <= '9')
		len++;
	return len;
}

static int read_number(struct reader *reader)
{
	const char *at = reader->at;
	const char *end = reader->end;
	struct kube_node *node = add_node(reader, KUBE_NUMBER);
	size_t whole, more;

	at += *at == '-';
	whole = digits(at, end);
	if (whole == 0 || (*at == '0' && whole > 1))
		return -1;
	at += whole;
	if (at < end && *at == '.') {
		more = digits(at + 1, end);
		if (more == 0)
			return -1;
		at += 1 + more;
	}
	if (at < end && (*at == 'e' || *at == 'E')) {
		at++;
		if (at < end && (*at == '+' || *at == '-'))
			at++;
		more = digits(at, end);
		if (more == 0)
			return -1;
		at += more;
	}
	node->len = (uint32_t)(at - reader->at);
	reader->at = reader->doc->text + node->at + node->len;
	return 0;
}

static int read_word(struct reader *reader)
{
	static const struct {
		const char *word;
		enum kube_type_of type;
	} words[] = {{"null", KUBE_NULL}, {"true", KUBE_TRUE}, {"false", KUBE_FALSE}};

	for (size_t i = 0; i < COUNT_OF(words); i++) {
		size_t len = strlen(words[i].word);

		if ((size_t)(reader->end - reader->at) >= len &&
		    memcmp(reader->at, words[i].word, len) == 0) {
			add_node(reader, words[i].type);
			reader->at += len;
			return 0;
		}
	}
	return read_number(reader);
}

/* ---- what holds others ---- */

static int read_value(struct reader *reader);

static int read_member(struct reader *reader)
{
	if (!take(reader, '"') || read_text(reader) < 0 || !take(reader, ':'))
		return -1;
	return read_value(reader);
}

static int read_several(struct reader *reader, enum kube_type_of type)
{
	char close = type == KUBE_LIST ? ']' : '}';
	size_t at = reader->doc->count;
	uint32_t count = 0;

	add_node(reader, type);
	if (++reader->depth > KUBE_DOC_DEPTH_MAX)
		return -1;
	if (!take(reader, close)) {
		do {
			if ((type == KUBE_LIST ? read_value(reader) : read_member(reader)) < 0)
				return -1;
			count++;
		} while (take(reader, ','));
		if (!take(reader, close))
			return -1;
	}
	reader->depth--;
	reader->doc->nodes[at].next = (uint32_t)reader->doc->count;
	reader->doc->nodes[at].count = count;
	return 0;
}

static int read_value(struct reader *reader)
{
	skip_blanks(reader);
	if (reader->at == reader->end)
		return -1;
	switch (*reader->at) {
	case '"':
		reader->at++;
		return read_text(reader);
	case '{':
		reader->at++;
		return read_several(reader, KUBE_OBJECT);
	case '[':
		reader->at++;
		return read_several(reader, KUBE_LIST);
	default:
		return read_word(reader);
	}
}

static int begin(
    struct reader *reader, struct kube_doc *doc, char *text, size_t len, struct err *err)
{
	*doc = (struct kube_doc){.text = text}; /* transferred */
	*reader = (struct reader){.doc = doc, .at = text, .end = text + len};
	return len < UINT32_MAX ? 0 : err_set(err, ERR_LIMIT, "the answer is over 4 GiB");
}

static int not_json(const struct reader *reader, struct err *err)
{
	return err_set(err, ERR_REMOTE, "the answer is not JSON, from byte %zu on",
	    (size_t)(reader->at - reader->doc->text));
}

static int check_end(struct reader *reader, struct err *err)
{
	skip_blanks(reader);
	if (reader->at == reader->end)
		return 0;
	return err_set(err, ERR_REMOTE, "the answer goes on behind its end, from byte %zu on",
	    (size_t)(reader->at - reader->doc->text));
}

int kube_doc_read(struct kube_doc *doc, char *text, size_t len, struct err *err)
{
	struct reader reader;

	if (begin(&reader, doc, text, len, err) < 0)
		return -1;
	return read_value(&reader) < 0 ? not_json(&reader, err) : check_end(&reader, err);
}

void kube_doc_release(struct kube_doc *doc)
{
	free(doc->text);
	free(doc->nodes);
	*doc = (struct kube_doc){0};
}

/* ---- a list, an item at a time ---- */

/* What of it was read. */
static void close_head(struct kube_doc *head)
{
	head->nodes[0].next = (uint32_t)head->count;
}

/* Members up to the end of the list, or to its items. 1: these begin. */
static int read_head(struct reader *reader, bool first)
{
	struct kube_doc *head = reader->doc;

	if (first && take(reader, '}'))
		return 0;
	while (first || take(reader, ',')) {
		size_t key = head->count;

		first = false;
		if (!take(reader, '"') || read_text(reader) < 0 || !take(reader, ':'))
			return -1;
		head->nodes[0].count++;
		if (kube_doc_is(head, &head->nodes[key], "items") && take(reader, '[')) {
			add_node(reader, KUBE_LIST);
			close_head(head);
			return 1;
		}
		if (read_value(reader) < 0)
			return -1;
	}
	return take(reader, '}') ? 0 : -1;
}

/* Up to the next item. */
static int go_on(struct kube_items *items, struct reader *reader, bool first, struct err *err)
{
	int more = read_head(reader, first);

	items->at = reader->at;
	items->more = more > 0;
	if (more < 0 || (more > 0 && items->had))
		return not_json(reader, err);
	close_head(&items->head);
	if (more > 0) {
		items->had = true;
		items->first = true;
		return 0;
	}
	return check_end(reader, err);
}

int kube_items_begin(struct kube_items *items, char *text, size_t len, struct err *err)
{
	struct reader reader;

	*items = (struct kube_items){.item.text = text, .end = text + len};
	if (begin(&reader, &items->head, text, len, err) < 0)
		return -1;
	if (!take(&reader, '{'))
		return not_json(&reader, err);
	add_node(&reader, KUBE_OBJECT);
	return go_on(items, &reader, true, err);
}

int kube_items_next(struct kube_items *items, struct err *err)
{
	struct reader reader = {
	    .doc = &items->item, .at = items->at, .end = items->end, .depth = 2};
	bool first = items->first;

	if (!items->more)
		return 0;
	items->first = false;
	if (take(&reader, ']')) {
		reader.doc = &items->head;
		return go_on(items, &reader, false, err);
	}
	items->item.count = 0;
	if ((!first && !take(&reader, ',')) || read_value(&reader) < 0)
		return not_json(&reader, err);
	items->at = reader.at;
	return 1;
}

void kube_items_release(struct kube_items *items)
{
	free(items->head.nodes);
	free(items->item.nodes);
	*items = (struct kube_items){0};
}
