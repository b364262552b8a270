/* Head and tail of an output, in whole lines. Invariant: seen = shown + what is in `pending`, in
 * `tail` or left out; nothing is passed on twice. */
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
	}
}

void output_release(struct output *output)
{
	for (size_t i = 0; i < 2; i++) {
		redact_stream_release(&output->streams[i].masking);
		buf_release(&output->streams[i].pending);
		buf_release(&output->streams[i].tail);
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

static void keep_tail(struct output_stream *stream, const char *data, size_t len)
{
	if (len > OUTPUT_TAIL) {
		data += len - OUTPUT_TAIL;
		len = OUTPUT_TAIL;
	}
	if (stream->tail.len + len > 2 * OUTPUT_TAIL)
		buf_consume(&stream->tail, stream->tail.len - OUTPUT_TAIL);
	buf_add(&stream->tail, data, len);
}

static void add_masked(
    struct output *output, struct output_stream *stream, const char *data, size_t len)
{
	stream->seen += len;
	while (len && stream->shown + stream->pending.len < OUTPUT_HEAD) {
		size_t piece = len < OUTPUT_LINE ? len : OUTPUT_LINE;

		buf_add(&stream->pending, data, piece);
		pass_lines(output, stream);
		data += piece;
		len -= piece;
	}
	if (len)
		keep_tail(stream, data, len);
}

void output_add(struct output *output, enum child_stream which, const char *data, size_t len)
{
	struct output_stream *stream = &output->streams[which == CHILD_STDERR];
	struct buf masked;

	buf_init(&masked, SIZE_MAX / 8);
	redact_stream_add(output->redact, &stream->masking, data, len, &masked);
	add_masked(output, stream, masked.data, masked.len);
	buf_release(&masked);
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
