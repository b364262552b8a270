/*
 * SQL as tokens, as PostgreSQL's own scanner cuts them (comments nest, '…' "…" E'…' $tag$…$tag$):
 * enough to tell that it is one statement and where its parameters stand.
 *
 * Invariant: what never closes is the last token, and nothing behind it is looked at.
 */
#include "sql.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fsops/mem.h"
#include "fsops/value.h"
#include "postgres.h"

/* --- cutting --- */

static bool word_start(unsigned char c)
{
	return isalpha(c) || c == '_' || c >= 0x80;
}

static bool word_part(unsigned char c)
{
	return word_start(c) || isdigit(c) || c == '$';
}

/* Of a text from its opening quote to its closing one, 0 when it is open. */
static size_t quoted_len(const char *text, bool backslash)
{
	char quote = text[0];
	size_t i = 1;

	for (; text[i]; i++) {
		if (backslash && text[i] == '\\' && text[i + 1])
			i++;
		else if (text[i] == quote && text[i + 1] == quote)
			i++;
		else if (text[i] == quote)
			return i + 1;
	}
	return 0;
}

/* $tag$ … $tag$; TEXT is at the first $. 0: open; SIZE_MAX: no such quote begins here. */
static size_t dollar_len(const char *text)
{
	size_t tag = 1;
	const char *at;

	if (text[1] != '$' && !word_start((unsigned char)text[1]))
		return SIZE_MAX;
	while (text[tag] != '$' && word_part((unsigned char)text[tag]))
		tag++;
	if (text[tag] != '$')
		return SIZE_MAX;
	tag++;
	for (at = text + tag; (at = strchr(at, '$')); at++)
		if (strncmp(at, text, tag) == 0)
			return (size_t)(at - text) + tag;
	return 0;
}

/* A comment that nests, 0 when it is open. */
static size_t comment_len(const char *text)
{
	int depth = 0;

	for (size_t i = 0; text[i]; i++) {
		if (text[i] == '/' && text[i + 1] == '*') {
			depth++;
			i++;
		} else if (text[i] == '*' && text[i + 1] == '/') {
			i++;
			if (--depth == 0)
				return i + 1;
		}
	}
	return 0;
}

static const char *skip_blank(const char *text)
{
	for (;;) {
		size_t len;

		text += strspn(text, " \t\r\n\f\v");
		if (strncmp(text, "--", 2) == 0) {
			text += strcspn(text, "\r\n");
			continue;
		}
		len = strncmp(text, "/*", 2) == 0 ? comment_len(text) : 0;
		if (!len)
			return text;
		text += len;
	}
}

static size_t word_len(const char *text, struct sql_token *token)
{
	size_t len = 1;

	while (word_part((unsigned char)text[len]))
		len++;
	if (len == 1 && strchr("eE", text[0]) && text[1] == '\'') {
		token->kind = SQL_TEXT;
		len = quoted_len(text + 1, true);
		return len ? len + 1 : 0;
	}
	if (len == 1 && strchr("uU", text[0]) && text[1] == '&' && text[2] == '"') {
		token->kind = SQL_NAME;
		len = quoted_len(text + 2, false);
		return len ? len + 2 : 0;
	}
	token->kind = SQL_WORD;
	return len;
}

static size_t dollar_token(const char *text, struct sql_token *token)
{
	size_t len;

	if (isdigit((unsigned char)text[1])) {
		token->kind = SQL_PARAM;
		return 1 + strspn(text + 1, "0123456789");
	}
	len = dollar_len(text);
	token->kind = len == SIZE_MAX ? SQL_SIGN : SQL_TEXT;
	return len == SIZE_MAX ? 1 : len;
}

/* The length of the token at TEXT; 0: it is open. */
static size_t token_len(const char *text, struct sql_token *token)
{
	unsigned char c = (unsigned char)text[0];

	if (word_start(c))
		return word_len(text, token);
	if (c == '\'' || c == '"') {
		token->kind = c == '"' ? SQL_NAME : SQL_TEXT;
		return quoted_len(text, false);
	}
	if (c == '$')
		return dollar_token(text, token);
	if (isdigit(c)) {
		token->kind = SQL_NUMBER;
		return strspn(text, "0123456789.");
	}
	token->kind = SQL_SIGN;
	return strncmp(text, "/*", 2) == 0 ? 0 : 1;
}

bool sql_is_sign(const struct sql_token *token, char sign)
{
	return token->kind == SQL_SIGN && token->text[0] == sign;
}

void sql_cut(const char *sql, struct sql_tokens *out)
{
	const char *at = skip_blank(sql);
	int depth = 0;

	*out = (struct sql_tokens){0};
	for (; *at; at = skip_blank(at)) {
		struct sql_token token = {.text = at};
		size_t len = token_len(at, &token);

		if (!len)
			token.kind = SQL_OPEN;
		if (sql_is_sign(&token, ')'))
			depth--;
		token.len = len;
		token.depth = depth;
		if (sql_is_sign(&token, '('))
			depth++;
		MEM_PUSH_ROOM(out->items, out->count);
		out->items[out->count++] = token;
		if (!len)
			break;
		at += len;
	}
}

