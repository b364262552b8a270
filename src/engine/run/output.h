/*
 * What an action printed, on its way to the event stream: whole lines, at most
 * OUTPUT_HEAD bytes as they come, then only the last OUTPUT_TAIL bytes, with
 * the number of bytes between them said. So an output of gigabytes costs the
 * memory of a few lines. Secrets are masked before anything is cut.
 */
#ifndef FSOPS_ENGINE_OUTPUT_H
#define FSOPS_ENGINE_OUTPUT_H

#include "fsops/buf.h"
#include "fsops/child.h"
#include "fsops/redact.h"

/* Of each of the two streams: 1 MiB for an action. */
#define OUTPUT_HEAD (384 * 1024)
#define OUTPUT_TAIL (128 * 1024)
#define OUTPUT_LINE (32 * 1024) /* a longer line is passed on in pieces */

typedef void output_fn(void *ctx, enum child_stream stream, const char *text, size_t len);

struct output_stream {
	struct redact_stream masking;
	struct buf pending; /* the line that is not complete yet */
	struct buf tail;
	struct buf recent; /* the end of what came, as it came, from when on the head is full */
	bool skips;        /* nothing but `recent` is masked any more, at the end */
	size_t seen;
	size_t shown;
};

struct output {
	struct output_stream streams[2]; /* stdout, stderr */
	const struct redact *redact;
	output_fn *fn;
	void *ctx;
};

void output_init(struct output *output, const struct redact *redact, output_fn *fn, void *ctx);
void output_add(struct output *output, enum child_stream stream, const char *data, size_t len);
/* Pass on the line of STREAM that is not complete yet, but for what may be the beginning of a secret. */
void output_flush(struct output *output, enum child_stream stream);
/* Pass on what is left, the tail too. */
void output_finish(struct output *output);
void output_release(struct output *output);

#endif
