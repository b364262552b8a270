/*
 * SQL cut into tokens, between sql.c (which cuts) and effect.c (which judges).
 * Tokens point into the text that they were cut from.
 */
#ifndef FSOPS_POSTGRES_SQL_H
#define FSOPS_POSTGRES_SQL_H

#include <stdbool.h>
#include <stddef.h>

enum sql_kind { SQL_WORD, SQL_NAME, SQL_TEXT, SQL_PARAM, SQL_NUMBER, SQL_SIGN, SQL_OPEN };

struct sql_token {
	enum sql_kind kind; /* SQL_NAME: "quoted"; SQL_OPEN: something that never closes */
	const char *text;
	size_t len;
	int depth; /* of parentheses around it */
};

struct sql_tokens {
	struct sql_token *items; /* free() */
	size_t count;
};

/* All tokens; an open one is the last, as SQL_OPEN. */
void sql_cut(const char *sql, struct sql_tokens *out);

bool sql_is_sign(const struct sql_token *token, char sign);
/* Is the token at INDEX this unquoted word? False past the end. */
bool sql_is_word(const struct sql_tokens *all, size_t index, const char *word);

#endif
