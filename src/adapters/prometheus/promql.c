/*
 * Puts values into PromQL. Invariant: a value that stands in a text ends in that text, and one that was found is
 * outside of texts no more than a name or a number.
 *
 * A text is in "…" or '…', where a backslash escapes, or in `…`, where nothing does. From # to the end of its
 * line is a comment.
 */
#include "promql.h"

#include <string.h>

/* What a value may be made of outside of texts. */
#define NAMES "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_:."

/* The same, and what needs no escape in a text, as tr(1) takes them. */
#define PLAIN_NAME "A-Za-z0-9_:."
#define PLAIN_TEXT "A-Za-z0-9 _:./@%+=,;|*()?^$~-"

#define SHOWN 200

struct query {
	struct buf *out;
	char quote;   /* of the text that OUT ends in; '#': it ends in a comment; 0: in neither */
	bool escaped; /* … right behind a backslash that counts */
	struct err *err;
};

static void read_in_text(struct query *q, char c)
{
	bool raw = q->quote == '`';

	if (!q->escaped && c == q->quote)
		q->quote = 0;
	q->escaped = !raw && !q->escaped && c == '\\';
}

/* Add what means what it says, and see where it leads. */
static void read_on(struct query *q, const char *text)
{
	buf_adds(q->out, text);
	for (; *text; text++) {
		if (q->quote == '#')
			q->quote = *text == '\n' ? 0 : '#';
		else if (q->quote)
			read_in_text(q, *text);
		else if (strchr("\"'`#", *text))
			q->quote = *text;
	}
}

static bool in_text(const struct query *q)
{
	return q->quote && q->quote != '#' && !q->escaped;
}

static int add_raw(struct query *q, const char *text)
{
	if (strchr(text, '`'))
		return err_set(q->err, ERR_INPUT,
		    "the value '%.*s' was filled into a text in backquotes and would end it: write "
		    "that text in double quotes",
		    SHOWN, text);
	buf_adds(q->out, text);
	return 0;
}

static int add_escaped(struct query *q, const char *text)
{
	for (; *text; text++) {
		if (*text == '\\' || *text == q->quote)
			buf_addc(q->out, '\\');
		if (*text == '\n')
			buf_adds(q->out, "\\n");
		else
			buf_addc(q->out, *text);
	}
	return 0;
}

/* Outside of texts. */
static int add_bare(struct query *q, const struct embed_piece *piece)
{
	bool name = *piece->text && !piece->text[strspn(piece->text, NAMES)];

	if (piece->from == EMBED_FOUND && !name && !piece->number)
		return err_set(q->err, ERR_INPUT,
		    "the value '%.*s' was filled in outside of quotes, where it would be a part of "
		    "the query's language: there it may only hold letters, digits, '_', ':' and "
		    "'.'; put it in quotes, or make it a number with double(…)",
		    SHOWN, piece->text);
	read_on(q, piece->text);
	return 0;
}

static int add_value(struct query *q, const struct embed_piece *piece)
{
	if (!in_text(q))
		return add_bare(q, piece);
	return q->quote == '`' ? add_raw(q, piece->text) : add_escaped(q, piece->text);
}

static void add_unknown(struct query *q, struct embed_piece *piece)
{
	if (in_text(q))
		piece->plain = PLAIN_TEXT;
	else if (piece->from == EMBED_FOUND)
		piece->plain = PLAIN_NAME;
	buf_adds(q->out, piece->text);
	q->escaped = false;
}

int promql_embed(struct embed_piece *pieces, size_t count, struct buf *out, struct err *err)
{
	struct query q = {.out = out, .err = err};

	for (size_t i = 0; i < count; i++) {
		if (pieces[i].from == EMBED_WRITTEN)
			read_on(&q, pieces[i].text);
		else if (!pieces[i].known)
			add_unknown(&q, &pieces[i]);
		else if (add_value(&q, &pieces[i]) < 0)
			return -1;
	}
	return 0;
}
