/*
 * The ways in which tools print a text, each written apart from what reads them: what the tests of masking
 * are made of. Each adds IN, encoded, to OUT; `next` says what is left open (which characters, upper or lower
 * case, where lines are wrapped).
 */
#ifndef ENCODERS_H
#define ENCODERS_H

#include <ctype.h>
#include <stdint.h>
#include <string.h>

#include "fsops/buf.h"
#include "fsops/mem.h"

struct choices {
	uint64_t state;
	const uint8_t *data; /* of a fuzzer, when not NULL */
	size_t left;
	bool
	    first; /* nothing is encoded yet: what escapes every letter, too, does it to a plain text */
};

/* Below MAX. Else it is xorshift64 (Marsaglia). */
static inline unsigned choose(struct choices *c, unsigned max)
{
	if (c->data) {
		if (!c->left)
			return 0;
		c->left--;
		return *c->data++ % max;
	}
	c->state ^= c->state << 13;
	c->state ^= c->state >> 7;
	c->state ^= c->state << 17;
	return (unsigned)(c->state >> 20) % max;
}

#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* formats are chosen from tables */

typedef void encoder_fn(struct choices *next, const struct buf *in, struct buf *out);

/* ---- characters of their own ---- */

static inline void as_json(struct choices *next, const struct buf *in, struct buf *out)
{
	bool go = choose(next, 2); /* \u0026 for & < > */
	bool slash = choose(next, 3) == 0;

	for (size_t i = 0; i < in->len; i++) {
		uint8_t c = (uint8_t)in->data[i];

		if (c == '"' || c == '\\' || (c == '/' && slash))
			buf_addf(out, "\\%c", c);
		else if (c == '\n' || c == '\t')
			buf_adds(out, c == '\n' ? "\\n" : "\\t");
		else if (c < ' ' || (go && strchr("&<>'", c)))
			buf_addf(out, "\\u%04x", c);
		else
			buf_addc(out, (char)c);
	}
}

static inline void as_unicode(struct choices *next, const struct buf *in, struct buf *out)
{
	static const char *const formats[] = {
	    "\\u%04x", "\\u%04X", "\\x%02x", "\\x%02X", "\\u{%x}", "\\U%08x", "\\%03o", "%%u%04X"};
	const char *format = formats[choose(next, 8)];
	bool all = choose(next, 2) && next->first;

	if (!next->first && memchr(in->data, '\\', in->len)) {
		as_json(
		    next, in, out); /* a backslash within JSON is doubled, not written as \x5c */
		return;
	}

	for (size_t i = 0; i < in->len; i++) {
		uint8_t c = (uint8_t)in->data[i];

		if (c < 0x80 && (all || !isalnum(c)))
			buf_addf(out, format, c);
		else
			buf_addc(out, (char)c);
	}
}

static inline void as_percent(struct choices *next, const struct buf *in, struct buf *out)
{
	static const char *const safe[] = {"", "-._~", "/", "/:@-._~", "!*'()-._", "*-._"};
	const char *kept = safe[choose(next, 6)];
	const char *format = choose(next, 2) ? "%%%02X" : "%%%02x";
	bool plus = choose(next, 2);
	bool all = choose(next, 4) == 0 && next->first;

	for (size_t i = 0; i < in->len; i++) {
		uint8_t c = (uint8_t)in->data[i];

		if (c == ' ' && plus)
			buf_addc(out, '+');
		else if (!all && c && (isalnum(c) || strchr(kept, c)))
			buf_addc(out, (char)c);
		else
			buf_addf(out, format, c);
	}
}

static inline const char *entity_name(uint8_t c)
{
	return c == '&'    ? "amp"
	       : c == '<'  ? "lt"
	       : c == '>'  ? "gt"
	       : c == '"'  ? "quot"
	       : c == '\'' ? "apos"
	       : c == '@'  ? "commat"
	       : c == '/'  ? "sol"
	       : c == '+'  ? "plus"
	                   : NULL;
}

static inline void as_entities(struct choices *next, const struct buf *in, struct buf *out)
{
	unsigned kind = choose(next, 5);
	bool all = choose(next, 3) == 0 && next->first;

	for (size_t i = 0; i < in->len; i++) {
		uint8_t c = (uint8_t)in->data[i];

		if (c >= 0x80 || (!all && !strchr("&<>\"'", c)))
			buf_addc(out, (char)c);
		else if (kind == 0 && entity_name(c))
			buf_addf(out, "&%s;", entity_name(c));
		else if (kind < 2 && !all)
			buf_addf(out, "&#%d;", c);
		else if (kind <= 2)
			buf_addf(out, "&#%03d;", c);
		else
			buf_addf(out, kind == 3 ? "&#x%x;" : "&#x%02X;", c);
	}
}

