/* Text from outside in Markdown. Invariant: what Markdown gives a meaning to is escaped, and a fence is
 * longer than every row of backquotes inside of it. */
#include "markdown.h"

#include <stdbool.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/ui.h"
#include "safe.h"

/* Characters that mean something; those of HTML and of tables as entities, because in a table a
 * backslash is taken away before the text is read. */
static const char *const marks[128] = {
    ['\\'] = "&#92;",
    ['`'] = "&#96;",
    ['*'] = "\\*",
    ['_'] = "\\_",
    ['['] = "\\[",
    [']'] = "\\]",
    ['#'] = "\\#",
    ['~'] = "\\~",
    ['!'] = "\\!",
    ['$'] = "\\$",
    ['<'] = "&lt;",
    ['>'] = "&gt;",
    ['&'] = "&amp;",
    ['|'] = "&#124;",
};

static bool is_word(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* What has a meaning only beside something else stays as it is elsewhere: it reads better. */
static bool is_plain(const char *text, size_t i)
{
	char next = text[i + 1];

	switch (text[i]) {
	case '_': /* error_rate is not emphasis */
		return i && is_word(text[i - 1]) && is_word(next);
	case '&':
		return !is_word(next) && next != '#';
	case '<':
		return !is_word(next) && !(next && strchr("/!?", next));
	case '>':
		return i > 0;
	case '!':
		return next != '[';
	default:
		return false;
	}
}

/* At the beginning of a paragraph "- x", "+ x" and "1. x" would begin a list. */
static const char *add_beginning(struct buf *out, const char *text)
{
	size_t digits;
	const char *mark;

	text += strspn(text, " ");
	digits = strspn(text, "0123456789");
	mark = text + digits;
	buf_add(out, text, digits);
	if (*mark && strchr(digits ? ".)" : "-+", *mark) && (mark[1] == ' ' || !mark[1]))
		buf_addc(out, '\\');
	return mark;
}

static void add_escaped(struct buf *out, const char *text)
{
	text = add_beginning(out, text);
	for (size_t i = 0; text[i]; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c < 128 && marks[c] && !is_plain(text, i))
			buf_adds(out, marks[c]);
		else
			buf_addc(out, text[i]);
	}
}

void md_text(struct buf *out, const char *text)
{
	struct buf safe;

	buf_init(&safe, UI_TEXT_MAX);
	safe_adds(&safe, text);
	add_escaped(out, safe.data);
	out->full = out->full || safe.full;
	buf_release(&safe);
}

void md_textf(struct buf *out, const char *fmt, ...)
{
	struct buf text;
	va_list args;

	buf_init(&text, UI_TEXT_MAX);
	va_start(args, fmt);
	buf_vaddf(&text, fmt, args);
	va_end(args);
	md_text(out, text.data);
	out->full = out->full || text.full;
	buf_release(&text);
}

static size_t longest_row(const char *text, char of)
{
	size_t longest = 0;
	size_t row = 0;

	for (; *text; text++) {
		row = *text == of ? row + 1 : 0;
		if (row > longest)
			longest = row;
	}
	return longest;
}

static void add_row(struct buf *out, char c, size_t count)
{
	while (count-- > 0)
		buf_addc(out, c);
}

/* A span of backquotes can hold no backquote of its own, no bar (in a table) and, at its ends, no
 * blank: those go in HTML, where nothing but the marks above means anything. */
void md_code(struct buf *out, const char *text)
{
	size_t len = text ? strlen(text) : 0;
	struct buf safe;

	if (!len || strpbrk(text, "`|\\") || text[0] == ' ' || text[len - 1] == ' ') {
		buf_adds(out, "<code>");
		md_text(out, text);
		buf_adds(out, "</code>");
		return;
	}
	buf_init(&safe, UI_TEXT_MAX);
	safe_adds(&safe, text);
	/* What was made harmless may hold a backslash now: in a span that is a character. */
	buf_addf(out, "`%s`", safe.data);
	out->full = out->full || safe.full;
	buf_release(&safe);
}

static size_t count_lines(const char *text, size_t len)
{
	const char *at = text;
	const char *line;
	size_t count = 0;

	while (next_line(&at, text + len, &line, &(size_t){0}))
		count++;
	return count;
}

static void add_lines(struct buf *body, const char *text, size_t len, size_t all)
{
	bool whole = all <= MD_HEAD_LINES + MD_TAIL_LINES;
	const char *at = text;
	const char *line;
	size_t size;

	for (size_t i = 0; next_line(&at, text + len, &line, &size); i++) {
		if (whole || i < MD_HEAD_LINES || i >= all - MD_TAIL_LINES) {
			safe_add_cut(body, line, size, MD_COLUMNS, true);
			buf_addc(body, '\n');
		} else if (i == MD_HEAD_LINES) {
			buf_addf(body, "[… %zu lines left out …]\n",
			    all - MD_HEAD_LINES - MD_TAIL_LINES);
		}
	}
}

size_t md_fence(struct buf *out, const char *language, const char *text, size_t len)
{
	size_t lines = count_lines(text, len);
	struct buf body;
	size_t row;

	buf_init(&body, UI_TEXT_MAX);
	add_lines(&body, text, len, lines);
	row = longest_row(body.data, '`') + 1;
	if (row < 3)
		row = 3;
	add_row(out, '`', row);
	buf_addf(out, "%s\n", language);
	buf_add(out, body.data, body.len);
	add_row(out, '`', row);
	buf_addc(out, '\n');
	out->full = out->full || body.full;
	buf_release(&body);
	return lines;
}
