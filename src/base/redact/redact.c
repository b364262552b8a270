/* Masks secrets in text. Invariant: what a masker has given out holds no secret that was known when it
 * came, and what it holds back begins with what may be one. */
#include "fsops/redact.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fsops/buf.h"
#include "fsops/mem.h"
#include "private.h"

/* A longer secret is kept in pieces of this length, each a secret. */
#define PIECE_MAX 4096
/* All secrets together, in bytes of the automaton: 20 for each character. */
#define NODES_MAX (4U * 1024 * 1024)

#define NOWHERE SIZE_MAX

/* One text on its way. */
struct masker {
	struct masks masks;
	struct searching searching;
	struct view *view;
	struct buf held; /* of a stream: the source from GIVEN on */
	size_t read;     /* bytes of the source */
	size_t given;    /* of them that are given out, or masked */
	size_t mask_end; /* of the last mask that was given out; NOWHERE: none */
};

struct redact {
	struct needles *needles;
	struct masker *scratch; /* for whole texts */
};

static struct masker *masker_new(const struct redact *redact)
{
	struct masker *masker = mem_alloc(sizeof(*masker));

	masker->searching = (struct searching){redact->needles, &masker->masks};
	masker->view = view_new(&masker->searching, REDACT_LEVELS);
	masker->mask_end = NOWHERE;
	buf_init(&masker->held, SIZE_MAX / 8);
	return masker;
}

static void masker_free(struct masker *masker)
{
	if (!masker)
		return;
	view_free(masker->view);
	free(masker->masks.list);
	buf_release(&masker->held);
	free(masker);
}

struct redact *redact_new(void)
{
	struct redact *redact = mem_alloc(sizeof(*redact));

	redact->needles = mem_alloc(sizeof(*redact->needles));
	needles_init(redact->needles);
	redact->scratch = masker_new(redact);
	return redact;
}

void redact_free(struct redact *redact)
{
	if (!redact)
		return;
	masker_free(redact->scratch);
	needles_release(redact->needles);
	free(redact->needles);
	free(redact);
}

/* ---- secrets ---- */

static void wipe(struct buf *buf)
{
	explicit_bzero(buf->data, buf->len);
	buf_release(buf);
}

static void units_of(const char *text, size_t len, struct buf *out)
{
	for (size_t i = 0; i < len; i++) {
		int unit = redact_units[(uint8_t)text[i]];

		if (unit != UNIT_DROPPED)
			buf_addc(out, (char)unit);
	}
}

static void add_unit(void *ctx, const struct piece *piece)
{
	buf_addc(ctx, (char)redact_units[piece->byte]);
}

static void no_literal(void *ctx, const struct piece *pieces, size_t from, size_t count)
{
	(void)from;
	(void)ctx;
	(void)pieces;
	(void)count;
}

/* The units as a text has them whose escapes were read: a secret may look as if it had some. */
static void unescaped_units_of(const char *text, size_t len, struct buf *out)
{
	struct unescape unescape = {0};
	struct unescape_out to = {add_unit, no_literal, out};

	for (size_t i = 0; i < len; i++)
		unescape_push(&unescape, (struct piece){.byte = (uint8_t)text[i]}, &to);
	unescape_finish(&unescape, &to);
}

static int add_units(struct redact *redact, void (*units)(const char *, size_t, struct buf *),
    const char *text, size_t len)
{
	struct buf out;
	int result = -1;

	buf_init(&out, SIZE_MAX / 8);
	units(text, len, &out);
	if (len >= REDACT_MIN_LEN && out.len >= NEEDLE_UNITS_MIN &&
	    redact->needles->count + out.len < NODES_MAX) {
		needles_add(redact->needles, (const uint8_t *)out.data, out.len, len);
		result = 0;
	}
	wipe(&out);
	return result;
}

static int add_piece(struct redact *redact, const char *text, size_t len)
{
	if (add_units(redact, units_of, text, len) < 0)
		return -1;
	add_units(redact, unescaped_units_of, text, len);
	return 0;
}

/* The next that is added is another secret. */
static void next_secret(struct redact *redact)
{
	redact->needles->secrets++;
}

static int add_whole(struct redact *redact, const char *text, size_t len)
{
	if (len <= PIECE_MAX)
		return add_piece(redact, text, len);
	for (size_t at = 0; at < len; at += PIECE_MAX) {
		size_t from = at + PIECE_MAX <= len ? at : len - PIECE_MAX;

		next_secret(redact);
		if (add_piece(redact, text + from, PIECE_MAX) < 0)
			return -1;
	}
	return 0;
}

/* Output comes in lines, and a line may be taken out of a document. The only line of a text is the
 * secret itself, without what `echo` puts after it. */
