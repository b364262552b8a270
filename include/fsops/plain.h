/*
 * Plain text that YAML 1.2 (core schema, chapter 10.3) reads as a number or a truth.
 *
 * A variable is the text that was written. These say what it would be where something wants a
 * number of it: `3.10` is 3.1 there, and "3.10" on a command line.
 */
#ifndef FSOPS_PLAIN_H
#define FSOPS_PLAIN_H

#include <jansson.h>
#include <stdbool.h>

/* [-+]?[0-9]+, 0o…, 0x… as an integer, [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)? as a
 * real. NULL for any other text, and for what neither int64 nor a finite double holds. A new
 * reference. */
json_t *plain_number(const char *text);

/* true, True, TRUE, false, False, FALSE. */
bool plain_truth(const char *text, bool *out);

/* The number or truth that TEXT is, where that would be written as the very same characters; else
 * the text itself ("3.10", "00501", "1e3", "True"). A new reference; never NULL. */
json_t *plain_as_written(const char *text);

#endif
