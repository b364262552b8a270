/*
 * Regular expressions in RE2's syntax, matched in time linear in the text.
 *
 *	const struct regex *regex = regex_compile(&arena, pattern, len, &error);
 *	struct regex_match match = {0};
 *	while (regex_search(regex, &arena, text, len, match.end, &budget, &match) == REGEX_FOUND) …
 *
 * There are no backreferences and no look-around: those cannot be matched in
 * linear time, and are errors. Case folding ((?i)) knows ASCII, Latin, Greek,
 * Cyrillic and Armenian; \p{…} knows general categories, not scripts.
 */
#ifndef EXPR_REGEX_H
#define EXPR_REGEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "expr/arena.h"

#define REGEX_PATTERN_MAX (16 * 1024)
#define REGEX_DEPTH_MAX   200   /* groups in groups */
#define REGEX_REPEAT_MAX  1000  /* of {n,m}, as in RE2 */
#define REGEX_PROGRAM_MAX 20000 /* instructions, after repeats are written out */

struct regex;

struct regex_error {
	char text[200];
};

struct regex_match {
	size_t start; /* in bytes */
	size_t end;
};

enum regex_result { REGEX_NONE, REGEX_FOUND, REGEX_LIMIT };

/* Everything is put into ARENA and lives as long. NULL with the reason in ERROR. */
const struct regex *regex_compile(
    struct arena *arena, const char *pattern, size_t len, struct regex_error *error);

/*
 * The leftmost match that starts at FROM or later, by the rules of Perl (the
 * first alternative wins). MATCH may be NULL when only the answer matters. BUDGET is
 * counted down by the work done; REGEX_LIMIT when it is used up, or ARENA, where
 * the search keeps its state while it runs, is.
 */
enum regex_result regex_search(const struct regex *regex, struct arena *arena, const char *text,
    size_t len, size_t from, size_t *budget, struct regex_match *match);

#endif
