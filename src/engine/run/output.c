/* Head and tail of an output, in whole lines. Invariant: seen = shown + what is in `pending`, in
 * `tail` or left out; nothing is passed on twice.
 *
 * To search for secrets costs more than all else, so what will be left out anyway is not searched: when the head is full,
 * the end of what came is kept as it came, and at the end that is masked, from so far before the tail that a secret
 * which ends in it has begun there. */
#include "output.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

void output_init(struct output *output, const struct redact *redact, output_fn *fn, void *ctx)
{
	output->redact = redact;
	output->fn = fn;
	output->ctx = ctx;
	for (size_t i = 0; i < 2; i++) {
		output->streams[i] = (struct output_stream){0};
		redact_stream_init(&output->streams[i].masking);
		buf_init(&output->streams[i].pending, 2 * OUTPUT_LINE);
		buf_init(&output->streams[i].tail, 2 * OUTPUT_TAIL);
		buf_init(&output->streams[i].recent, SIZE_MAX / 8);
	}
}

void output_release(struct output *output)
{
	for (size_t i = 0; i < 2; i++) {
		redact_stream_release(&output->streams[i].masking);
		buf_release(&output->streams[i].pending);
		buf_release(&output->streams[i].tail);
		buf_release(&output->streams[i].recent);
	}
}

static void pass(struct output *output, struct output_stream *stream, const char *text, size_t len)
{
	size_t index = (size_t)(stream - output->streams);

	stream->shown += len;
	if (len)
		output->fn(output->ctx, index ? CHILD_STDERR : CHILD_STDOUT, text, len);
}

/* Pass on the complete lines of `pending`, or all of it when it holds one overlong line. */
static void pass_lines(struct output *output, struct output_stream *stream)
{
	struct buf *pending = &stream->pending;
	const char *end = memrchr(pending->data, '\n', pending->len);
	size_t len = end ? (size_t)(end - pending->data) + 1 : 0;

	if (!end && pending->len >= OUTPUT_LINE)
		len = pending->len;
	pass(output, stream, pending->data, len);
	buf_consume(pending, len);
}

/* The last COUNT bytes at least. */
static void keep_last(struct buf *buf, size_t count, const char *data, size_t len)
{
	if (len > count) {
		data += len - count;
		len = count;
	}
	if (buf->len > count && buf->len + len > 2 * count)
		buf_consume(buf, buf->len - count);
	buf_add(buf, data, len);
}

static bool head_is_full(const struct output_stream *stream)
{
	return stream->shown + stream->pending.len >= OUTPUT_HEAD;
}

static void add_masked(
    struct output *output, struct output_stream *stream, const char *data, size_t len)
{
	stream->seen += len;
	while (len && !head_is_full(stream)) {
		size_t piece = len < OUTPUT_LINE ? len : OUTPUT_LINE;

		buf_add(&stream->pending, data, piece);
		pass_lines(output, stream);
		data += piece;
		len -= piece;
	}
	if (len)
		keep_last(&stream->tail, OUTPUT_TAIL, data, len);
}

/* So many bytes are masked at once: much more would be memory that is touched once. */
#define PIECE_MAX ((size_t)64 * 1024)

/* From here on nothing is masked before the end, and what was is left out. */
static void begin_to_skip(struct output *output, struct output_stream *stream)
{
	struct buf rest;

	buf_init(&rest, SIZE_MAX / 8);
	redact_stream_finish(output->redact, &stream->masking, &rest);
	buf_release(&rest);
	buf_clear(&stream->tail);
	stream->skips = true;
}

static void mask_piece(
    struct output *output, struct output_stream *stream, const char *data, size_t len)
{
	struct buf masked;

	buf_init(&masked, SIZE_MAX / 8);
	redact_stream_add(output->redact, &stream->masking, data, len, &masked);
	add_masked(output, stream, masked.data, masked.len);
	buf_release(&masked);
}

static void add_piece(
    struct output *output, struct output_stream *stream, const char *data, size_t len)
{
	size_t wanted = OUTPUT_TAIL + redact_reach(output->redact);

	if (stream->skips || head_is_full(stream))
		keep_last(&stream->recent, wanted, data, len);
	if (!stream->skips && stream->recent.len >= wanted)
		begin_to_skip(output, stream);
	if (stream->skips)
		stream->seen += len;
	else
		mask_piece(output, stream, data, len);
}

void output_add(struct output *output, enum child_stream which, const char *data, size_t len)
{
	struct output_stream *stream = &output->streams[which == CHILD_STDERR];

	if (redact_stream_is_open(output->redact, &stream->masking) && !stream->skips) {
		add_masked(output, stream, data, len);
		return;
	}
	while (len) {
		size_t piece = len < PIECE_MAX ? len : PIECE_MAX;

		add_piece(output, stream, data, piece);
		data += piece;
		len -= piece;
	}
}

/* What is masked of the first bytes may be the end of what began before them: it is left out. */
static void mask_recent(struct output *output, struct output_stream *stream)
{
	const struct buf *recent = &stream->recent;
	size_t reach = redact_reach(output->redact);
	struct buf masked;

	if (reach > recent->len)
		reach = recent->len;
	buf_init(&masked, SIZE_MAX / 8);
	redact_stream_add(output->redact, &stream->masking, recent->data, reach, &masked);
	buf_clear(&masked);
	redact_stream_add(
	    output->redact, &stream->masking, recent->data + reach, recent->len - reach, &masked);
	redact_stream_finish(output->redact, &stream->masking, &masked);
	keep_last(&stream->tail, OUTPUT_TAIL, masked.data, masked.len);
	buf_release(&masked);
	buf_release(&stream->recent);
	stream->skips = false;
}

void output_flush(struct output *output, enum child_stream which)
{
	struct output_stream *stream = &output->streams[which == CHILD_STDERR];

	pass(output, stream, stream->pending.data, stream->pending.len);
	buf_clear(&stream->pending);
}

static void finish_stream(struct output *output, struct output_stream *stream)
{
	struct buf masked;
	size_t left_out;
	char note[80];

	if (stream->skips)
		mask_recent(output, stream);
	buf_init(&masked, SIZE_MAX / 8);
	redact_stream_finish(output->redact, &stream->masking, &masked);
	add_masked(output, stream, masked.data, masked.len);
	buf_release(&masked);
	pass(output, stream, stream->pending.data, stream->pending.len);
	buf_clear(&stream->pending);
	if (stream->tail.len > OUTPUT_TAIL)
		buf_consume(&stream->tail, stream->tail.len - OUTPUT_TAIL);
	left_out = stream->seen - stream->shown - stream->tail.len;
	if (left_out) {
		int len = snprintf(note, sizeof(note), "\n… %zu bytes left out …\n", left_out);

		pass(output, stream, note, (size_t)len);
	}
	pass(output, stream, stream->tail.data, stream->tail.len);
	buf_clear(&stream->tail);
}

void output_finish(struct output *output)
{
	finish_stream(output, &output->streams[0]);
	finish_stream(output, &output->streams[1]);
}
