/*
 * A stream of any length, of which the head and the tail are kept.
 *
 *	struct clip clip;
 *	clip_init(&clip, 64 * 1024, 64 * 1024);
 *	clip_add(&clip, data, len);
 *	json_t *text = clip_text(&clip);   // "head\n… N bytes left out …\ntail"
 */
#ifndef FSOPS_ADAPTERS_CLIP_H
#define FSOPS_ADAPTERS_CLIP_H

#include <jansson.h>
#include <stdint.h>

#include "fsops/buf.h"

struct clip {
	struct buf head;
	char *tail; /* a ring; NULL until the head is full */
	size_t tail_max;
	size_t tail_at; /* where the next byte goes */
	size_t tail_len;
	uint64_t total;
};

void clip_init(struct clip *clip, size_t head_max, size_t tail_max);
void clip_release(struct clip *clip);
void clip_add(struct clip *clip, const char *data, size_t len);

/* How many bytes are in neither head nor tail. */
uint64_t clip_lost(const struct clip *clip);

/* What is kept, with a line between when something was left out. A new JSON string. */
json_t *clip_text(const struct clip *clip);

#endif
