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

#define REDACT_MIN_LEN 4
#define REDACT_MASK    "***"

struct redact;

struct redact *redact_new(void);
void redact_free(struct redact *redact);

/* Mask VALUE from now on, and its base64 and percent-encoded forms too.
 * Returns -1 when it is shorter than REDACT_MIN_LEN (nothing is added). */
int redact_add(struct redact *redact, const char *value);

/* The text with secrets masked; a new C string. REDACT may be NULL. */
char *redact_text(const struct redact *redact, const char *text, size_t len);

/* A copy of VALUE with every string in it masked (keys too); a new reference. */
json_t *redact_value(const struct redact *redact, const json_t *value);

/* Length of the longest secret, for readers that mask a stream piece by piece. */
size_t redact_longest(const struct redact *redact);

#endif
