/* Reading kubectl's JSONPath. Invariant: what is read means here what it means there; all else is refused. */
#include "jsonpath.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"

/* ASCII's: of others kubectl may find that they are digits, too. */
static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Unions and filters in one another. */
#define DEPTH_MAX 16

struct reader {
	const char *at;
	const char *end; /* there may be no NUL */
	int depth;
};

static void free_nodes(struct jsonpath_node *node)
{
	while (node) {
		struct jsonpath_node *next = node->next;

		free(node->text);
		free_nodes(node->inner);
		free_nodes(node->more);
		free(node);
		node = next;
	}
}

/* Adds one behind *LINK, which goes on to its own link. */
static struct jsonpath_node *add_node(struct jsonpath_node ***link, enum jsonpath_kind kind)
{
	struct jsonpath_node *node = mem_alloc(sizeof(*node));

	node->kind = kind;
	**link = node;
	*link = &node->next;
	return node;
}

static void set_text(struct jsonpath_node *node, const char *text, size_t len)
{
	node->text = mem_textn(text, len);
	node->len = len;
}

static bool is_ascii(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] >= 0x80)
			return false;
	return true;
}

/* ---- what stands within braces ---- */

static bool read_inside(struct reader *reader, struct jsonpath_node ***link);

/* TEXT as if it stood in braces of its own, to *LINK. */
static bool read_part(
    const struct reader *reader, const char *text, size_t len, struct jsonpath_node ***link)
{
	struct reader part = {text, text + len, reader->depth + 1};

	return part.depth < DEPTH_MAX && !memchr(text, '}', len) && !memchr(text, '{', len) &&
	       read_inside(&part, link) && part.at == part.end;
}

/* A name ends there, and not behind a backslash. */
static bool ends_name(char c)
{
	return strchr(" \t\r\n.,[]$@{}", c) != NULL;
}

/* Behind the point. All backslashes are taken out, whatever they stand before. */
static bool read_field(struct reader *reader, struct jsonpath_node ***link)
{
	struct jsonpath_node *node;
	struct buf name;

	buf_init(&name, BUF_TEXT_MAX);
	for (; reader->at < reader->end && !ends_name(*reader->at); reader->at++) {
		if (*reader->at != '\\') {
			buf_addc(&name, *reader->at);
		} else if (++reader->at == reader->end || (unsigned char)*reader->at >= 0x80) {
			buf_release(&name);
			return false;
		} else if (*reader->at != '\\') {
			buf_addc(&name, *reader->at);
		}
	}
	node = add_node(link, strcmp(name.data, "*") == 0 ? JSONPATH_STAR : JSONPATH_FIELD);
	set_text(node, name.data, name.len);
	buf_release(&name);
	return true;
}

/* What an escape in quotes stands for; -1: not known here. */
static int escaped(char c, char quote)
{
	static const char names[] = "abfnrtv\\";
	static const char values[] = "\a\b\f\n\r\t\v\\";
	const char *found = c ? strchr(names, c) : NULL;

	return found ? values[found - names] : c == quote ? c : -1;
}

/* As strconv.UnquoteChar() reads it; the escapes with digits are not known here. */
static bool unquote(const char *text, size_t len, char quote, struct buf *out)
{
	for (const char *at = text; at < text + len; at++) {
		int c = (unsigned char)*at;

		if (*at == '\\') {
			c = ++at < text + len ? escaped(*at, quote) : -1;
			if (c < 0)
				return false;
		} else if (*at == quote || *at == '\n') {
			return false;
		}
		buf_addc(out, (char)c);
	}
	return true;
}

