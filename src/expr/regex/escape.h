/* The state of parsing a pattern, and what begins with a backslash or "(?". */
#ifndef EXPR_REGEX_ESCAPE_H
#define EXPR_REGEX_ESCAPE_H

#include "parse.h"

enum {
	FLAG_FOLD = 1,     /* (?i) */
	FLAG_LINES = 2,    /* (?m): ^ and $ are those of lines */
	FLAG_DOT_ALL = 4,  /* (?s): a dot is a newline too */
	FLAG_UNGREEDY = 8, /* (?U): x* takes little, x*? much */
};

struct pattern {
	struct arena *arena;
	struct regex_error *error;
	const char *at; /* ends with a NUL, so that looking one ahead is safe */
	const char *end;
	unsigned flags;
	int depth;
};

/* Returns -1. */
int pattern_fail(struct pattern *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

bool pattern_starts(const struct pattern *p, const char *text);

/* One character at the cursor, escaped or not. */
int escape_char(struct pattern *p, uint32_t *out);

/* \pL, \p{Lu}, \P{Lu}, \p{^Lu} at the cursor. */
int escape_category(struct pattern *p, struct class_build *build);

enum group_kind { GROUP_OPENED, GROUP_FLAGS_ONLY };

/* "(", "(?:", "(?P<name>", "(?i:", "(?i)" at the cursor; -1 when it is none of these. */
int group_open(struct pattern *p);

#endif
