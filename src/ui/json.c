/* The JSON sink: one object a line, as it comes. Invariant: a line is written whole or not at all
 * begun, so that a reader of the stream never sees two events on one. */
#include "fsops/ui.h"

#include <stdlib.h>

#include "fsops/mem.h"

struct json_sink {
	struct sink base;
	struct out *out;
	struct buf line;
};

static int add_piece(const char *data, size_t len, void *ctx)
{
	return buf_add(ctx, data, len);
}

static void json_event(struct sink *base, const json_t *event)
{
	struct json_sink *sink = (struct json_sink *)base;

	buf_clear(&sink->line);
	json_dump_callback(event, add_piece, &sink->line, JSON_COMPACT | JSON_REAL_PRECISION(15));
	buf_addc(&sink->line, '\n');
	if (!sink->line.full)
		out_write(sink->out, sink->line.data, sink->line.len);
}

static void json_close(struct sink *base)
{
	struct json_sink *sink = (struct json_sink *)base;

	buf_release(&sink->line);
	free(sink);
}

static const struct sink_ops json_ops = {.event = json_event, .close = json_close};

struct sink *sink_json_new(struct out *out)
{
	struct json_sink *sink = mem_alloc(sizeof(*sink));

	sink->base.ops = &json_ops;
	sink->out = out;
	buf_init(&sink->line, UI_TEXT_MAX);
	return &sink->base;
}

void print_json(struct buf *out, const json_t *value)
{
	json_dump_callback(
	    value, add_piece, out, JSON_INDENT(2) | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
	buf_addc(out, '\n');
}
