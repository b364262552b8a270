/*
 * Reading JSON from outside: commands, HTTP, Prometheus, PostgreSQL, alerts, --context, --var.
 *
 * One way of reading for all of them (RFC 8259):
 *  - A byte order mark of UTF-8 is passed over; UTF-16 and UTF-32 are named.
 *  - A text may hold `\u0000`; a key may not.
 *  - A whole number over 64 bits is a double. One beyond doubles (1e400) is JSON_READ_BEYOND or its negative:
 *    JSON has no infinity, and so what is written again is JSON; expressions take it for an infinity.
 *  - The same key twice is an error: two readers would not see the same document.
 *  - Text in anything but UTF-8, half a surrogate pair, NaN, a trailing comma or garbage is an error.
 */
#ifndef FSOPS_JSON_READ_H
#define FSOPS_JSON_READ_H

#include <float.h>
#include <jansson.h>
#include <stddef.h>

#include "fsops/err.h"

#define JSON_READ_BEYOND      DBL_MAX
#define JSON_READ_DEPTH_MAX   200    /* levels of lists and objects */
#define JSON_READ_MEMBERS_MAX 200000 /* of one object: it is read in one turn of the loop */
#define JSON_READ_GROWTH      16 /* so many times the bytes of a text at most may its values take */

/*
 * The LEN bytes at TEXT as a value, a new reference. Over MAX bytes, or values that take more memory than
 * JSON_READ_GROWTH times MAX: ERR_LIMIT. NULL with ERR filled: what is wrong, and where: "line 3, column 14
 * (byte 57): '}' expected near ','". WHAT ("stdout") begins the sentence: "stdout is not JSON: …".
 */
json_t *json_read(const char *what, const char *text, size_t len, size_t max, struct err *err);
/* The same, but within a list the last counts of a key that is there twice: no item may be lost for another, and
 * above them no list. */
json_t *json_read_last(const char *what, const char *text, size_t len, size_t max, struct err *err);

#endif
