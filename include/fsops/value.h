/*
 * Small helpers over jansson, the one value type of the program.
 * Ownership follows jansson's own words: "new" references are the caller's to
 * json_decref, "borrowed" ones are not.
 */
#ifndef FSOPS_VALUE_H
#define FSOPS_VALUE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "fsops/buf.h"

/* A new JSON string from bytes that may not be UTF-8: what is not becomes U+FFFD. */
json_t *value_text(const char *data, size_t len);

/* Make TEXT UTF-8, in its place: what is not becomes '?'; a character that was cut at the end is
 * taken away. So no message from outside, and none that was cut, is lost on its way into JSON. */
void value_clean(char *text);

/* Whether there is a real of 2^63 or more (or -2^63 or less) anywhere in VALUE: a whole number that was
 * read as one and has lost its last digits. */
bool value_has_beyond_int(const json_t *value);

/* Whether any text in VALUE has a zero byte, at which a C string would end. */
bool value_has_zero_byte(const json_t *value);

/* The value as text for people and command lines, a new C string: a string as it
 * is (to its first zero byte), a whole number without a point, true/false, null as "", the rest as JSON. */
char *value_to_text(const json_t *value);

/* The fewest decimal digits, at least 15, from which every real in VALUE is read back as it is. */
size_t value_digits(const json_t *value);

/* Add the value (not NULL) as JSON in one line: each real with no more digits than it takes to read the same number
 * again (3.9, not 3.8999999999999999). -1: it is over OUT's ceiling. */
int value_write(const json_t *value, struct buf *out);

/* How many bytes that is; 0 of NULL. */
size_t value_size(const json_t *value);

/* The same as a new C string; NULL of NULL. */
char *value_to_json(const json_t *value);

/* Object members; borrowed. value_get_text returns NULL when missing or no string. */
const char *value_get_text(const json_t *object, const char *key);
double value_get_number(const json_t *object, const char *key, double otherwise);

/* True when VALUE is a number; OUT gets it as a double. */
bool value_number(const json_t *value, double *out);

#endif