/* Up to the next such quote with no backslash before it. */
static bool read_quoted(struct reader *reader, struct jsonpath_node ***link)
{
	char quote = *reader->at;
	const char *begin = ++reader->at;
	struct buf text;
	bool good;

	while (reader->at < reader->end && (*reader->at != quote || reader->at[-1] == '\\'))
		reader->at++;
	if (reader->at == reader->end)
		return false;
	buf_init(&text, BUF_TEXT_MAX);
	good = unquote(begin, (size_t)(reader->at - begin), quote, &text);
	if (good)
		set_text(add_node(link, JSONPATH_TEXT), text.data, text.len);
	buf_release(&text);
	reader->at++;
	return good;
}

/* LEN bytes, a sign among them. */
static bool whole_number(const char *text, size_t len, int64_t *out)
{
	char *number = mem_textn(text, len);
	char *end;
	bool good;

	errno = 0;
	*out = strtoll(number, &end, 10);
	good =
	    len > 0 && len < 19 && !*end && errno == 0 && end != number && !strchr(" \t", *number);
	free(number);
	return good;
}

static bool read_number(struct reader *reader, struct jsonpath_node ***link)
{
	const char *begin = reader->at;
	int64_t number;

	reader->at += *begin == '+' || *begin == '-';
	while (reader->at < reader->end && (*reader->at == '.' || is_digit(*reader->at)))
		reader->at++;
	if (!whole_number(begin, (size_t)(reader->at - begin), &number))
		return false;
	add_node(link, JSONPATH_NUMBER)->number = number;
	return true;
}

/* "true" and "false"; `range` and `end` are known where they make sense. */
static bool read_word(struct reader *reader, struct jsonpath_node ***link)
{
	const char *begin = reader->at;
	size_t len;

	while (reader->at < reader->end && !ends_name(*reader->at))
		reader->at++;
	len = (size_t)(reader->at - begin);
	if (len == 4 && memcmp(begin, "true", 4) == 0)
		add_node(link, JSONPATH_TRUE);
	else if (len == 5 && memcmp(begin, "false", 5) == 0)
		add_node(link, JSONPATH_FALSE);
	else
		return false;
	return true;
}

/* ---- what stands within brackets ---- */

/* "-1", ":2", "::3" from *AT on; the colon before it is taken off. */
static bool read_slice_number(
    const char **at, const char *end, bool first, struct jsonpath_number *out)
{
	const char *begin = *at;

	if (!first && (begin == end || *begin != ':'))
		return true;
	begin += !first;
	*at = begin;
	while (*at < end && (is_digit(**at) || (*at == begin && **at == '-')))
		(*at)++;
	if (*at == begin)
		return true;
	out->known = true;
	return whole_number(begin, (size_t)(*at - begin), &out->value);
}

static bool read_slice(const char *text, size_t len, struct jsonpath_node ***link)
{
	struct jsonpath_node *node = add_node(link, JSONPATH_SLICE);
	const char *at = text;
	const char *end = text + len;
	bool colon = memchr(text, ':', len) != NULL;

	for (size_t i = 0; i < COUNT_OF(node->slice); i++)
		if (!read_slice_number(&at, end, i == 0, &node->slice[i]))
			return false;
	if (!colon) {
		node->slice[1] = (struct jsonpath_number){true, node->slice[0].value + 1};
		node->single = true;
	}
	return at == end;
}

static bool read_union(
    const struct reader *reader, const char *text, size_t len, struct jsonpath_node ***link)
{
	struct jsonpath_node **parts = &add_node(link, JSONPATH_UNION)->inner;
	const char *end = text + len;

	for (const char *at = text; at <= end; at++) {
		size_t whole =
		    strcspn(at, ",") < (size_t)(end - at) ? strcspn(at, ",") : (size_t)(end - at);
		size_t blank = 0, part = whole;
		struct jsonpath_node *action = add_node(&parts, JSONPATH_ACTION);
		struct jsonpath_node **inner = &action->inner;
		char *own;
		bool good;

		while (blank < part && at[blank] == ' ')
			blank++;
		while (part > blank && at[part - 1] == ' ')
			part--;
		own = mem_printf("[%.*s]", (int)(part - blank), at + blank);
		good = read_part(reader, own, strlen(own), &inner);
		free(own);
		if (!good)
			return false;
		at += whole;
	}
	return true;
}

