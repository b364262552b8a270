/* Text made harmless for a terminal. Invariant: what safe_add() adds holds no control
 * character (C0, DEL, C1), no bidirectional override and only well-formed UTF-8. */
#include "safe.h"

#include <stdint.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/ui.h"

#define TAB 8

struct range {
	uint32_t first;
	uint32_t last;
};

/* Format characters that reorder or hide text (Unicode 15: bidi controls, zero-width and
 * separator characters, tags). U+200C and U+200D are kept: scripts and emoji need them. */
static const struct range hidden[] = {
    {0x0080, 0x009F},
    {0x061C, 0x061C},
    {0x200B, 0x200B},
    {0x200E, 0x200F},
    {0x2028, 0x202E},
    {0x2060, 0x2069},
    {0xFEFF, 0xFEFF},
    {0xFFF9, 0xFFFB},
    {0xE0000, 0xE007F},
};

/* Characters that take no column of their own. */
static const struct range combining[] = {
    {0x0300, 0x036F},
    {0x0483, 0x0489},
    {0x0591, 0x05BD},
    {0x0610, 0x061A},
    {0x064B, 0x065F},
    {0x0E31, 0x0E31},
    {0x0E34, 0x0E3A},
    {0x1AB0, 0x1AFF},
    {0x1DC0, 0x1DFF},
    {0x200C, 0x200D},
    {0x20D0, 0x20FF},
    {0xFE00, 0xFE0F},
    {0xFE20, 0xFE2F},
    {0x1F3FB, 0x1F3FF},
    {0xE0100, 0xE01EF},
};

/* Characters that take two (East Asian wide, emoji). */
static const struct range wide[] = {
    {0x1100, 0x115F},
    {0x231A, 0x231B},
    {0x23E9, 0x23EC},
    {0x2614, 0x2615},
    {0x26A1, 0x26A1},
    {0x2705, 0x2705},
    {0x274C, 0x274C},
    {0x2E80, 0x303E},
    {0x3041, 0xA4CF},
    {0xAC00, 0xD7A3},
    {0xF900, 0xFAFF},
    {0xFE30, 0xFE6F},
    {0xFF00, 0xFF60},
    {0xFFE0, 0xFFE6},
    {0x1F300, 0x1F64F},
    {0x1F680, 0x1F6FF},
    {0x1F900, 0x1F9FF},
    {0x20000, 0x3FFFD},
};

static bool in_ranges(uint32_t c, const struct range *ranges, size_t count)
{
	for (size_t i = 0; i < count && ranges[i].first <= c; i++)
		if (c <= ranges[i].last)
			return true;
	return false;
}

static int columns_of(uint32_t c)
{
	if (c < 0x300)
		return 1;
	if (in_ranges(c, combining, COUNT_OF(combining)))
		return 0;
	return in_ranges(c, wide, COUNT_OF(wide)) ? 2 : 1;
}

/* Decode one character. Returns its length, or 0 when the bytes are not well-formed UTF-8. */
static size_t decode(const char *text, size_t len, uint32_t *out)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *at = (const unsigned char *)text;
	size_t need = at[0] < 0x80 ? 1 : at[0] < 0xC0 ? 0 : at[0] < 0xE0 ? 2 : at[0] < 0xF0 ? 3 : 4;
	uint32_t c;

	if (need == 0 || need > len || at[0] > 0xF4)
		return 0;
	c = need == 1 ? at[0] : at[0] & (0xFFu >> (need + 1));
	for (size_t i = 1; i < need; i++) {
		if ((at[i] & 0xC0) != 0x80)
			return 0;
		c = c << 6 | (at[i] & 0x3Fu);
	}
	if (c < least[need] || (c >= 0xD800 && c <= 0xDFFF) || c > 0x10FFFF)
		return 0;
	*out = c;
	return need;
}

static void add_blanks(struct buf *out, int count)
{
	while (count-- > 0)
		buf_addc(out, ' ');
}

/* One character, harmless; COLUMN is where on the line it stands. Returns its columns. */
static int add_char(struct buf *out, const char *text, size_t step, uint32_t c, int column)
{
	size_t before = out->len;

	if (c == '\t') {
		add_blanks(out, TAB - column % TAB);
		return TAB - column % TAB;
	}
	if (step && c >= ' ' && c != 0x7F && !in_ranges(c, hidden, COUNT_OF(hidden))) {
		buf_add(out, text, step);
		return columns_of(c);
	}
	if (c == '\n')
		buf_adds(out, "\\n");
	else if (c <= 0xFF)
		buf_addf(out, "\\x%02x", (unsigned)c);
	else
		buf_addf(out, "\\u%04x", (unsigned)c);
	return (int)(out->len - before);
}

/* How many characters of TEXT, up to the first that is not, are printable ASCII: all of most texts. */
static size_t plain_len(const char *text, size_t len)
{
	size_t i = 0;

	while (i < len && text[i] >= ' ' && text[i] < 0x7F)
		i++;
	return i;
}

void safe_add(struct buf *out, const char *text, size_t len)
{
	int column = 0;

	for (size_t i = 0; i < len;) {
		uint32_t c = (unsigned char)text[i];
		size_t plain = plain_len(text + i, len - i);
		size_t step;

		if (plain) {
			buf_add(out, text + i, plain);
			column += (int)plain;
			i += plain;
			continue;
		}
		step = decode(text + i, len - i, &c);
		column += add_char(out, text + i, step, c, column);
		i += step ? step : 1;
	}
}

void safe_adds(struct buf *out, const char *text)
{
	if (text)
		safe_add(out, text, strlen(text));
}

void print_safe(struct buf *out, const char *text, size_t len)
{
	safe_add(out, text, len);
}

int safe_width(const char *text, size_t len)
{
	return (int)safe_fit(text, len, -1);
}

/* WIDTH < 0: count the columns of the whole text instead. */
size_t safe_fit(const char *text, size_t len, int width)
{
	int column = 0;
	size_t i = 0;

	while (i < len) {
		uint32_t c = (unsigned char)text[i];
		size_t step = decode(text + i, len - i, &c);
		int columns = columns_of(c);

		if (width >= 0 && column + columns > width)
			return i;
		column += columns;
		i += step ? step : 1;
	}
	return width < 0 ? (size_t)column : len;
}

void safe_add_cut(struct buf *out, const char *text, size_t len, int width, bool utf8)
{
	const char *mark = utf8 ? "…" : "...";
	int mark_width = utf8 ? 1 : 3;
	size_t start = out->len;
	size_t fit;

	/* A character takes one byte at least and at most four: no need to look further. */
	if (width > 0 && len > (size_t)width * 8)
		len = (size_t)width * 8;
	safe_add(out, text, len);
	if (width <= 0 || safe_width(out->data + start, out->len - start) <= width)
		return;
	fit = safe_fit(
	    out->data + start, out->len - start, width > mark_width ? width - mark_width : 0);
	out->len = start + fit;
	out->data[out->len] = '\0';
	buf_adds(out, mark);
}

bool next_line(const char **at, const char *end, const char **line, size_t *len)
{
	const char *stop;

	if (*at >= end)
		return false;
	stop = memchr(*at, '\n', (size_t)(end - *at));
	*line = *at;
	*len = (size_t)((stop ? stop : end) - *at);
	*at = stop ? stop + 1 : end;
	if (*len && (*line)[*len - 1] == '\r')
		--*len;
	return true;
}
