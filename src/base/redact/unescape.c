/* Escapes read as what they stand for, however deep they are nested. Invariant: `pending` is empty or
 * begins with what may begin an escape; what an escape stands for is read again, so that %2526 is &. */
#include "private.h"

#include <ctype.h>
#include <limits.h>
#include <string.h>

#include "fsops/mem.h"

enum verdict { BROKEN, PARTIAL, WHOLE };

static int hex_value(uint8_t c)
{
	return isdigit(c) ? c - '0' : isxdigit(c) ? tolower(c) - 'a' + 10 : -1;
}

/* COUNT digits of BASE from FROM on. */
static enum verdict read_digits(
    const struct unescape *u, size_t from, size_t count, int base, unsigned *out)
{
	*out = 0;
	for (size_t i = 0; i < count; i++) {
		int value;

		if (from + i >= u->count)
			return PARTIAL;
		value = hex_value(u->pending[from + i].byte);
		if (value < 0 || value >= base)
			return BROKEN;
		*out = *out * (unsigned)base + (unsigned)value;
	}
	return from + count == u->count ? WHOLE : BROKEN;
}

/* Digits until END: \u{1F600}, &#38; */
#define CLOSED_DIGITS_MAX 8

static enum verdict read_closed(
    const struct unescape *u, size_t from, int base, char end, unsigned *out)
{
	*out = 0;
	for (size_t i = from; i < u->count; i++) {
		int value = hex_value(u->pending[i].byte);

		if (u->pending[i].byte == end)
			return i > from && i + 1 == u->count ? WHOLE : BROKEN;
		if (value < 0 || value >= base || i - from >= CLOSED_DIGITS_MAX)
			return BROKEN;
		*out = *out * (unsigned)base + (unsigned)value;
	}
	return PARTIAL;
}

/* The byte or character after a backslash: \u0026 \u{26} \U00000026 \x26 \x{26} \046 */
static enum verdict read_backslash(const struct unescape *u, size_t at, unsigned *out, bool *byte)
{
	uint8_t kind = u->pending[at].byte;
	bool brace = at + 1 < u->count && u->pending[at + 1].byte == '{';

	*byte = kind != 'u' && kind != 'U';
	if (brace && (kind == 'u' || kind == 'x')) {
		*byte = false;
		return read_closed(u, at + 2, 16, '}', out);
	}
	if (isdigit(kind))
		return kind <= '3' ? read_digits(u, at, 3, 8, out) : BROKEN;
	return read_digits(u, at + 1, kind == 'u' ? 4 : kind == 'U' ? 8 : 2, 16, out);
}

/* %26, and %u0026 of JavaScript's escape() */
static enum verdict read_percent(const struct unescape *u, size_t at, unsigned *out, bool *byte)
{
	bool wide =
	    at + 1 < u->count && u->pending[at + 1].byte == 'u' && !u->pending[at + 1].escaped;

	*byte = !wide;
	return wide ? read_digits(u, at + 2, 4, 16, out) : read_digits(u, at + 1, 2, 16, out);
}

#define ENTITY_NAME_MAX 8

static enum verdict read_name(const struct unescape *u, size_t at, unsigned *out)
{
	char name[ENTITY_NAME_MAX];
	size_t len = 0;

	for (size_t i = at + 1; i < u->count; i++) {
		if (u->pending[i].byte == ';') {
			*out = i + 1 == u->count ? entity_named(name, len) : 0;
			return *out ? WHOLE : BROKEN;
		}
		if (!isalnum(u->pending[i].byte) || len == ENTITY_NAME_MAX)
			return BROKEN;
		name[len++] = (char)u->pending[i].byte;
	}
	return PARTIAL;
}

static enum verdict read_entity(const struct unescape *u, size_t at, unsigned *out, bool *byte)
{
	*byte = false;
	if (at + 1 >= u->count || u->pending[at + 1].byte != '#')
		return read_name(u, at, out);
	if (at + 2 >= u->count)
		return PARTIAL;
	if (tolower(u->pending[at + 2].byte) == 'x')
		return read_closed(u, at + 3, 16, ';', out);
	return read_closed(u, at + 2, 10, ';', out);
}

