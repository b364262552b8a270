/* The beginning and the end of an output. Invariant: head and tail together never hold more than
 * head_max + 2 * TAIL_MAX bytes, however much is added. */
#include "kept.h"

#include <string.h>

#include "safe.h"

#define TAIL_MAX ((size_t)32 * 1024)

void kept_init(struct kept *kept, size_t head_max)
{
	*kept = (struct kept){.head_max = head_max};
	buf_init(&kept->head, head_max);
	buf_init(&kept->tail, 2 * TAIL_MAX);
}

void kept_release(struct kept *kept)
{
	buf_release(&kept->head);
	buf_release(&kept->tail);
}

/* Cut the tail to TAIL_MAX, at the beginning of a line when there is one. */
static void trim_tail(struct kept *kept, size_t room)
{
	size_t cut;
	const char *newline;

	if (kept->tail.len + room <= 2 * TAIL_MAX)
		return;
	cut = kept->tail.len > TAIL_MAX ? kept->tail.len - TAIL_MAX : kept->tail.len;
	newline = memchr(kept->tail.data + cut, '\n', kept->tail.len - cut);
	if (newline)
		cut = (size_t)(newline - kept->tail.data) + 1;
	kept->dropped += cut;
	buf_consume(&kept->tail, cut);
}

static void add_tail(struct kept *kept, const char *text, size_t len)
{
	if (len > TAIL_MAX) {
		kept->dropped += len - TAIL_MAX;
		text += len - TAIL_MAX;
		len = TAIL_MAX;
	}
	trim_tail(kept, len);
	buf_add(&kept->tail, text, len);
}

static void add_bytes(struct kept *kept, const char *text, size_t len)
{
	size_t room = kept->head_full ? 0 : kept->head_max - kept->head.len;
	size_t first = len < room ? len : room;

	if (!len)
		return;
	for (const char *at = text; (at = memchr(at, '\n', (size_t)(text + len - at))); at++)
		kept->lines++;
	kept->open = text[len - 1] != '\n';
	buf_add(&kept->head, text, first);
	if (first == len)
		return;
	kept->head_full = true;
	add_tail(kept, text + first, len - first);
}

void kept_add(struct kept *kept, int stream, const char *text, size_t len)
{
	if (kept->open && kept->stream && kept->stream != stream)
		add_bytes(kept, "\n", 1);
	kept->stream = stream;
	add_bytes(kept, text, len);
}

size_t kept_lines(const struct kept *kept)
{
	return kept->lines + kept->open;
}

bool kept_is_json(const struct kept *kept)
{
	size_t i = strspn(kept->head.data, " \t\r\n");
	size_t next;

	if (kept->head.data[i] != '{' && kept->head.data[i] != '[')
		return false;
	next = i + 1 + strspn(kept->head.data + i + 1, " \t\r\n");
	return kept->head.data[next] && strchr("\"{}[]", kept->head.data[next]);
}

/* Where the last COUNT lines of TEXT begin. */
static const char *last_lines(const char *text, size_t len, size_t count)
{
	const char *at = text + len;

	if (at > text && at[-1] == '\n')
		at--;
	while (at > text) {
		if (at[-1] == '\n' && --count == 0)
			return at;
		at--;
	}
	return text;
}

static size_t walk_first(
    const struct kept *kept, size_t most, kept_line_fn *fn, void *ctx, const char **at)
{
	const char *end = kept->head.data + kept->head.len;
	const char *line;
	size_t len, count = 0;

	*at = kept->head.data;
	while (count < most && next_line(at, end, &line, &len)) {
		fn(ctx, line, len);
		count++;
	}
	return count;
}

void kept_walk(const struct kept *kept, size_t head, size_t tail, kept_line_fn *fn,
    kept_gap_fn *gap, void *ctx)
{
	size_t all = kept_lines(kept);
	bool whole = !kept->head_full && all <= head + tail;
	const struct buf *rest = kept->head_full ? &kept->tail : &kept->head;
	const char *at, *line;
	size_t len, shown = walk_first(kept, whole ? all : head, fn, ctx, &at);
	size_t left = all > shown ? all - shown : 0;

	if (whole || !left)
		return;
	at = tail ? last_lines(rest->data, rest->len, tail < left ? tail : left) : NULL;
	if (at) {
		size_t last = 0;

		for (const char *p = at; next_line(&p, rest->data + rest->len, &line, &len);)
			last++;
		left = left > last ? left - last : 0;
	}
	if (left)
		gap(ctx, left);
	while (at && next_line(&at, rest->data + rest->len, &line, &len))
		fn(ctx, line, len);
}
