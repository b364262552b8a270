/* The words of the language: one token at a time. */
#ifndef EXPR_LEX_H
#define EXPR_LEX_H

#include "expr/error.h"
#include "expr/value.h"

enum token_kind {
	TOKEN_END,
	TOKEN_NAME,   /* also the reserved words: the parser knows where they may stand */
	TOKEN_QUOTED, /* `a name in backquotes`, a field only */
	TOKEN_NUMBER, /* value is a uint (of an int: its magnitude), or a double */
	TOKEN_TEXT,   /* value is a string or bytes */
	TOKEN_OR,
	TOKEN_AND,
	TOKEN_EQUAL,
	TOKEN_UNEQUAL,
	TOKEN_LESS_EQUAL,
	TOKEN_MORE_EQUAL,
	TOKEN_LESS,
	TOKEN_MORE,
	TOKEN_PLUS,
	TOKEN_MINUS,
	TOKEN_TIMES,
	TOKEN_DIVIDE,
	TOKEN_REMAINDER,
	TOKEN_NOT,
	TOKEN_QUESTION,
	TOKEN_COLON,
	TOKEN_COMMA,
	TOKEN_DOT,
	TOKEN_OPEN, /* ( */
	TOKEN_CLOSE,
	TOKEN_OPEN_LIST, /* [ */
	TOKEN_CLOSE_LIST,
	TOKEN_OPEN_MAP, /* { */
	TOKEN_CLOSE_MAP,
};

struct token {
	enum token_kind kind;
	struct place place;
	struct expr_value value; /* of a number or text; of a name, the name as a string */
	bool is_int;             /* a number without `u`: value.as.natural is its magnitude */
};

struct lexer {
	const char *text;
	size_t len;
	size_t at;
	struct arena *arena; /* for decoded strings and names */
	struct expr_error *error;
};

/* The next token; END again and again at the end. -1 with the error filled. */
int lex_next(struct lexer *lexer, struct token *out);

/* Whether TEXT is a word that the grammar keeps for itself: `true`, `for` … */
bool lex_is_reserved(const char *text);

/* Whether it is one that not even a field may be named by a bare word: false in null true. */
bool lex_is_keyword(const char *text);

/* A string or bytes literal that starts at the lexer's place, prefix included. */
int lex_text(struct lexer *lexer, struct token *out);

/* Whether one starts there. */
bool lex_starts_text(const struct lexer *lexer);

/* A number that starts at the lexer's place. */
int lex_number(struct lexer *lexer, struct token *out);

#endif
