/* A pattern as a program for a machine that is in many states at once. */
#ifndef EXPR_REGEX_PROGRAM_H
#define EXPR_REGEX_PROGRAM_H

#include "parse.h"

enum instruction_kind {
	DO_RANGE,  /* one code point from low to high, then the next instruction */
	DO_CLASS,  /* one code point of the class */
	DO_ASSERT, /* go on if it holds here */
	DO_SPLIT,  /* go on at `to` and at `other`, the first preferred */
	DO_JUMP,   /* go on at `to` */
	DO_MATCH,
};

struct instruction {
	enum instruction_kind kind;
	union {
		struct range range;
		const struct class *class;
		enum assertion assertion;
		struct {
			uint32_t to;
			uint32_t other;
		} jump;
	} as;
};

struct regex {
	struct instruction *program;
	size_t count;
	bool anchored; /* can only match at the start of the text */
	bool can_skip; /* a match begins with a byte that `first` has */
	bool first[256];
};

#endif
