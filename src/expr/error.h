/* Filling a struct expr_error, and "did you mean". */
#ifndef EXPR_ERROR_H
#define EXPR_ERROR_H

#include "fsops/expr.h"

/* The place that an error is blamed on. */
struct place {
	size_t offset;
	size_t length;
};

/* Fill ERROR (NULL is allowed) and return -1. */
int expr_error_set(struct expr_error *error, enum expr_error_kind kind, struct place place,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* Add "; did you mean 'x'?" for the one of NAMES nearest to NAME, if one is near. */
void expr_error_suggest(
    struct expr_error *error, const char *name, const char *const *names, size_t count);

/* The same, but a few names of which none is near are all listed: "; it has a, b and c". */
void expr_error_suggest_all(
    struct expr_error *error, const char *name, const char *const *names, size_t count);

/* How many bytes of a text an error shows: all, or a good part of whole characters. */
int expr_error_shown(const char *text, size_t len);

#endif
