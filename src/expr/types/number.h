/* Numbers from text and to text, whatever the locale. */
#ifndef EXPR_NUMBER_H
#define EXPR_NUMBER_H

#include <stddef.h>
#include <stdint.h>

#define NUMBER_TEXT_MAX 400 /* any number as text; a double in fixed notation is long */

/* All of TEXT must be digits. -1: not a number, or over 64 bits. */
int number_parse_uint(const char *text, size_t len, int base, uint64_t *out);

/* With an optional sign. */
int number_parse_int(const char *text, size_t len, int64_t *out);

/* Decimal notation with an optional exponent, and with a sign "Infinity", "inf",
 * "NaN" in any case. Too large is an infinity. -1: not a number. */
int number_parse_double(const char *text, size_t len, double *out);

/* The shortest text that reads back as the same double: "1", "0.1", "1e+21", "NaN",
 * "Infinity"; returns the length. */
size_t number_format_double(double real, char out[NUMBER_TEXT_MAX]);

/* With PRECISION decimals, as %f or %e (NOTATION 'f' or 'e') does, into OUT of SIZE bytes. */
size_t number_format_fixed(double real, int precision, char notation, char *out, size_t size);

#endif