bool sql_is_word(const struct sql_tokens *all, size_t index, const char *word)
{
	const struct sql_token *token = index < all->count ? &all->items[index] : NULL;

	return token && token->kind == SQL_WORD && strlen(word) == token->len &&
	       strncasecmp(token->text, word, token->len) == 0;
}

/* --- one statement, alone --- */

/* Statements that make no sense alone on a connection of their own. */
static const struct {
	const char *head;
	const char *why;
} refused[] = {
    {"begin", "each action is a transaction of its own"},
    {"start", "each action is a transaction of its own"},
    {"commit", "each action is a transaction of its own"},
    {"end", "each action is a transaction of its own"},
    {"rollback", "each action is a transaction of its own"},
    {"abort", "each action is a transaction of its own"},
    {"savepoint", "each action is a transaction of its own"},
    {"release", "each action is a transaction of its own"},
    {"declare", "each action has a session of its own; use SELECT … LIMIT"},
    {"fetch", "each action has a session of its own; use SELECT … LIMIT"},
    {"move", "each action has a session of its own; use SELECT … LIMIT"},
    {"close", "each action has a session of its own"},
    {"listen", "each action has a session of its own"},
    {"copy", "it needs a stream of data; use SELECT, or `shell:` with psql"},
};

static int check_place(const char *sql, const char *at, const char *what, struct err *err)
{
	size_t chars = 1;
	int line;
	int col;

	for (const char *c = sql; c < at; c++)
		chars += ((unsigned char)*c & 0xC0) != 0x80;
	sql_place(sql, chars, &line, &col);
	return err_set(err, ERR_INPUT, "%s at line %d, column %d of the SQL", what, line, col);
}

static int check_open(const char *sql, const struct sql_token *last, struct err *err)
{
	const char *what = last->text[0] == '/'   ? "a comment that is never closed"
	                   : last->text[0] == '"' ? "a quoted name that is never closed"
	                                          : "a string that is never closed";

	return check_place(sql, last->text, what, err);
}

static int check_one(const char *sql, const struct sql_tokens *all, struct err *err)
{
	for (size_t i = 0; i < all->count; i++) {
		if (!sql_is_sign(&all->items[i], ';'))
			continue;
		while (i + 1 < all->count && sql_is_sign(&all->items[i + 1], ';'))
			i++;
		if (i + 1 < all->count)
			return check_place(sql, all->items[i + 1].text,
			    "a second statement (write one statement for each action)", err);
	}
	return 0;
}

static int check_head(const struct sql_tokens *all, struct err *err)
{
	if (sql_is_sign(&all->items[0], '\\'))
		return err_set(err, ERR_INPUT, "a command of psql (\\…) is not SQL");
	for (size_t i = 0; i < COUNT_OF(refused); i++)
		if (sql_is_word(all, 0, refused[i].head))
			return err_set(err, ERR_INPUT, "%.*s can't be used here: %s",
			    (int)all->items[0].len, all->items[0].text, refused[i].why);
	return 0;
}

int sql_check(const char *sql, struct err *err)
{
	struct sql_tokens all;
	int result = -1;

	sql_cut(sql, &all);
	if (!all.count || sql_is_sign(&all.items[0], ';'))
		err_set(err, ERR_INPUT, "the SQL is empty");
	else if (all.items[all.count - 1].kind == SQL_OPEN)
		check_open(sql, &all.items[all.count - 1], err);
	else if (check_one(sql, &all, err) == 0)
		result = check_head(&all, err);
	free(all.items);
	return result;
}

void sql_place(const char *sql, size_t chars, int *line, int *col)
{
	*line = 1;
	*col = 1;
	for (; *sql && chars > 1; sql++) {
		if (((unsigned char)sql[1] & 0xC0) == 0x80)
			continue; /* in the middle of a character */
		chars--;
		if (*sql == '\n') {
			++*line;
			*col = 1;
		} else {
			++*col;
		}
	}
}

/* --- parameters as literals --- */

static void add_literal(const json_t *value, struct buf *out)
{
	char *text;

	if (!value || json_is_null(value)) {
		buf_adds(out, "NULL");
		return;
	}
	text = value_to_text(value);
	/* A backslash means itself only while standard_conforming_strings is on: E'…' always works. */
	buf_adds(out, strchr(text, '\\') ? " E'" : "'");
	for (const char *c = text; *c; c++) {
		if (*c == '\'' || *c == '\\')
			buf_addc(out, *c);
		buf_addc(out, *c);
	}
	buf_addc(out, '\'');
	free(text);
}

void sql_fill(const char *sql, const json_t *params, struct buf *out)
{
	const char *done = sql;
	struct sql_tokens all;

	sql_cut(sql, &all);
	for (size_t i = 0; i < all.count; i++) {
		const struct sql_token *token = &all.items[i];
		unsigned long number;

		if (token->kind != SQL_PARAM)
			continue;
		number = strtoul(token->text + 1, NULL, 10);
		if (number < 1 || number > json_array_size(params))
			continue;
		buf_add(out, done, (size_t)(token->text - done));
		add_literal(json_array_get(params, number - 1), out);
		done = token->text + token->len;
	}
	buf_adds(out, done);
	free(all.items);
}
