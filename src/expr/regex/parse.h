/* A pattern as a tree, and the classes of characters in it. */
#ifndef EXPR_REGEX_PARSE_H
#define EXPR_REGEX_PARSE_H

#include "regex.h"

struct range {
	uint32_t low;
	uint32_t high;
};

/* Sorted, without overlaps. */
struct class
{
	const struct range *ranges;
	size_t count;
};

enum piece_kind {
	PIECE_EMPTY,
	PIECE_CLASS,
	PIECE_ASSERT,
	PIECE_ROW,    /* kids one after another */
	PIECE_CHOICE, /* one of kids, the first that leads to a match */
	PIECE_REPEAT, /* kids[0], least to most times */
};

enum assertion {
	ASSERT_TEXT_START,
	ASSERT_TEXT_END,
	ASSERT_LINE_START,
	ASSERT_LINE_END,
	ASSERT_WORD,
	ASSERT_NOT_WORD,
};

#define REPEAT_FOREVER (-1)

struct piece {
	enum piece_kind kind;
	enum assertion assertion;
	struct class class;
	struct piece **kids;
	size_t count;
	int least;
	int most; /* or REPEAT_FOREVER */
	bool greedy;
};

/* The pieces are in ARENA. NULL with the reason in ERROR. */
struct piece *regex_parse(
    struct arena *arena, const char *pattern, size_t len, struct regex_error *error);

/* A class in the making; malloc'ed, up to CLASS_RANGES_MAX. */
#define CLASS_RANGES_MAX 20000

struct class_build {
	struct range *ranges;
	size_t count;
	bool full; /* something did not fit */
};

void class_add(struct class_build *build, uint32_t low, uint32_t high);

/* With everything that is the same letter in the other case. */
void class_add_folded(struct class_build *build, uint32_t low, uint32_t high);

/* Everything that OTHER does not have. */
void class_add_others(struct class_build *build, const struct class_build *other);

/* \d \s \w and their opposites; false when LETTER is none of them. */
bool class_add_perl(struct class_build *build, char letter);

/* [:alpha:] and the like by name, with a '^' in front negated; false when there is none. */
bool class_add_posix(struct class_build *build, const char *name, size_t len);

/* A general category by name. */
bool class_add_category(struct class_build *build, const char *name, size_t len);

/* Sort and join the ranges. */
void class_normalize(struct class_build *build);

/* Put the class into ARENA, NEGATED or not; false when it does not fit. */
bool class_take(struct class_build *build, struct arena *arena, bool negated, struct class *out);

void class_release(struct class_build *build);

/* Whether CODE is in the class. */
bool class_has(const struct class *class, uint32_t code);

#endif
