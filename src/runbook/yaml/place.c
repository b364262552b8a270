/*
 * Places: which line and column of the file a byte of a scalar's text came from.
 *
 * The scalar is read a second time, from its first character in the file, by the
 * rules that libyaml reads it with, and counted until OFFSET bytes of text have
 * been made. Invariant: `made` is how many bytes of the node's text stand before
 * the cursor.
 */
#include "place.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

struct cursor {
	const char *at;
	const char *end;
	int line;
	int col;
	size_t made;
	size_t want; /* stop when this much is made */
};

/* Bytes of the line break at TEXT, 0 when there is none: CR LF, CR, LF, NEL, LS, PS. */
static size_t break_len(const char *text, const char *end)
{
	size_t left = (size_t)(end - text);

	if (!left)
		return 0;
	if (text[0] == '\r')
		return left > 1 && text[1] == '\n' ? 2 : 1;
	if (text[0] == '\n')
		return 1;
	if (left > 1 && memcmp(text, "\xC2\x85", 2) == 0)
		return 2;
	return left > 2 && (memcmp(text, "\xE2\x80\xA8", 3) == 0 ||
	                       memcmp(text, "\xE2\x80\xA9", 3) == 0)
	           ? 3
	           : 0;
}

static size_t char_len(const char *text, const char *end)
{
	size_t len = 1;

	while (text + len < end && ((unsigned char)text[len] & 0xC0) == 0x80)
		len++;
	return len;
}

/* Over one character or line break; returns its bytes. */
static size_t step(struct cursor *c)
{
	size_t len = break_len(c->at, c->end);

	if (len) {
		c->line++;
		c->col = 1;
	} else {
		len = char_len(c->at, c->end);
		c->col++;
	}
	c->at += len;
	return len;
}

static bool more(const struct cursor *c)
{
	return c->at < c->end && c->made < c->want;
}

static bool at_blank(const struct cursor *c)
{
	return c->at < c->end && (*c->at == ' ' || *c->at == '\t');
}

static bool at_break(const struct cursor *c)
{
	return break_len(c->at, c->end) > 0;
}

static void skip_blanks(struct cursor *c)
{
	while (at_blank(c))
		step(c);
}

static struct cursor begin(const struct document *document)
{
	return (struct cursor){
	    .at = document->text, .end = document->text + document->len, .line = 1, .col = 1};
}

static struct cursor seek(const struct document *document, struct pos pos)
{
	struct cursor c = begin(document);

	while (c.at < c.end && (c.line < pos.line || (c.line == pos.line && c.col < pos.col)))
		step(&c);
	return c;
}

const char *place_text(const struct document *document, struct pos pos)
{
	return seek(document, pos).at;
}

struct pos place_of_offset(const struct document *document, size_t offset)
{
	struct cursor c = begin(document);

	while (c.at < c.end && (size_t)(c.at - document->text) < offset)
		step(&c);
	return (struct pos){document->file, c.line, c.col};
}

/* An anchor ends where its letters do, a tag at a blank. */
static bool in_property(const struct cursor *c, char kind)
{
	if (kind == '&')
		return isalnum((unsigned char)*c->at) || *c->at == '_' || *c->at == '-';
	return !at_blank(c) && !at_break(c);
}

/* libyaml passes over a byte order mark wherever a line begins between two tokens. */
static bool at_mark(const struct cursor *c)
{
	return c->col == 1 && c->end - c->at >= 3 && memcmp(c->at, "\xEF\xBB\xBF", 3) == 0;
}

static void skip_space(struct cursor *c)
{
	while (at_blank(c) || at_break(c) || at_mark(c) || (c->at < c->end && *c->at == '#')) {
		if (*c->at == '#')
			while (c->at < c->end && !at_break(c))
				step(c);
		else
			step(c);
	}
}

/* Over anchor and tag to where the scalar itself begins. */
static void skip_properties(struct cursor *c)
{
	while (c->at < c->end && strchr("&!", *c->at)) {
		char kind = *c->at;

		do
			step(c);
		while (c->at < c->end && in_property(c, kind));
		skip_space(c);
	}
}

/* Over a line break; returns the bytes of text it makes: all become '\n' but LS and PS. */
static size_t step_break(struct cursor *c)
{
	return step(c) == 3 ? 3 : 1;
}

/* What a line break makes when it folds: FIRST and then MORE bytes of breaks after it. */
static size_t folded(size_t first, size_t more_breaks)
{
	if (first == 3)
		return first + more_breaks;
	return more_breaks ? more_breaks : 1;
}

/* Blanks of a plain or quoted scalar: one by one, unless a line break follows, which folds
 * with them: into a blank, or into one line break less than there were. ESCAPED: the first
 * break was, and made nothing. */
static void take_fold(struct cursor *c, bool escaped)
{
	size_t first = 0;
	size_t more_breaks = 0;

	skip_blanks(c);
	if (!escaped)
		first = step_break(c);
	skip_blanks(c);
	while (at_break(c)) {
		more_breaks += step_break(c);
		skip_blanks(c);
	}
	c->made += escaped ? more_breaks : folded(first, more_breaks);
}

