/* Head and tail of a stream. Invariant: head.len + tail_len + clip_lost() == total. */
#include "clip.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/value.h"

void clip_init(struct clip *clip, size_t head_max, size_t tail_max)
{
	*clip = (struct clip){.tail_max = tail_max};
	buf_init(&clip->head, head_max);
}

void clip_release(struct clip *clip)
{
	buf_release(&clip->head);
	free(clip->tail);
	*clip = (struct clip){0};
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* LEN is at most the size of the ring. */
static void add_to_ring(struct clip *clip, const char *data, size_t len)
{
	size_t before_end = least(len, clip->tail_max - clip->tail_at);

	memcpy(clip->tail + clip->tail_at, data, before_end);
	memcpy(clip->tail, data + before_end, len - before_end);
	clip->tail_at = (clip->tail_at + len) % clip->tail_max;
	clip->tail_len = least(clip->tail_len + len, clip->tail_max);
}

void clip_add(struct clip *clip, const char *data, size_t len)
{
	size_t room = clip->head.max - clip->head.len;
	size_t taken = least(len, room);

	clip->total += len;
	buf_add(&clip->head, data, taken);
	data += taken;
	len -= taken;
	if (!len || !clip->tail_max)
		return;
	if (!clip->tail)
		clip->tail = mem_alloc(clip->tail_max);
	if (len > clip->tail_max) {
		data += len - clip->tail_max;
		len = clip->tail_max;
	}
	add_to_ring(clip, data, len);
}

uint64_t clip_lost(const struct clip *clip)
{
	return clip->total - clip->head.len - clip->tail_len;
}

json_t *clip_text(const struct clip *clip)
{
	size_t oldest = clip->tail_len < clip->tail_max ? 0 : clip->tail_at;
	struct buf all;
	json_t *text;

	if (clip->total == clip->head.len)
		return value_text(clip->head.data, clip->head.len);
	buf_init(&all, clip->head.len + clip->tail_len + 80);
	buf_add(&all, clip->head.data, clip->head.len);
	if (clip_lost(clip))
		buf_addf(&all, "\n… %" PRIu64 " bytes left out …\n", clip_lost(clip));
	if (clip->tail_len) {
		buf_add(&all, clip->tail + oldest, clip->tail_len - oldest);
		buf_add(&all, clip->tail, oldest);
	}
	text = value_text(all.data, all.len);
	buf_release(&all);
	return text;
}
