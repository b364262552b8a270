/* UTF-8: strings of CEL are sequences of code points. */
#ifndef EXPR_UTF8_H
#define EXPR_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UTF8_MAX     4        /* bytes of one code point */
#define UTF8_LAST    0x10FFFF /* the last code point */
#define UTF8_INVALID 0xFFFFFFFFu

/* The code point at TEXT, its length in *LEN; UTF8_INVALID (and length 1) when
 * the bytes are no well-formed sequence. LEFT must be at least 1. */
uint32_t utf8_decode(const char *text, size_t left, size_t *len);

/* Write CODE (a code point, no surrogate) into OUT; returns how many bytes. */
size_t utf8_encode(uint32_t code, char out[UTF8_MAX]);

bool utf8_valid(const char *text, size_t len);

/* How many code points. */
size_t utf8_count(const char *text, size_t len);

/* The byte offset of code point INDEX; LEN when INDEX is the count or more. */
size_t utf8_offset(const char *text, size_t len, size_t index);

/* Unicode white space, as unicode.IsSpace of Go says it. */
bool utf8_is_space(uint32_t code);

#endif
