/*
 * Fuzzing of masking: the first bytes of the input choose a secret and how a tool prints it, the rest is what stands
 * around it.
 *
 * Invariant: no form of the secret is given out, and it makes no difference in which pieces the text came. What is no
 * form of a secret must not break anything either: the rest of the input, as it is, goes through the same.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/encoders.h"
#include "fsops/redact.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SECRET_MIN 8
#define SECRET_MAX 64
#define TRACE_MAX  32
#define PIECE_MAX  40

/* The ends are letters: what is left of quotes there is no leak. No quotes in a row: how many of their escapes may
 * follow one another has an end (REDACT_GAP_MAX). */
static size_t take_secret(struct choices *next, char *out)
{
	static const char quotes[] = "\"'\\";
	size_t len = SECRET_MIN + choose(next, SECRET_MAX - SECRET_MIN);

	for (size_t i = 0; i < len; i++) {
		out[i] = (char)('!' + choose(next, 94));
		if (i && strchr(quotes, out[i]) && strchr(quotes, out[i - 1]))
			out[i] = 'q';
	}
	memcpy(out, "qZ", 2);
	memcpy(out + len - 2, "Kw", 2);
	out[len] = '\0';
	return len;
}

static char *in_pieces(const struct redact *redact, struct choices *next, const struct buf *text)
{
	struct redact_stream stream;
	struct buf out;

	redact_stream_init(&stream);
	buf_init(&out, 1 << 22);
	for (size_t at = 0, len; at < text->len; at += len) {
		len = 1 + choose(next, PIECE_MAX);
		if (len > text->len - at)
			len = text->len - at;
		redact_stream_add(redact, &stream, text->data + at, len, &out);
	}
	redact_stream_finish(redact, &stream, &out);
	redact_stream_release(&stream);
	return buf_detach(&out);
}

static void check(
    const struct redact *redact, struct choices *next, const struct buf *text, bool holds)
{
	struct buf whole;
	char *pieces = in_pieces(redact, next, text);

	buf_init(&whole, 1 << 22);
	redact_into(redact, text->data, text->len, &whole);
	if (strcmp(whole.data, pieces) != 0)
		abort();
	if (holds && !strstr(whole.data, REDACT_MASK))
		abort();
	free(pieces);
	buf_release(&whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct choices next = {.data = data, .left = size};
	struct redact *redact = redact_new();
	char secret[SECRET_MAX + 1];
	char trace[TRACE_MAX];
	struct buf text, form, rest;

	take_secret(&next, secret);
	redact_add(redact, secret);
	buf_init(&text, 1 << 20);
	buf_init(&rest, 1 << 20);
	buf_add(&rest, next.data, next.left);
	buf_adds(&text, "say: ");
	buf_adds(&text, secret);
	buf_adds(&text, " and more\n");
	encode_somehow(&next, text.data, text.len, &form, trace);
	check(redact, &next, &form, true);
	/* Escapes that begin and never end, next to a secret. */
	check(redact, &next, &rest, false);
	buf_adds(&rest, "\n");
	buf_add(&rest, form.data, form.len);
	check(redact, &next, &rest, false);
	buf_release(&form);
	buf_release(&text);
	buf_release(&rest);
	redact_free(redact);
	return 0;
}