/* U+00AD, U+200B to U+200D, U+2060, U+FEFF: nobody sees them. */
static const uint8_t unseen[][3] = {{0xC2, 0xAD}, {0xE2, 0x80, 0x8B}, {0xE2, 0x80, 0x8C},
    {0xE2, 0x80, 0x8D}, {0xE2, 0x81, 0xA0}, {0xEF, 0xBB, 0xBF}};

#define STANDS_FOR_NOTHING UINT_MAX

static enum verdict read_unseen(const struct unescape *u, size_t at, unsigned *out, bool *byte)
{
	size_t count = u->count - at;

	*out = STANDS_FOR_NOTHING;
	*byte = true;
	for (size_t i = 0; i < COUNT_OF(unseen); i++) {
		size_t len = unseen[i][2] ? 3 : 2;
		size_t k = 0;

		while (k < count && k < len && u->pending[at + k].byte == unseen[i][k])
			k++;
		if (k == count)
			return k == len ? WHOLE : PARTIAL;
	}
	return BROKEN;
}

/* Most characters that begin with the same byte are others: it need not be asked which. */
static bool goes_on_unseen(uint8_t byte)
{
	return byte == 0xAD || byte == 0x80 || byte == 0x81 || byte == 0xBB;
}

static bool begins_escape(const struct piece *piece)
{
	return piece->byte == '%' || piece->byte == '&' || piece->byte == unseen[0][0] ||
	       piece->byte == unseen[1][0] || piece->byte == unseen[5][0] ||
	       (piece->escaped &&
	           (strchr("uUx", piece->byte) || (piece->byte >= '0' && piece->byte <= '3')) &&
	           piece->byte);
}

static enum verdict read_escape(const struct unescape *u, size_t at, unsigned *out, bool *byte)
{
	if (u->pending[at].byte == '%')
		return read_percent(u, at, out, byte);
	if (u->pending[at].byte == '&')
		return read_entity(u, at, out, byte);
	if (u->pending[at].byte >= 0x80)
		return read_unseen(u, at, out, byte);
	return read_backslash(u, at, out, byte);
}

/* ---- what an escape stands for ---- */

#define UTF8_MAX 4

static size_t to_utf8(unsigned c, uint8_t out[UTF8_MAX])
{
	if (c < 0x80) {
		out[0] = (uint8_t)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (uint8_t)(0xC0 | c >> 6);
		out[1] = (uint8_t)(0x80 | (c & 0x3F));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (uint8_t)(0xE0 | c >> 12);
		out[1] = (uint8_t)(0x80 | (c >> 6 & 0x3F));
		out[2] = (uint8_t)(0x80 | (c & 0x3F));
		return 3;
	}
	out[0] = (uint8_t)(0xF0 | (c >> 18 & 7));
	out[1] = (uint8_t)(0x80 | (c >> 12 & 0x3F));
	out[2] = (uint8_t)(0x80 | (c >> 6 & 0x3F));
	out[3] = (uint8_t)(0x80 | (c & 0x3F));
	return 4;
}

static bool is_high(unsigned c)
{
	return c >= 0xD800 && c < 0xDC00;
}

/* Two halves of UTF-16, as JSON writes what is beyond U+FFFF, are one character. */
static bool join_halves(struct unescape *u, unsigned *character, size_t *start)
{
	unsigned high = u->high;

	u->high = 0;
	if (is_high(*character)) {
		u->high = *character;
		u->high_start = *start;
		return false;
	}
	if (high && *character >= 0xDC00 && *character < 0xE000) {
		*character = 0x10000 + ((high - 0xD800) << 10) + (*character - 0xDC00);
		*start = u->high_start;
	}
	return true;
}

static void replace(
    struct unescape *u, size_t at, unsigned character, bool byte, const struct unescape_out *out)
{
	size_t start = u->pending[at].start;
	size_t end = u->pending[u->count - 1].end;
	uint8_t bytes[UTF8_MAX];
	size_t count = 1;

	out->literal(out->ctx, u->pending, at, u->count);
	/* %5C before %75 is a backslash before a u; one as it stands is a shell's before the percent sign. */
	if (u->pending[at].before ||
	    (u->pending[at].escaped == SLASH_DECODED && strchr("%&", u->pending[at].byte)))
		u->slash = SLASH_DECODED;
	u->slash_start = start;
	u->count = at;
	if (character == STANDS_FOR_NOTHING) {
		u->slash = (enum slash)u->pending[at].escaped;
		u->before = u->pending[at].before;
		return;
	}
	if (byte)
		bytes[0] = (uint8_t)character;
	else if (join_halves(u, &character, &start))
		count = to_utf8(character, bytes);
	else
		return;
	for (size_t i = 0; i < count; i++)
		unescape_push(u,
		    (struct piece){.byte = bytes[i], .decoded = true, .start = start, .end = end},
		    out);
}