/* "'a.b'" is what ".a.b" is: two fields. */
static bool read_key(
    const struct reader *reader, const char *text, size_t len, struct jsonpath_node ***link)
{
	char *own = mem_printf(".%.*s", (int)len, text);
	bool good = read_part(reader, own, strlen(own), link);

	free(own);
	return good;
}

/* Up to the first closing bracket, whatever quotes there are. */
static bool read_brackets(struct reader *reader, struct jsonpath_node ***link)
{
	const char *text = reader->at + 1;
	const char *close = memchr(text, ']', (size_t)(reader->end - text));
	size_t len = close ? (size_t)(close - text) : 0;

	if (!close || memchr(text, '\n', len))
		return false;
	reader->at = close + 1;
	if (len == 1 && *text == '*')
		return read_slice(":", 1, link);
	if (memchr(text, ',', len))
		return read_union(reader, text, len, link);
	if (len >= 2 && text[0] == '\'' && text[len - 1] == '\'' &&
	    !memchr(text + 1, '\'', len - 2))
		return read_key(reader, text + 1, len - 2, link);
	return read_slice(text, len, link);
}

/* ---- filters ---- */

static const struct {
	const char *sign;
	enum jsonpath_compare compare;
} signs[] = {{"==", JSONPATH_EQUAL}, {"!=", JSONPATH_NOT_EQUAL}, {"<", JSONPATH_LESS},
    {"<=", JSONPATH_LESS_EQUAL}, {">", JSONPATH_GREATER}, {">=", JSONPATH_GREATER_EQUAL}};

#define SIGN_LETTERS "!<>="

static bool read_sign(const char *text, size_t len, enum jsonpath_compare *out)
{
	for (size_t i = 0; i < COUNT_OF(signs); i++)
		if (strlen(signs[i].sign) == len && memcmp(signs[i].sign, text, len) == 0) {
			*out = signs[i].compare;
			return true;
		}
	return false;
}

static bool read_condition(
    const struct reader *reader, const char *text, struct jsonpath_node *filter)
{
	size_t left = strcspn(text, SIGN_LETTERS);
	size_t sign = strspn(text + left, SIGN_LETTERS);
	const char *right = text + left + sign;
	struct jsonpath_node **link = &filter->inner;

	if (!left || !is_ascii(text, strlen(text)) || strchr(text, '\n') ||
	    !read_part(reader, text, left, &link))
		return false;
	if (!sign)
		return true;
	link = &filter->more;
	return *right && read_sign(text + left, sign, &filter->compare) &&
	       read_part(reader, right, strlen(right), &link) && filter->more;
}

/* The end of a filter's condition: a closing one with no quote before it, or behind the pair of the first one. */
static const char *condition_end(const char *at, const char *end)
{
	bool begun = false, ended = false;
	char quote = '\0';

	for (; at < end && *at != '\n'; at++) {
		if (*at == ')' && begun == ended)
			return at;
		if (*at != '"' && *at != '\'')
			continue;
		if (!begun) {
			begun = true;
			quote = *at;
		} else if (at[-1] != '\\' && *at == quote) {
			ended = true;
		}
	}
	return NULL;
}

static bool read_filter(struct reader *reader, struct jsonpath_node ***link)
{
	const char *begin = reader->at + 3;
	const char *end = condition_end(begin, reader->end);
	struct jsonpath_node *filter;
	char *text;
	bool good;

	if (!end || end + 1 == reader->end || end[1] != ']')
		return false;
	filter = add_node(link, JSONPATH_FILTER);
	text = mem_textn(begin, (size_t)(end - begin));
	good = read_condition(reader, text, filter);
	free(text);
	reader->at = end + 2;
	return good;
}

/* ---- all ---- */

static bool begins(const struct reader *reader, const char *with)
{
	size_t len = strlen(with);

	return (size_t)(reader->end - reader->at) >= len && memcmp(reader->at, with, len) == 0;
}

