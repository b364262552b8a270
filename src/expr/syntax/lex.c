/* Tokens: blanks, comments, names and signs here; literals in lex_text.c and lex_number.c. */
#include "lex.h"

#include <string.h>

#include "fsops/mem.h"
#include "fsops/text.h"

static const char *const keywords[] = {"false", "in", "null", "true"};

static const char *const reserved[] = {"as", "break", "const", "continue", "else", "for",
    "function", "if", "import", "let", "loop", "package", "namespace", "return", "var", "void",
    "while"};

struct sign {
	const char *text;
	enum token_kind kind;
};

/* One character or two; longer ones first. */
static const struct sign signs[] = {
    {"||", TOKEN_OR},
    {"&&", TOKEN_AND},
    {"==", TOKEN_EQUAL},
    {"!=", TOKEN_UNEQUAL},
    {"<=", TOKEN_LESS_EQUAL},
    {">=", TOKEN_MORE_EQUAL},
    {"<", TOKEN_LESS},
    {">", TOKEN_MORE},
    {"+", TOKEN_PLUS},
    {"-", TOKEN_MINUS},
    {"*", TOKEN_TIMES},
    {"/", TOKEN_DIVIDE},
    {"%", TOKEN_REMAINDER},
    {"!", TOKEN_NOT},
    {"?", TOKEN_QUESTION},
    {":", TOKEN_COLON},
    {",", TOKEN_COMMA},
    {".", TOKEN_DOT},
    {"(", TOKEN_OPEN},
    {")", TOKEN_CLOSE},
    {"[", TOKEN_OPEN_LIST},
    {"]", TOKEN_CLOSE_LIST},
    {"{", TOKEN_OPEN_MAP},
    {"}", TOKEN_CLOSE_MAP},
};

/* What people write out of habit from other languages. */
static const struct {
	const char *text;
	const char *instead;
} habits[] = {
    {"=", "=="},
    {"&", "&&"},
    {"|", "||"},
};

static bool one_of(const char *text, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (text_same(text, list[i]))
			return true;
	return false;
}

bool lex_is_keyword(const char *text)
{
	return one_of(text, keywords, COUNT_OF(keywords));
}

bool lex_is_reserved(const char *text)
{
	return lex_is_keyword(text) || one_of(text, reserved, COUNT_OF(reserved));
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool starts_name(char c)
{
	return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static char peek(const struct lexer *lexer, size_t ahead)
{
	return lexer->at + ahead < lexer->len ? lexer->text[lexer->at + ahead] : '\0';
}

static void skip_comment(struct lexer *lexer)
{
	while (lexer->at < lexer->len && peek(lexer, 0) != '\n' && peek(lexer, 0) != '\r')
		lexer->at++;
}

static void skip_blanks(struct lexer *lexer)
{
	while (lexer->at < lexer->len) {
		if (peek(lexer, 0) == '/' && peek(lexer, 1) == '/')
			skip_comment(lexer);
		else if (peek(lexer, 0) && strchr("\t\n\f\r ", peek(lexer, 0)))
			lexer->at++;
		else
			return;
	}
}

/* LEN bytes at START become the token's value; the lexer goes behind them. */
static int take(struct lexer *lexer, size_t start, size_t len, struct token *out)
{
	char *text = arena_text(lexer->arena, lexer->text + start, len);

	if (!text)
		return expr_error_set(
		    lexer->error, EXPR_ERROR_LIMIT, out->place, "the expression is too large");
	out->value = cel_string(text, len);
	return 0;
}

static int lex_name(struct lexer *lexer, struct token *out)
{
	size_t start = lexer->at;

	while (starts_name(peek(lexer, 0)) || is_digit(peek(lexer, 0)))
		lexer->at++;
	out->kind = TOKEN_NAME;
	out->place.length = lexer->at - start;
	return take(lexer, start, lexer->at - start, out);
}

/* `app.kubernetes.io/name`: letters, digits, and "_.-/ " */
static int lex_quoted(struct lexer *lexer, struct token *out)
{
	size_t start = ++lexer->at;

	while (starts_name(peek(lexer, 0)) || is_digit(peek(lexer, 0)) ||
	       (peek(lexer, 0) && strchr(".-/ ", peek(lexer, 0))))
		lexer->at++;
	out->kind = TOKEN_QUOTED;
	out->place.length = lexer->at - start + 1;
	if (peek(lexer, 0) != '`' || lexer->at == start)
		return expr_error_set(lexer->error, EXPR_ERROR_COMPILE, out->place,
		    "a name in backquotes has letters, digits and '_.-/ ' only, and a closing one");
	out->place.length++;
	lexer->at++;
	return take(lexer, start, lexer->at - 1 - start, out);
}

static int unknown_sign(struct lexer *lexer, struct token *out)
{
	for (size_t i = 0; i < COUNT_OF(habits); i++)
		if (peek(lexer, 0) == habits[i].text[0])
			return expr_error_set(lexer->error, EXPR_ERROR_COMPILE, out->place,
			    "unexpected '%s'; did you mean '%s'?", habits[i].text,
			    habits[i].instead);
	if (peek(lexer, 0) > ' ' && peek(lexer, 0) < 0x7F)
		return expr_error_set(lexer->error, EXPR_ERROR_COMPILE, out->place,
		    "unexpected '%c'", peek(lexer, 0));
	return expr_error_set(lexer->error, EXPR_ERROR_COMPILE, out->place, "unexpected character");
}

static int lex_sign(struct lexer *lexer, struct token *out)
{
	for (size_t i = 0; i < COUNT_OF(signs); i++) {
		const char *text = signs[i].text;

		if (text[0] == peek(lexer, 0) && (!text[1] || text[1] == peek(lexer, 1))) {
			out->kind = signs[i].kind;
			out->place.length = text[1] ? 2 : 1;
			lexer->at += out->place.length;
			return 0;
		}
	}
	return unknown_sign(lexer, out);
}

int lex_next(struct lexer *lexer, struct token *out)
{
	skip_blanks(lexer);
	*out = (struct token){.kind = TOKEN_END, .place = {lexer->at, 0}};
	if (lexer->at >= lexer->len)
		return 0;
	out->place.length = 1;
	if (lex_starts_text(lexer))
		return lex_text(lexer, out);
	if (starts_name(peek(lexer, 0)))
		return lex_name(lexer, out);
	if (is_digit(peek(lexer, 0)) || (peek(lexer, 0) == '.' && is_digit(peek(lexer, 1))))
		return lex_number(lexer, out);
	if (peek(lexer, 0) == '`')
		return lex_quoted(lexer, out);
	return lex_sign(lexer, out);
}
