/*
 * What may come at a place of a command line, for shells: `fsops completion SHELL -- WORD…` prints it. All of it comes from
 * the tables of commands and options, and from the files and the history that the line itself names.
 */
#ifndef FSOPS_CLI_COMPLETE_H
#define FSOPS_CLI_COMPLETE_H

#include <stdbool.h>
#include <stddef.h>

#include "fsops/buf.h"

/* What stands in the place of candidates that the shell itself finds: paths. */
#define COMPLETE_FILES   ":files"
#define COMPLETE_FOLDERS ":folders"

/*
 * Add a line for each word that may be the last of WORDS (after "fsops"): "VALUE\tWHAT IT IS". Of "--name=VALUE" all of it.
 * SPLIT: WORDS were taken apart at each '=', as bash does; then the lines are what follows the last one. Nothing is said of
 * mistakes: a line is not whole while it is typed.
 */
void complete_words(struct buf *out, const char *const *words, size_t count, bool split);

/* ---- for complete.c: complete_values.c ---- */

/* What is known of the line so far. */
struct complete_line {
	const char *command;  /* NULL: none yet */
	const char *runbook;  /* its first argument, or NULL */
	const char *runbooks; /* -R, or NULL */
	const char *platform; /* -P, or NULL */
	const char *begin;    /* what the candidates begin with */
	const char *before;   /* what stands before them in the word: "--only=", or "" */
};

/* Add VALUE, if it begins as LINE says. WHAT may be NULL. */
void complete_add(
    struct buf *out, const struct complete_line *line, const char *value, const char *what);
/* Add what KIND may be: "RUNBOOK", "STEP" …, as help calls it. False: there is no such kind. */
bool complete_kind(struct buf *out, const struct complete_line *line, const char *kind, size_t len);

#endif
