/* The holder of a lock: the line in its file, and how people are told of it. For lock.c and claim.c. */
#ifndef FSOPS_JOURNAL_HOLDER_H
#define FSOPS_JOURNAL_HOLDER_H

#include <jansson.h>

#include "fsops/buf.h"
#include "fsops/err.h"

/* A holder's line is never longer. */
#define HOLDER_LINE_MAX 4096

/* {"run", "user", "host", "pid", "since", "epoch"} of this process; a new object. */
json_t *holder_self(const char *run, json_int_t epoch);
json_int_t holder_epoch(const json_t *holder); /* 0: it has none */

enum holder_state {
	HOLDER_NONE,    /* nothing is there: nobody, or one that has only just come */
	HOLDER_PARTIAL, /* a line without an end */
	HOLDER_KNOWN,
	HOLDER_STRANGE, /* something else is there */
};
/* What the first line of a text says; HOLDER, a new object, only when it is known. */
enum holder_state holder_parse(const char *text, size_t len, json_t **holder);

/* The line for HOLDER, a new string; NULL: over HOLDER_LINE_MAX. */
char *holder_line(const json_t *holder, struct err *err);

bool holder_is_here(const json_t *holder); /* on this host */

/* "run RUN of user@host (pid 12)"; HOLDER NULL or without a run: "a process that does not say who
 * it is". */
void holder_add_name(struct buf *out, const json_t *holder);
/* ", for 3m05s (since …), at step 2/7 'Roll back'", as far as it is known. */
void holder_add_age(struct buf *out, const json_t *holder);
void holder_add_step(struct buf *out, const json_t *holder);
/* "; watch it: fsops log RUN --follow" */
void holder_add_watch(struct buf *out, const json_t *holder);

#endif