static inline void as_shell(struct choices *next, const struct buf *in, struct buf *out)
{
	unsigned kind = choose(next, 5);

	buf_adds(out, kind < 2 ? "'" : kind == 2 ? "\"" : kind == 3 ? "$'" : "");
	for (size_t i = 0; i < in->len; i++) {
		char c = in->data[i];

		if (kind < 2 && c == '\'')
			buf_adds(out, kind ? "'\\''" : "'\"'\"'");
		else if (kind == 2 && strchr("$`\"\\", c))
			buf_addf(out, "\\%c", c);
		else if (kind == 3 && c == '\n')
			buf_adds(out, "\\n");
		else if ((kind == 3 && strchr("'\\", c)) ||
		         (kind == 4 && c != '\n' && (uint8_t)c < 0x80 && !isalnum((uint8_t)c)))
			buf_addf(out, "\\%c", c);
		else
			buf_addc(out, c);
	}
	buf_adds(out, kind < 2 ? "'" : kind == 2 ? "\"" : kind == 3 ? "'" : "");
}

/* ---- digits ---- */

/* Lines of WIDTH characters; 0: one. */
static inline void wrap(struct choices *next, const char *text, unsigned width, struct buf *out)
{
	const char *end = choose(next, 2) ? "\n" : "\r\n";

	for (size_t i = 0; text[i]; i++) {
		if (width && i && i % width == 0)
			buf_adds(out, end);
		buf_addc(out, text[i]);
	}
}

static inline void as_base64(struct choices *next, const struct buf *in, struct buf *out)
{
	static const char *const alphabets[] = {
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"};
	static const unsigned widths[] = {0, 0, 64, 76};
	const char *digits = alphabets[choose(next, 2)];
	bool padded = choose(next, 3) != 0;
	struct buf plain;

	buf_init(&plain, 1 << 20);
	for (size_t i = 0; i < in->len; i += 3) {
		size_t left = in->len - i;
		uint32_t three = (uint32_t)(uint8_t)in->data[i] << 16;

		three |= left > 1 ? (uint32_t)(uint8_t)in->data[i + 1] << 8 : 0;
		three |= left > 2 ? (uint8_t)in->data[i + 2] : 0;
		for (size_t k = 0; k < 4; k++) {
			if (k <= left)
				buf_addc(&plain, digits[three >> (18 - 6 * k) & 63]);
			else if (padded)
				buf_addc(&plain, '=');
		}
	}
	wrap(next, plain.data, widths[choose(next, 4)], out);
	buf_release(&plain);
}

static inline void as_hex(struct choices *next, const struct buf *in, struct buf *out)
{
	static const char *const between[] = {"", "", ":", " ", "-", "\\x", ", 0x"};
	static const unsigned widths[] = {0, 60, 64};
	const char *gap = between[choose(next, 7)];
	bool upper = choose(next, 2);
	struct buf plain;

	buf_init(&plain, 1 << 20);
	for (size_t i = 0; i < in->len; i++)
		buf_addf(&plain, upper ? "%s%02X" : "%s%02x", i || *gap == '\\' ? gap : "",
		    (uint8_t)in->data[i]);
	wrap(next, plain.data, *gap ? 0 : widths[choose(next, 3)], out);
	buf_release(&plain);
}

/* ---- terminals ---- */

/* Colours where grep, ls, jq and others put them, links, and what nobody sees; the last two are no part of hex. */
static inline void as_coloured(
    struct choices *next, bool hex, const struct buf *in, struct buf *out)
{
	static const char *const marks[] = {"\33[01;31m\33[K", "\33[m\33[K", "\33[0m", "\33(B\33[m",
	    "\33]8;;http://h/x\33\\", "\33]0;t\a", "\b", "\342\200\213", "\302\255"};
	unsigned every = 2 + choose(next, 20);

	for (size_t i = 0; i < in->len; i++) {
		if (choose(next, every) == 0)
			buf_adds(out, marks[choose(next, hex ? 7 : 9)]);
		buf_addc(out, in->data[i]);
	}
}

static encoder_fn *const escapes[] = {
    as_json, as_json, as_unicode, as_percent, as_entities, as_shell};

/* TEXT, encoded once or several times as tools do it; what was encoded last is OUT. The steps are
 * written to TRACE, of at least 16 bytes. */
static inline void encode_somehow(
    struct choices *next, const char *text, size_t len, struct buf *out, char *trace)
{
	unsigned base64s = choose(next, 5) / 2; /* 0 to 2 */
	bool hex = !base64s && choose(next, 4) == 0;
	struct buf in;

	buf_init(&in, 1 << 20);
	buf_init(out, 1 << 20);
	buf_add(out, text, len);
	for (unsigned i = 0; i <= base64s; i++) {
		unsigned escaped = hex ? 0 : choose(next, i ? 2 : 3);

		for (unsigned k = 0; k < escaped + (i < base64s || hex); k++) {
			unsigned kind = choose(next, COUNT_OF(escapes));
			bool digits = k == escaped;

			buf_release(&in);
			in = *out;
			buf_init(out, 1 << 20);
			next->first = i == 0 && k == 0;
			(digits ? hex ? as_hex : as_base64 : escapes[kind])(next, &in, out);
			*trace++ = digits ? hex ? 'H' : 'B' : "jjupes"[kind];
		}
	}
	if (choose(next, 4) == 0) {
		buf_release(&in);
		in = *out;
		buf_init(out, 1 << 20);
		as_coloured(next, hex, &in, out);
		*trace++ = 'c';
	}
	*trace = '\0';
	buf_release(&in);
}

#endif
