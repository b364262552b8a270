/*
 * Errors: what failed, on what, why, and what to do, as one sentence.
 *
 * A function that can fail takes `struct err *` last, and returns 0 or -1
 * (or NULL where it returns a pointer). The text is bounded and needs no
 * freeing. Loading a file can find many mistakes: those go to a
 * `struct problems`, which keeps them all with their places.
 *
 *	struct err err;
 *	if (file_read(path, MAX, &buf, &err) < 0)
 *		return err.kind;   // err.text says why
 */
#ifndef FSOPS_ERR_H
#define FSOPS_ERR_H

#include <stdbool.h>
#include <stddef.h>

#define ERR_TEXT_MAX 4096

enum err_kind {
	ERR_NONE,
	ERR_USAGE,       /* the command line is wrong: status 64 */
	ERR_INPUT,       /* a runbook, platform or data file is wrong: status 65 */
	ERR_SYSTEM,      /* the operating system refused something */
	ERR_REMOTE,      /* the other side refused, failed or answered nonsense */
	ERR_TIMEOUT,     /* no answer in time */
	ERR_LIMIT,       /* a named ceiling was reached */
	ERR_LOCKED,      /* another run has the lock: status 75 */
	ERR_REFUSED,     /* not approved, and nobody to ask: status 77 */
	ERR_UNKNOWN,     /* a value is not known (a dry run, no data) */
	ERR_INTERRUPTED, /* stopped by SIGINT: status 130 */
	ERR_TERMINATED,  /* stopped by SIGTERM or SIGHUP: status 143 */
};

/* A place in a file; line and column count from 1, 0 means "none". */
struct pos {
	const char *file; /* borrowed: lives as long as the document it names */
	int line;
	int col;
};

struct err {
	enum err_kind kind;
	struct pos pos;
	char text[ERR_TEXT_MAX];
};

/* Fill ERR (NULL is allowed) and return -1, so that `return err_set(…)` reads well. */
int err_set(struct err *err, enum err_kind kind, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The same, with a place. */
int err_at(struct err *err, struct pos pos, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Put "what: " in front of the text that ERR holds already. Returns -1. */
int err_prefix(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

enum problem_level { PROBLEM_ERROR, PROBLEM_WARNING };

struct problem {
	enum problem_level level;
	char *file; /* owned */
	int line;
	int col;
	char *text;       /* owned */
	const char *rule; /* of lint that says so, a static text; NULL: the loader */
};

/* More than this many in one go are counted, not kept; the count is printed. */
#define PROBLEMS_MAX 200

struct problems {
	struct problem *items;
	size_t count;
	size_t errors;   /* of every error found, also of those not kept */
	size_t warnings; /* the same for warnings */
};

/* Record one problem; the text is made from FMT. */
void problem_add(struct problems *list, enum problem_level level, struct pos pos, const char *fmt,
    ...) __attribute__((format(printf, 4, 5)));

/* Copy what FROM holds, and count what it counted, into LIST. */
void problems_append(struct problems *list, const struct problems *from);

/* Move those of FROM whose file is FILE (NULL: all) to the end of LIST; FROM keeps the others. */
void problems_take(struct problems *list, struct problems *from, const char *file);

/* Sort by file, line and column. */
void problems_sort(struct problems *list);
void problems_release(struct problems *list);

#endif
