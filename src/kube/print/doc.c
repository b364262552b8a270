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
	char *end;
	size_t room; /* for nodes */
	int depth;
};

static struct kube_node *add_node(struct reader *reader, enum kube_type_of type)
{
	struct kube_doc *doc = reader->doc;
	struct kube_node *node;

	if (doc->count == reader->room) {
		reader->room = reader->room ? reader->room * 2 : 256;
		doc->nodes = mem_grow(doc->nodes, reader->room, sizeof(*doc->nodes));
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

static bool take(struct reader *reader, char c)
{
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

/* The at of READER is behind the first quote. */
static int read_text(struct reader *reader)
{
	char *from = reader->at;
	char *end = reader->end;
	char *to;
	size_t at;

	add_node(reader, KUBE_TEXT);
	at = reader->doc->count - 1;
	/* Most have no escapes, and stay where they are. */
	while (from < end && *from != '"' && *from != '\\' && (unsigned char)*from >= 0x20 &&
	       (unsigned char)*from < 0x80)
		from++;
	to = from;
	while (from < end && *from != '"') {
		size_t len;

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
	reader->doc->nodes[at].len = (uint32_t)(to - reader->at);
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

int kube_doc_read(struct kube_doc *doc, char *text, size_t len, struct err *err)
{
	struct reader reader = {.doc = doc, .at = text, .end = text + len};

	*doc = (struct kube_doc){.text = text}; /* transferred */
	if (len >= UINT32_MAX)
		return err_set(err, ERR_LIMIT, "the answer is over 4 GiB");
	if (read_value(&reader) < 0)
		return err_set(err, ERR_REMOTE, "the answer is not JSON, from byte %zu on",
		    (size_t)(reader.at - text));
	skip_blanks(&reader);
	if (reader.at < reader.end)
		return err_set(err, ERR_REMOTE,
		    "the answer goes on behind its end, from byte %zu on",
		    (size_t)(reader.at - text));
	return 0;
}

void kube_doc_release(struct kube_doc *doc)
{
	free(doc->text);
	free(doc->nodes);
	*doc = (struct kube_doc){0};
}

/* ---- looking ---- */

bool kube_doc_is(const struct kube_doc *doc, const struct kube_node *node, const char *text)
{
	size_t len = strlen(text);

	return node && node->type == KUBE_TEXT && node->len == len &&
	       memcmp(doc->text + node->at, text, len) == 0;
}

const struct kube_node *kube_doc_get(
    const struct kube_doc *doc, const struct kube_node *object, const char *key)
{
	const struct kube_node *found = NULL;

	KUBE_DOC_EACH_KEY(doc, object, member)
	if (kube_doc_is(doc, member, key))
		found = member + 1;
	return found;
}

const struct kube_node *kube_doc_at(
    const struct kube_doc *doc, const struct kube_node *object, const char *path)
{
	while (object && *path) {
		size_t len = strcspn(path, ".");
		char *key = mem_textn(path, len);

		object = kube_doc_get(doc, object, key);
		free(key);
		path += len + (path[len] == '.');
	}
	return object;
}

char *kube_doc_text(const struct kube_doc *doc, const struct kube_node *node)
{
	return node && node->type == KUBE_TEXT ? mem_textn(doc->text + node->at, node->len) : NULL;
}

bool kube_doc_integer(const struct kube_doc *doc, const struct kube_node *node, int64_t *out)
{
	const char *text;
	char *end;

	if (!node || node->type != KUBE_NUMBER)
		return false;
	text = doc->text + node->at;
	if (memchr(text, '.', node->len) || memchr(text, 'e', node->len) ||
	    memchr(text, 'E', node->len))
		return false;
	errno = 0;
	*out = strtoll(text, &end, 10);
	return errno == 0 && end == text + node->len;
}

bool kube_doc_same(const struct kube_doc *a, const struct kube_node *node_a,
    const struct kube_doc *b, const struct kube_node *node_b)
{
	size_t count;

	if (!node_a || !node_b)
		return node_a == node_b;
	count = (size_t)(kube_doc_next(a, node_a) - node_a);
	if (count != (size_t)(kube_doc_next(b, node_b) - node_b))
		return false;
	for (size_t i = 0; i < count; i++) {
		const struct kube_node *x = node_a + i, *y = node_b + i;

		if (x->type != y->type || x->len != y->len || x->count != y->count ||
		    memcmp(a->text + x->at, b->text + y->at, x->len) != 0)
			return false;
	}
	return true;
}

/* ---- members in order ---- */

static int by_key(const void *a, const void *b)
{
	const struct kube_member *x = a, *y = b;
	int order = memcmp(x->key, y->key, x->len < y->len ? x->len : y->len);

	if (order == 0 && x->len != y->len)
		order = x->len < y->len ? -1 : 1;
	if (order == 0)
		order = x->value < y->value ? -1 : 1;
	return order;
}

/* Few are sorted faster by moving each to its place. */
static void sort_members(struct kube_member *list, size_t count)
{
	if (count > 24) {
		qsort(list, count, sizeof(*list), by_key);
		return;
	}
	for (size_t i = 1; i < count; i++) {
		struct kube_member moved = list[i];
		size_t at = i;

		for (; at > 0 && by_key(&list[at - 1], &moved) > 0; at--)
			list[at] = list[at - 1];
		list[at] = moved;
	}
}

struct kube_member *kube_doc_members(
    const struct kube_doc *doc, const struct kube_node *object, size_t *count)
{
	struct kube_member *list;
	size_t kept = 0;

	*count = 0;
	if (!object || object->type != KUBE_OBJECT || object->count == 0)
		return NULL;
	list = mem_alloc(object->count * sizeof(*list));
	KUBE_DOC_EACH_KEY(doc, object, key)
	list[(*count)++] = (struct kube_member){doc->text + key->at, key->len, key + 1};
	sort_members(list, *count);
	for (size_t i = 0; i < *count; i++) {
		bool again = i + 1 < *count && list[i].len == list[i + 1].len &&
		             memcmp(list[i].key, list[i + 1].key, list[i].len) == 0;

		if (!again)
			list[kept++] = list[i];
	}
	*count = kept;
	return list;
}
