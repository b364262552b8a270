/*
 * String and bytes literals: prefixes, quotes, escapes.
 *
 * Invariant: a string that comes out is well-formed UTF-8 (the source is, and
 * escapes make code points); bytes may hold anything.
 */
#include <string.h>

#include "expr/utf8.h"
#include "fsops/mem.h"
#include "lex.h"

/* A literal being read. */
struct literal {
	struct lexer *lexer;
	char quote;
	bool triple;
	bool raw;
	bool bytes;
	char *out;
	size_t len;
};

static char peek(const struct lexer *lexer, size_t ahead)
{
	return lexer->at + ahead < lexer->len ? lexer->text[lexer->at + ahead] : '\0';
}

static bool is_quote(char c)
{
	return c == '"' || c == '\'';
}

/* How long the prefix (r, b, rb, br) is before a quote; -1 when none starts here. */
static int prefix_len(const struct lexer *lexer, bool *raw, bool *bytes)
{
	*raw = *bytes = false;
	for (int i = 0; i < 3; i++) {
		char c = peek(lexer, (size_t)i);

		if (is_quote(c))
			return i;
		if ((c == 'r' || c == 'R') && !*raw)
			*raw = true;
		else if ((c == 'b' || c == 'B') && !*bytes && !*raw)
			*bytes = true;
		else
			return -1;
	}
	return -1;
}

bool lex_starts_text(const struct lexer *lexer)
{
	bool raw, bytes;

	return prefix_len(lexer, &raw, &bytes) >= 0;
}

static bool at_end(const struct literal *text)
{
	const struct lexer *lexer = text->lexer;

	if (peek(lexer, 0) != text->quote)
		return false;
	return !text->triple || (peek(lexer, 1) == text->quote && peek(lexer, 2) == text->quote);
}

static int fail(struct literal *text, size_t offset, size_t length, const char *why)
{
	struct place place = {offset, length};

	return expr_error_set(text->lexer->error, EXPR_ERROR_COMPILE, place, "%s", why);
}

static int digit_value(char c, int base)
{
	int value = c >= '0' && c <= '9'   ? c - '0'
	            : c >= 'a' && c <= 'f' ? c - 'a' + 10
	            : c >= 'A' && c <= 'F' ? c - 'A' + 10
	                                   : base;

	return value < base ? value : -1;
}

/* COUNT digits that start AHEAD of the lexer's place. */
static int digits(const struct literal *text, size_t ahead, int count, int base, uint32_t *out)
{
	*out = 0;
	for (int i = 0; i < count; i++) {
		int digit = digit_value(peek(text->lexer, ahead + (size_t)i), base);

		if (digit < 0)
			return -1;
		*out = *out * (uint32_t)base + (uint32_t)digit;
	}
	return 0;
}

static void put_code(struct literal *text, uint32_t code, bool octet)
{
	if (octet && text->bytes)
		text->out[text->len++] = (char)code;
	else
		text->len += utf8_encode(code, text->out + text->len);
}

/* The escapes of one letter; the backslash stands before the first of each pair. */
static const char simple_escapes[] = "\\\\??\"\"''``a\ab\bf\fn\nr\rt\tv\v";

static bool simple_escape(struct literal *text, char c)
{
	for (size_t i = 0; c && simple_escapes[i]; i += 2)
		if (simple_escapes[i] == c) {
			text->out[text->len++] = simple_escapes[i + 1];
			text->lexer->at += 2;
			return true;
		}
	return false;
}

/* The escapes of digits. */
struct escape {
	const char *letters;
	int count; /* digits */
	int base;
	size_t skip; /* from the backslash to the digits */
	bool octet;  /* in bytes it stands for one byte; else it may not be in bytes */
};

static const struct escape escapes[] = {
    {"xX", 2, 16, 2, true},
    {"u", 4, 16, 2, false},
    {"U", 8, 16, 2, false},
    {"0123", 3, 8, 1, true},
};

static bool is_high(uint32_t code)
{
	return code >= 0xD800 && code < 0xDC00;
}

static bool is_low(uint32_t code)
{
	return code >= 0xDC00 && code < 0xE000;
}

/* A high surrogate must be followed by a low one: \uD83D\uDE00 */
static void join_surrogates(struct literal *text, size_t *length, uint32_t *code)
{
	uint32_t low;

	if (is_high(*code) && peek(text->lexer, *length) == '\\' &&
	    peek(text->lexer, *length + 1) == 'u' && digits(text, *length + 2, 4, 16, &low) == 0 &&
	    is_low(low)) {
		*code = 0x10000 + ((*code - 0xD800) << 10) + (low - 0xDC00);
		*length += 6;
	}
}

static int digit_escape(struct literal *text, const struct escape *escape)
{
	size_t start = text->lexer->at;
	size_t length = escape->skip + (size_t)escape->count;
	uint32_t code;

	if (digits(text, escape->skip, escape->count, escape->base, &code) < 0)
		return fail(text, start, 2, "the escape is too short or has a wrong digit");
	if (text->bytes && !escape->octet)
		return fail(text, start, length, "\\u and \\U are for strings, not for bytes");
	join_surrogates(text, &length, &code);
	if (code > UTF8_LAST || is_high(code) || is_low(code))
		return fail(text, start, length, "the escape is no Unicode code point");
	put_code(text, code, escape->octet);
	text->lexer->at += length;
	return 0;
}

static int read_escape(struct literal *text)
{
	char c = peek(text->lexer, 1);

	if (simple_escape(text, c))
		return 0;
	for (size_t i = 0; c && i < COUNT_OF(escapes); i++)
		if (strchr(escapes[i].letters, c))
			return digit_escape(text, &escapes[i]);
	return fail(
	    text, text->lexer->at, 2, "unknown escape; a backslash itself is written '\\\\'");
}

static int read_body(struct literal *text, size_t start)
{
	struct lexer *lexer = text->lexer;

	while (!at_end(text)) {
		char c = peek(lexer, 0);

		if (lexer->at >= lexer->len || (!text->triple && (c == '\n' || c == '\r')))
			return fail(text, start, lexer->at - start, "the string is not closed");
		if (c == '\\' && !text->raw) {
			if (read_escape(text) < 0)
				return -1;
			continue;
		}
		text->out[text->len++] = c;
		lexer->at++;
	}
	lexer->at += text->triple ? 3 : 1;
	return 0;
}

int lex_text(struct lexer *lexer, struct token *out)
{
	struct literal text = {.lexer = lexer};
	size_t start = lexer->at;

	lexer->at += (size_t)prefix_len(lexer, &text.raw, &text.bytes);
	text.quote = peek(lexer, 0);
	text.triple = peek(lexer, 1) == text.quote && peek(lexer, 2) == text.quote;
	lexer->at += text.triple ? 3 : 1;
	/* An escape never makes more bytes than it has. */
	text.out = arena_alloc(lexer->arena, lexer->len - start + UTF8_MAX);
	if (!text.out)
		return expr_error_set(
		    lexer->error, EXPR_ERROR_LIMIT, out->place, "the expression is too large");
	if (read_body(&text, start) < 0)
		return -1;
	text.out[text.len] = '\0';
	arena_trim(lexer->arena, text.out + text.len + 1);
	out->kind = TOKEN_TEXT;
	out->place.length = lexer->at - start;
	out->value = text.bytes ? cel_bytes(text.out, text.len) : cel_string(text.out, text.len);
	return 0;
}
