/*
 * STATE/history: two lines a run, fields separated by tabs, times in milliseconds since 1970:
 *	began	RUN	RUNBOOK	PLATFORM	STARTED
 *	ended	RUN	FINISHED	LEVEL	EXIT	RESUMABLE	DIGEST
 * Lines are added in order; of several ends of one run the newest counts. For history.c only.
 */
#ifndef FSOPS_JOURNAL_HISTORY_FILE_H
#define FSOPS_JOURNAL_HISTORY_FILE_H

#include "fsops/buf.h"
#include "fsops/history.h"

#define HISTORY_FILE "history"
/* It grows by some 200 bytes a run: this is room for more than a million. */
#define HISTORY_MAX ((size_t)512 * 1024 * 1024)

/* One line as it is read. */
struct history_line {
	bool ended;
	struct history_entry entry; /* texts point into the line */
};

void history_add_began(struct buf *out, const struct history_entry *entry);
void history_add_ended(struct buf *out, const struct history_entry *entry);

/* LINE, LEN bytes without its newline, is cut into texts. -1: it is none. */
int history_parse(char *line, size_t len, struct history_line *out);

/* Whoever writes it holds STATE/history.lock: a descriptor, to be closed; -1 and ERR. */
int history_lock(struct err *err);

/* Add whole lines behind those that are there. When the file is not there it is made from the journals,
 * which tell of LINES too. The lock must be held. */
int history_append(const struct buf *lines, struct err *err);

/* Its bytes; none when there was never a run. When it is not there it is made from the journals first.
 * The lock must not be held. */
int history_read(struct buf *out, struct err *err);

/* LINES are all that is in it from now on. The lock must be held. */
int history_replace(const struct buf *lines, struct err *err);

#endif
