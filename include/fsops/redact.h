/*
 * Secrets: every text that leaves the program (terminal, events, dry run,
 * error messages) passes through one `struct redact`, which knows the values
 * that must not be seen and writes *** in their place.
 *
 * Values are matched in longest-first order. A value shorter than
 * REDACT_MIN_LEN would mask half the output and is refused, so that the
 * person is told rather than trusted to notice.
 */
#ifndef FSOPS_REDACT_H
#define FSOPS_REDACT_H

#include <jansson.h>
#include <stddef.h>

#include "fsops/buf.h"
#include "fsops/err.h"

#define REDACT_MIN_LEN 4
#define REDACT_MASK    "***"

struct redact;

struct redact *redact_new(void);
void redact_free(struct redact *redact);

/* Mask VALUE from now on, its lines, and its base64, percent-encoded, JSON and shell forms too.
 * Returns -1 when it is shorter than REDACT_MIN_LEN (nothing is added). */
int redact_add(struct redact *redact, const char *value);

/* The same for any value: as text, and everything in a list or an object. */
int redact_add_value(struct redact *redact, const json_t *value);

/* The text with secrets masked; a new C string. REDACT may be NULL. A text that was cut inside a
 * secret ends with the mask. */
char *redact_text(const struct redact *redact, const char *text, size_t len);

/* Mask the text of ERR. Both may be NULL. */
void redact_err(const struct redact *redact, struct err *err);

/* VALUE with every string in it masked (keys too), and numbers that are secrets; a new reference. */
json_t *redact_value(const struct redact *redact, const json_t *value);

/* A stream that comes in pieces: a secret may begin in one and end in another. */
struct redact_stream {
	struct buf held; /* the beginning of what may be a secret */
};

void redact_stream_init(struct redact_stream *stream);
void redact_stream_release(struct redact_stream *stream);

/* OUT gets what is known to hold no secret, or the mask in its place. */
void redact_stream_add(const struct redact *redact, struct redact_stream *stream, const char *data,
    size_t len, struct buf *out);

/* Nothing more comes: OUT gets the rest. */
void redact_stream_finish(
    const struct redact *redact, struct redact_stream *stream, struct buf *out);

#endif
