/* Number literals: 12, 0x1F, 12u, 1.5, .5, 1e3. The sign is the parser's. */
#include <math.h>
#include <string.h>

#include "expr/types/number.h"
#include "lex.h"

static bool in_set(const struct lexer *lexer, size_t at, const char *set)
{
	return at < lexer->len && lexer->text[at] && strchr(set, lexer->text[at]);
}

static size_t skip_set(const struct lexer *lexer, size_t at, const char *set)
{
	while (in_set(lexer, at, set))
		at++;
	return at;
}

#define DIGITS     "0123456789"
#define HEX_DIGITS "0123456789abcdefABCDEF"
#define NAME_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789"

static int fail(struct lexer *lexer, struct token *out, size_t end, const char *why)
{
	out->place.length = end - out->place.offset;
	return expr_error_set(lexer->error, EXPR_ERROR_COMPILE, out->place, "%s", why);
}

static int lex_double(struct lexer *lexer, struct token *out, size_t end)
{
	double real;

	if (number_parse_double(lexer->text + lexer->at, end - lexer->at, &real) < 0)
		return fail(lexer, out, end, "the number is not valid");
	if (isinf(real))
		return fail(lexer, out, end, "the number is too large for a double");
	out->value = cel_double(real);
	lexer->at = end;
	return 0;
}

static int lex_integer(struct lexer *lexer, struct token *out, size_t end, bool hex)
{
	size_t start = lexer->at + (hex ? 2 : 0);
	uint64_t natural;

	if (start == end)
		return fail(lexer, out, end, "'0x' needs hexadecimal digits");
	if (number_parse_uint(lexer->text + start, end - start, hex ? 16 : 10, &natural) < 0)
		return fail(lexer, out, end, "the number is over 64 bits");
	out->value = cel_uint(natural);
	out->is_int = !in_set(lexer, end, "uU");
	lexer->at = end + !out->is_int;
	return 0;
}

/* Where the exponent at AT ends; AT itself when there is none. */
static size_t skip_exponent(const struct lexer *lexer, size_t at)
{
	size_t digits = at + 1 + in_set(lexer, at + 1, "+-");

	if (!in_set(lexer, at, "eE") || !in_set(lexer, digits, DIGITS))
		return at;
	return skip_set(lexer, digits, DIGITS);
}

int lex_number(struct lexer *lexer, struct token *out)
{
	bool hex = in_set(lexer, lexer->at, "0") && in_set(lexer, lexer->at + 1, "xX");
	size_t whole =
	    hex ? skip_set(lexer, lexer->at + 2, HEX_DIGITS) : skip_set(lexer, lexer->at, DIGITS);
	size_t end = whole;
	int result;

	out->kind = TOKEN_NUMBER;
	if (!hex && in_set(lexer, end, ".") && in_set(lexer, end + 1, DIGITS))
		end = skip_set(lexer, end + 1, DIGITS);
	if (!hex)
		end = skip_exponent(lexer, end);
	result = end > whole ? lex_double(lexer, out, end) : lex_integer(lexer, out, end, hex);
	if (result < 0)
		return -1;
	if (in_set(lexer, lexer->at, NAME_CHARS))
		return fail(lexer, out, lexer->at + 1, "a number cannot go on with a letter");
	out->place.length = lexer->at - out->place.offset;
	return 0;
}