/* Up to the end of what is read, or the closing brace. */
static bool read_inside(struct reader *reader, struct jsonpath_node ***link)
{
	bool good = true;

	while (good && reader->at < reader->end && *reader->at != '}') {
		char c = *reader->at;

		if (begins(reader, "..")) {
			good = false;
		} else if (begins(reader, "[?(")) {
			good = read_filter(reader, link);
		} else if (c == ' ' || c == '@' || c == '$') {
			reader->at++;
		} else if (c == '[') {
			good = read_brackets(reader, link);
		} else if (c == '"' || c == '\'') {
			good = read_quoted(reader, link);
		} else if (c == '.') {
			reader->at++;
			good = read_field(reader, link);
		} else if (c == '+' || c == '-' || is_digit(c)) {
			good = read_number(reader, link);
		} else {
			good = read_word(reader, link);
		}
	}
	return good;
}

/* WORD alone, or before something, in braces: moves behind it. */
static bool take_word(struct reader *reader, const char *word)
{
	const char *at = reader->at;

	while (at < reader->end && *at == ' ')
		at++;
	if ((size_t)(reader->end - at) <= strlen(word) || memcmp(at, word, strlen(word)) != 0 ||
	    !ends_name(at[strlen(word)]))
		return false;
	reader->at = at + strlen(word);
	return true;
}

static bool close_brace(struct reader *reader)
{
	if (reader->at == reader->end || *reader->at != '}')
		return false;
	reader->at++;
	return true;
}

/* Text and braces, up to the end, or to "{end}" when RANGES are open. */
static bool read_template(struct reader *reader, struct jsonpath_node **to, int ranges)
{
	struct jsonpath_node **link = to;
	const char *brace;

	while (reader->at < reader->end) {
		struct jsonpath_node *node;
		struct jsonpath_node **inner;

		brace = memchr(reader->at, '{', (size_t)(reader->end - reader->at));
		brace = brace ? brace : reader->end;
		if (brace > reader->at)
			set_text(add_node(&link, JSONPATH_TEXT), reader->at,
			    (size_t)(brace - reader->at));
		reader->at = brace + (brace < reader->end);
		if (brace == reader->end)
			break;
		if (take_word(reader, "end"))
			return ranges > 0 && close_brace(reader);
		node =
		    add_node(&link, take_word(reader, "range") ? JSONPATH_RANGE : JSONPATH_ACTION);
		inner = &node->inner;
		if (!read_inside(reader, &inner) || !close_brace(reader))
			return false;
		if (node->kind == JSONPATH_RANGE &&
		    (ranges + 1 >= DEPTH_MAX || !read_template(reader, &node->more, ranges + 1)))
			return false;
	}
	return ranges == 0;
}

struct kube_jsonpath *kube_jsonpath_read(const char *text)
{
	struct reader reader = {text, text + strlen(text), 0};
	struct kube_jsonpath *path = mem_alloc(sizeof(*path));

	if (read_template(&reader, &path->nodes, 0) && path->nodes)
		return path;
	kube_jsonpath_free(path);
	return NULL;
}

struct kube_jsonpath *kube_jsonpath_read_relaxed(const char *text, size_t len)
{
	struct kube_jsonpath *path = NULL;
	char *whole;

	if (len > 2 && text[0] == '{' && text[len - 1] == '}') {
		text++;
		len -= 2;
	}
	if (len > 1 && *text == '.') {
		text++;
		len--;
	}
	if (!len || memchr(text, '{', len) || memchr(text, '}', len))
		return NULL;
	whole = mem_printf("{.%.*s}", (int)len, text);
	path = kube_jsonpath_read(whole);
	free(whole);
	return path;
}

void kube_jsonpath_free(struct kube_jsonpath *path)
{
	if (!path)
		return;
	free_nodes(path->nodes);
	free(path);
}