static void add_lines(struct redact *redact, const char *value)
{
	static const char blanks[] = " \t\r\n";
	const char *text = value + strspn(value, blanks);
	const char *more = text + strcspn(text, "\n");
	bool only = more[strspn(more, blanks)] == '\0';

	for (; *text; text += strspn(text, blanks)) {
		size_t line = strcspn(text, "\r\n");
		size_t len = line;

		if (!only)
			next_secret(redact);
		while (len && strchr(blanks, text[len - 1]))
			len--;
		if (len >= (only ? REDACT_MIN_LEN : REDACT_LINE_MIN))
			add_whole(redact, text, len);
		text += line;
	}
}

/* ---- passwords in addresses ---- */

static bool is_web(const char *text, const char *scheme_end)
{
	static const char *const schemes[] = {"http", "https"};

	for (size_t i = 0; i < COUNT_OF(schemes); i++) {
		size_t len = strlen(schemes[i]);

		if ((size_t)(scheme_end - text) >= len &&
		    strncasecmp(scheme_end - len, schemes[i], len) == 0)
			return true;
	}
	return false;
}

/* scheme://user:password@host, AT behind the "//": the password. A user without one is a token on the web
 * only: elsewhere, as in ssh://deploy@host, it is a name, which would be masked wherever it stands. */
static void add_userinfo(struct redact *redact, const char *at, bool web)
{
	size_t len = strcspn(at, "/?# \n");
	const char *end = memrchr(at, '@', len);
	const char *colon = end ? memchr(at, ':', (size_t)(end - at)) : NULL;

	if (colon && colon + 1 < end)
		add_whole(redact, colon + 1, (size_t)(end - colon - 1));
	else if (end && web)
		add_whole(redact, at, (size_t)((colon ? colon : end) - at));
}

static void add_userinfos(struct redact *redact, const char *value)
{
	for (const char *at = value; (at = strstr(at, "://"));) {
		bool web = is_web(value, at);

		at += strlen("://");
		add_userinfo(redact, at, web);
	}
}

/* password=…, also quoted, of libpq's connection strings and of addresses. */
static void add_password_field(struct redact *redact, const char *value)
{
	static const char name[] = "password";
	const char *at = value;

	while ((at = strcasestr(at, name))) {
		const char *text = at + strlen(name);
		const char *quote;

		at = text;
		text += strspn(text, " ");
		if (*text != '=')
			continue;
		text += 1 + strspn(text + 1, " ");
		quote = *text == '\'' ? strrchr(text + 1, '\'') : NULL;
		if (quote)
			add_whole(redact, text + 1, (size_t)(quote - text - 1));
		add_whole(redact, text, strcspn(text, " &#\n"));
	}
}

void redact_add_password(struct redact *redact, const char *value)
{
	next_secret(redact);
	add_userinfos(redact, value);
	next_secret(redact);
	add_password_field(redact, value);
}

void redact_add_proxy(struct redact *redact, const char *value)
{
	redact_add_password(redact, value);
	next_secret(redact);
	if (!strstr(value, "://"))
		add_userinfo(redact, value, true);
}

int redact_addn(struct redact *redact, const char *value, size_t len)
{
	next_secret(redact);
	return add_whole(redact, value, len);
}

int redact_add(struct redact *redact, const char *value)
{
	next_secret(redact);
	if (add_whole(redact, value, strlen(value)) < 0)
		return -1;
	add_lines(redact, value);
	redact_add_password(redact, value);
	return 0;
}

bool redact_any(const struct redact *redact)
{
	return redact && redact->needles->count > 1;
}

bool redact_has(const struct redact *redact, const char *text)
{
	struct buf units;
	bool has;

	buf_init(&units, SIZE_MAX / 8);
	units_of(text, strlen(text), &units);
	has = needles_has(redact->needles, (const uint8_t *)units.data, units.len);
	buf_release(&units);
	return has;
}

/* ---- reading and giving out ---- */

static void prepare(const struct redact *redact)
{
	if (redact->needles->stale)
		needles_build(redact->needles);
}

static void read_on(struct masker *masker, const char *data, size_t len)
{
	struct piece piece = {.end = masker->read};

	masker->read += len;
	for (size_t i = 0; i < len; i++) {
		piece.byte = (uint8_t)data[i];
		piece.start = piece.end++;
		view_push(masker->view, &piece);
	}
}

/* What touches a mask that was given out is a part of it. */
static void give_mask(
    struct masker *masker, const char *source, const struct mask *mask, struct buf *out)
{
	if (mask->end <= masker->given)
		return;
	if (mask->start > masker->given)
		buf_add(out, source, mask->start - masker->given);
	if (mask->start > masker->given || masker->mask_end != masker->given)
		buf_adds(out, REDACT_MASK);
	masker->given = masker->mask_end = mask->end;
}

/* SOURCE begins at what is given out by now; no secret that is not known yet begins before UNTIL. Returns
 * how much of SOURCE was used up. */
