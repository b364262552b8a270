/* Words and names: splitting like a shell, and "did you mean". */
#ifndef FSOPS_TEXT_H
#define FSOPS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "fsops/err.h"

/* The most words one command line may have. */
#define TEXT_WORDS_MAX 1024

struct words {
	char **items; /* owned */
	size_t count;
};

/*
 * Split as a POSIX shell splits words: blanks separate; '…', "…" and backslash
 * quote; nothing is expanded. A `${…}` is kept whole, blanks and quotes inside
 * it included, and so is its text: it is filled in later and stays in its word.
 * Errors: an open quote, an open `${`, too many words.
 */
int words_split(const char *text, struct words *out, struct err *err);
void words_release(struct words *words);

/*
 * The only candidate that NAME (two letters or more) is the beginning of, else the nearest by edit
 * distance (at most a third of its length, at least 1), or NULL. NAMES are borrowed and so is the answer.
 */
const char *text_nearest(const char *name, const char *const *names, size_t count);

/* Whether two names are the same for people: capitals count as small letters, and blanks, '-' and
 * '_' do not count ("HighErrorRate" is "High Error Rate"). */
bool text_alike(const char *a, const char *b);

/* The one of NAMES nearest to NAME by what counts of both, for "did you mean"; or NULL. */
const char *text_similar(const char *name, const char *const *names, size_t count);

/*
 * The one of NAMES that is meant by NAME: the one that is alike, else the only one of which it is
 * the beginning. Returns its index. -1: ERR (ERR_USAGE) says "did you mean …?", or what it can be.
 * WHAT is for the message: "alert".
 */
int text_pick(
    const char *name, const char *const *names, size_t count, const char *what, struct err *err);

/* The length of a `${…}` that starts at TEXT (which must begin with "${"),
 * closing brace included; 0 when it never closes. Braces nest; strings inside
 * the expression ('…' and "…") may hold braces. */
size_t text_template_len(const char *text);

/* Is WORD one of WORDS, which single blanks separate? NULL has none. */
bool text_has_word(const char *words, const char *word);

/* Whether two texts are the same. For looking through a table: most names differ in their first
 * character, and a call for each would be a tenth of the time that loading takes. */
static inline bool text_same(const char *a, const char *b)
{
	return *a == *b && strcmp(a, b) == 0;
}

#endif