static void take_blanks(struct cursor *c)
{
	const char *end = c->at + strspn(c->at, " \t");

	if (break_len(end, c->end)) {
		take_fold(c, false);
		return;
	}
	while (more(c) && c->at < end)
		c->made += step(c);
}

static size_t utf8_len(uint32_t code)
{
	return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
}

/* A backslash escape in "…": how many characters follow the letter, and the bytes it makes. */
static void take_escape(struct cursor *c)
{
	static const char letters[] = "xuUN_LP";
	static const int digits[] = {2, 4, 8, 0, 0, 0, 0};
	static const uint32_t codes[] = {0, 0, 0, 0x85, 0xA0, 0x2028, 0x2029};
	const char *letter;
	uint32_t code = 0;

	step(c);
	if (at_break(c)) {
		step(c);
		take_fold(c, true);
		return;
	}
	letter = c->at < c->end ? strchr(letters, *c->at) : NULL;
	step(c);
	if (letter) {
		code = codes[letter - letters];
		for (int i = digits[letter - letters]; i > 0 && c->at < c->end; i--) {
			code = code * 16 +
			       (uint32_t)(*c->at <= '9' ? *c->at - '0' : (*c->at | 32) - 'a' + 10);
			step(c);
		}
	}
	c->made += utf8_len(code);
}

static void walk_flow(struct cursor *c, char quote)
{
	if (quote)
		step(c);
	while (more(c)) {
		if (at_blank(c) || at_break(c)) {
			take_blanks(c);
		} else if (quote == '"' && *c->at == '\\') {
			take_escape(c);
		} else if (quote && *c->at == quote) {
			step(c); /* of '' the first; a lone one ends the text */
			c->made += step(c);
		} else {
			c->made += step(c);
		}
	}
}

/* Empty lines and indentation of a block scalar; returns the bytes the empty lines make. */
static size_t skip_empty(struct cursor *c, int indent)
{
	size_t made = 0;

	for (;;) {
		while (c->at < c->end && *c->at == ' ' && (!indent || c->col <= indent))
			step(c);
		if (!at_break(c))
			return made;
		made += step_break(c);
	}
}

static size_t line_len(const char *text, const char *end)
{
	size_t len = 0;

	while (text + len < end && !break_len(text + len, end))
		len++;
	return len;
}

/* With a number in its header, a block's indentation is what its first line that is not empty has
 * more in the file than in the text. */
static int stated_indent(const struct cursor *c, const struct node *node)
{
	const char *end = node->text + node->len;
	const char *text = node->text;
	const char *raw = c->at;
	size_t more_raw;

	while (break_len(text, end)) {
		text += break_len(text, end);
		raw += line_len(raw, c->end);
		raw += break_len(raw, c->end);
	}
	more_raw = line_len(raw, c->end) - line_len(text, end);
	return more_raw < node->document->len ? (int)more_raw : 0;
}

/* Lines fold unless one of the two begins with a blank. */
static void take_lines(struct cursor *c, int indent, bool folds)
{
	bool before = at_blank(c);

	while (more(c)) {
		struct cursor line_end;
		size_t first;
		size_t empty;

		while (more(c) && !at_break(c))
			c->made += step(c);
		if (!more(c))
			return;
		line_end = *c;
		first = step_break(c);
		empty = skip_empty(c, indent);
		before = before || at_blank(c) || !folds;
		c->made += before ? first + empty : folded(first, empty);
		before = at_blank(c);
		if (c->made > c->want) { /* it is one of the line breaks */
			line_end.made = c->made;
			*c = line_end;
		}
	}
}

static void walk_block(struct cursor *c, const struct node *node)
{
	bool folds = *c->at == '>';
	int indent = 0;

	while (c->at < c->end && !at_break(c)) {
		if (*c->at >= '1' && *c->at <= '9' && !indent)
			indent = -1;
		if (*c->at == '#')
			indent = indent < 0 ? -2 : -3; /* a comment: no number after it counts */
		step(c);
	}
	if (at_break(c))
		step(c);
	indent = indent == -1 || indent == -2 ? stated_indent(c, node) : 0;
	c->made += skip_empty(c, indent);
	take_lines(c, indent ? indent : c->col - 1, folds);
}

struct pos node_pos_at(const struct node *node, size_t offset)
{
	struct cursor c;

	if (node->kind != NODE_SCALAR || (!node->len && node->style == NODE_PLAIN))
		return node->pos; /* nothing may stand beyond the end of the file */
	if (offset >= node->len)
		offset = node->len - (node->len && node->text[node->len - 1] == '\n');
	c = seek(node->document, node->pos);
	skip_properties(&c);
	c.want = offset;
	if (node->style == NODE_BLOCK)
		walk_block(&c, node);
	else
		walk_flow(&c, c.at < c.end && strchr("'\"", *c.at) ? *c.at : '\0');
	return (struct pos){node->pos.file, c.line, c.col};
}
