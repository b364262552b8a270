/*
 * A mistake in an expression: its line, and a caret under its place.
 *
 * Invariant: what is printed is harmless, and the caret stands under the first column of what is
 * meant, however wide the characters before it are. Of a long line the part around it is shown.
 */
#include <string.h>

#include "fsops/ui.h"
#include "safe.h"

#define INDENT      2
#define WIDTH_UNCUT 160 /* where nobody says how wide it may be */

/* The line that a place is on, cut in three. */
struct excerpt {
	const char *line;
	size_t before; /* bytes of the line before the place, */
	size_t marked; /* of what is meant, */
	size_t after;  /* and after it */
	int number;    /* lines before it */
};

static struct excerpt find(const char *text, size_t len, const struct expr_error *error)
{
	size_t offset = error->offset < len ? error->offset : len;
	struct excerpt at = {.line = text};
	const char *end;

	for (size_t i = 0; i < offset; i++) {
		if (text[i] == '\n') {
			at.line = text + i + 1;
			at.number++;
		}
	}
	end = memchr(at.line, '\n', len - (size_t)(at.line - text));
	end = end ? end : text + len;
	if (end > at.line && end[-1] == '\r')
		end--;
	at.before = (size_t)(text + offset - at.line);
	if (at.line + at.before > end)
		at.before = (size_t)(end - at.line);
	at.after = (size_t)(end - at.line) - at.before;
	at.marked = error->length < at.after ? error->length : at.after;
	at.after -= at.marked;
	return at;
}

/* Characters in LEN bytes. */
static int count_chars(const char *text, size_t len)
{
	int count = 0;

	for (size_t i = 0; i < len; i++)
		count += ((unsigned char)text[i] & 0xC0) != 0x80;
	return count;
}

/* Drop the first columns of LINE when BEFORE of them are more than a third of what there is room
 * for; returns how many of BEFORE are left. */
static int cut_front(struct buf *line, int before, int width, const char *mark)
{
	size_t skipped;

	if (before <= width - width / 3)
		return before;
	skipped = safe_fit(line->data, line->len, before - width / 3);
	before -= safe_width(line->data, skipped);
	buf_consume(line, skipped);
	return before + safe_width(mark, strlen(mark));
}

static void add_repeated(struct buf *out, char c, int count)
{
	while (count-- > 0)
		buf_addc(out, c);
}

static void add_excerpt(struct buf *out, const struct excerpt *at, const struct look *look)
{
	const char *mark = look->utf8 ? "…" : "...";
	int width = (look->width ? look->width : WIDTH_UNCUT) - INDENT;
	int whole;
	int before;
	int marked;
	struct buf line;

	buf_init(&line, UI_TEXT_MAX);
	safe_add(&line, at->line, at->before);
	before = safe_width(line.data, line.len);
	safe_add(&line, at->line + at->before, at->marked);
	marked = safe_width(line.data, line.len) - before;
	safe_add(&line, at->line + at->before + at->marked, at->after);
	whole = before;
	before = cut_front(&line, before, width, mark);
	add_repeated(out, ' ', INDENT);
	if (before != whole)
		buf_adds(out, mark);
	safe_add_cut(out, line.data, line.len, width - (before != whole ? 3 : 0), look->utf8);
	buf_addc(out, '\n');
	add_repeated(out, ' ', INDENT + before);
	buf_addc(out, '^');
	add_repeated(out, '~', (marked < width - before ? marked : width - before) - 1);
	buf_addc(out, '\n');
	buf_release(&line);
}

void print_mistake(struct buf *out, struct pos begin, const char *text, size_t len,
    const struct expr_error *error, const struct look *look)
{
	struct excerpt at = find(text, len, error);
	int col = count_chars(at.line, at.before) + (at.number ? 1 : begin.col);

	buf_addf(out, "%s:%d:%d: %s\n", begin.file, begin.line + at.number, col, error->text);
	add_excerpt(out, &at, look);
}