static size_t give(struct masker *masker, const char *source, size_t until, struct buf *out)
{
	struct masks *masks = &masker->masks;
	size_t begin = masker->given;
	size_t i;

	for (i = 0; i < masks->count && masks->list[i].start < until; i++)
		give_mask(masker, source + (masker->given - begin), &masks->list[i], out);
	masks->count -= i;
	if (i)
		memmove(masks->list, masks->list + i, masks->count * sizeof(*masks->list));
	if (until > masker->given) {
		buf_add(out, source + (masker->given - begin), until - masker->given);
		masker->given = until;
	}
	return masker->given - begin;
}

static void begin_again(struct masker *masker)
{
	masker->read = masker->given = 0;
	masker->mask_end = NOWHERE;
	masker->masks.count = 0;
	masker->masks.until = 0;
	masker->masks.cut = false;
	masker->masks.parts = 0;
}

/* The scratch masker has read all of TEXT. */
static struct masker *read_whole(const struct redact *redact, const char *text, size_t len)
{
	struct masker *masker = redact->scratch;

	prepare(redact);
	begin_again(masker);
	read_on(masker, text, len);
	view_finish(masker->view, len);
	return masker;
}

void redact_into(const struct redact *redact, const char *text, size_t len, struct buf *out)
{
	if (redact_any(redact) && len)
		give(read_whole(redact, text, len), text, len, out);
	else
		buf_add(out, text, len);
}

char *redact_text(const struct redact *redact, const char *text, size_t len)
{
	struct buf out;

	buf_init(&out, SIZE_MAX / 8);
	redact_into(redact, text, len, &out);
	return buf_detach(&out);
}

struct redact_seen redact_look(const struct redact *redact, const char *text, size_t len)
{
	const struct masks *masks;

	if (!redact_any(redact))
		return (struct redact_seen){0};
	masks = &read_whole(redact, text, len)->masks;
	return (struct redact_seen){masks->count - masks->parts, masks->cut};
}

/* SEEN has room for each number of a secret. */
static void note_secrets(const struct redact *redact, const char *text, size_t len, bool *seen)
{
	redact->scratch->masks.seen = seen;
	read_whole(redact, text, len);
	redact->scratch->masks.seen = NULL;
}

bool redact_keeps_all(
    const struct redact *redact, const char *from, size_t from_len, const char *made, size_t len)
{
	size_t count = redact->needles->secrets + 1;
	bool *before = mem_alloc(count);
	bool *after = mem_alloc(count);
	bool all = true;

	note_secrets(redact, from, from_len, before);
	note_secrets(redact, made, len, after);
	for (size_t i = 0; i < count; i++)
		all &= after[i] || !before[i];
	free(before);
	free(after);
	return all;
}

bool redact_is_open(
    const struct redact *redact, const char *text, size_t len, const char *part, size_t part_len)
{
	const struct masks *masks = &read_whole(redact, text, len)->masks;
	const char *at = text;
	size_t i = 0;

	while ((at = memmem(at, len - (size_t)(at - text), part, part_len))) {
		size_t start = (size_t)(at - text);

		while (i < masks->count && masks->list[i].end <= start)
			i++;
		if (i == masks->count || masks->list[i].start >= start + part_len)
			return true;
		at++;
	}
	return false;
}

void redact_err(const struct redact *redact, struct err *err)
{
	char *text;

	if (!redact || !err)
		return;
	text = redact_text(redact, err->text, strlen(err->text));
	snprintf(err->text, sizeof(err->text), "%s", text);
	free(text);
}

/* ---- streams ---- */

void redact_stream_init(struct redact_stream *stream)
{
	stream->masker = NULL;
}

void redact_stream_release(struct redact_stream *stream)
{
	masker_free(stream->masker);
	stream->masker = NULL;
}

/* An escape, and what may stand between two in a row, for each unit, and to spare. */
#define UNIT_REACH ((size_t)128)
#define MORE_REACH ((size_t)64 * 1024)

size_t redact_reach(const struct redact *redact)
{
	return redact_any(redact) ? redact->needles->longest * UNIT_REACH + MORE_REACH : 0;
}

bool redact_stream_is_open(const struct redact *redact, const struct redact_stream *stream)
{
	return !stream->masker && !redact_any(redact);
}

void redact_stream_add(const struct redact *redact, struct redact_stream *stream, const char *data,
    size_t len, struct buf *out)
{
	struct masker *masker = stream->masker;

	if (redact_stream_is_open(redact, stream)) {
		buf_add(out, data, len);
		return;
	}
	if (!masker)
		masker = stream->masker = masker_new(redact);
	prepare(redact);
	buf_add(&masker->held, data, len);
	read_on(masker, data, len);
	buf_consume(&masker->held,
	    give(masker, masker->held.data, view_start(masker->view, masker->read), out));
}

void redact_stream_finish(
    const struct redact *redact, struct redact_stream *stream, struct buf *out)
{
	struct masker *masker = stream->masker;

	if (!masker)
		return;
	prepare(redact);
	view_finish(masker->view, masker->read);
	give(masker, masker->held.data, masker->read, out);
	buf_clear(&masker->held);
	begin_again(masker);
}
