/* The JSON sink: one object a line, in the order in which things happened. Invariant: a line is written
 * whole or is not begun, so that a reader of the stream never sees two events on one. */
#include "fsops/ui.h"

#include <stdio.h>
#include <stdlib.h>

#include "fsops/mem.h"
#include "fsops/value.h"
#include "safe.h"

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
	value_write(event, &sink->line);
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

static const struct sink_ops json_ops = {
    .event = json_event, .close = json_close, .as_it_happens = true};

struct sink *sink_json_new(struct out *out)
{
	struct json_sink *sink = mem_alloc(sizeof(*sink));

	sink->base.ops = &json_ops;
	sink->out = out;
	out->complete = true;
	buf_init(&sink->line, UI_TEXT_MAX);
	return &sink->base;
}

void print_json(struct buf *out, const json_t *value)
{
	json_dump_callback(value, add_piece, out,
	    JSON_INDENT(2) | JSON_ENCODE_ANY | JSON_REAL_PRECISION(value_digits(value)));
	buf_addc(out, '\n');
}

void print_value(struct buf *out, const json_t *value, bool compact, const struct look *look)
{
	size_t digits = value_digits(value);
	const char *at;
	const char *line;
	struct buf text;
	size_t len;

	buf_init(&text, UI_TEXT_MAX);
	json_dump_callback(value, add_piece, &text,
	    (compact ? JSON_COMPACT : JSON_INDENT(2)) | JSON_ENCODE_ANY |
	        JSON_REAL_PRECISION(digits));
	at = text.data;
	while (next_line(&at, text.data + text.len, &line, &len)) {
		if (look->width)
			safe_add(out, line, len);
		else
			buf_add(out, line, len);
		buf_addc(out, '\n');
	}
	out->full = out->full || text.full;
	buf_release(&text);
}

void print_plan_json(struct buf *out, const struct plan *plan)
{
	json_t *object = plan_json(plan);

	print_json(out, object);
	json_decref(object);
}