/* ---- the order of things ---- */

/* A terminal's sequence may be escaped in whole or in part. One that goes on until it is ended is not looked for here:
 * what an escape begins by chance would take all the rest away. */
static void give(struct unescape *u, const struct unescape_out *out, const struct piece *piece)
{
	if (controls_skip(&u->controls, piece)) {
		if (u->controls.state != CONTROLS_STRING)
			return;
		u->controls.state = CONTROLS_NONE;
	}
	out->settled(out->ctx, piece);
}

static void settle(struct unescape *u, size_t count, const struct unescape_out *out)
{
	for (size_t i = 0; i < count; i++)
		give(u, out, &u->pending[i]);
	u->count -= count;
	memmove(u->pending, u->pending + count, u->count * sizeof(u->pending[0]));
}

/* The last beginning of an escape is judged first: what is inside an escape is a part of it. While it may
 * still become one, those before it are judged by what they are without it. */
static void judge(struct unescape *u, const struct unescape_out *out)
{
	size_t first = u->count; /* the first that may still become one */
	size_t count = u->count;

	for (size_t at = u->count; at-- > 0;) {
		unsigned character = 0;
		bool byte = false;
		enum verdict verdict;

		if (!begins_escape(&u->pending[at]))
			continue;
		u->count = first;
		verdict = read_escape(u, at, &character, &byte);
		u->count = count;
		if (verdict == WHOLE) {
			replace(u, at, character, byte, out);
			return;
		}
		if (verdict == PARTIAL)
			first = at;
	}
	settle(u, first, out);
}

/* A backslash or a quote. */
static void read_slash(struct unescape *u, const struct piece *piece)
{
	bool slash = piece->byte == '\\';

	if (slash && !u->slash)
		u->slash_start = piece->start;
	u->before =
	    slash && !piece->decoded && (u->slash == SLASH_DECODED || (u->slash && u->before));
	u->slash = !slash ? SLASH_NONE : piece->decoded ? SLASH_DECODED : SLASH_PLAIN;
}

void unescape_push(struct unescape *u, struct piece piece, const struct unescape_out *out)
{
	int unit = redact_units[piece.byte];

	if (unit == UNIT_DROPPED) {
		read_slash(u, &piece);
		if (++u->dropped > REDACT_GAP_MAX)
			unescape_finish(u, out);
		return;
	}
	u->dropped = 0;
	if (u->slash) {
		piece.escaped = (uint8_t)u->slash;
		piece.before = u->before;
		piece.start = u->slash_start;
		u->slash = SLASH_NONE;
	}
	if (u->count == 1 && u->pending[0].byte >= 0x80 && !goes_on_unseen(piece.byte)) {
		u->count = 0;
		give(u, out, &u->pending[0]);
	}
	if (!u->count && piece.byte >= 0x80 && begins_escape(&piece)) {
		u->pending[u->count++] = piece;
		return;
	}
	if (!u->count && !begins_escape(&piece)) {
		u->high = 0;
		give(u, out, &piece);
		return;
	}
	if (u->count == PENDING_MAX)
		settle(u, 1, out);
	u->pending[u->count++] = piece;
	judge(u, out);
}

void unescape_reset(struct unescape *u)
{
	u->count = u->dropped = 0;
	u->slash = SLASH_NONE;
	u->high = 0;
	u->before = false;
	u->controls = (struct controls){0};
}

void unescape_finish(struct unescape *u, const struct unescape_out *out)
{
	settle(u, u->count, out);
	u->slash = SLASH_NONE;
	u->high = 0;
	u->controls.state = CONTROLS_NONE;
}

size_t unescape_start(const struct unescape *u, size_t none)
{
	size_t start = none;

	if (u->slash && u->slash_start < start)
		start = u->slash_start;
	if (u->high && u->high_start < start)
		start = u->high_start;
	if (u->count && u->pending[0].start < start)
		start = u->pending[0].start;
	return start;
}
