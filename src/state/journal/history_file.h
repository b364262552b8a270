/*
 * STATE/history: two lines a run, fields separated by tabs, times in milliseconds since 1970:
 *	began	RUN	RUNBOOK	PLATFORM	STARTED[	check]
 *	ended	RUN	FINISHED	LEVEL	EXIT	RESUMABLE	DIGEST
 * Lines are added in order; of several ends of one run the newest counts. For history*.c only.
 */
#ifndef FSOPS_JOURNAL_HISTORY_FILE_H
#define FSOPS_JOURNAL_HISTORY_FILE_H

#include "fsops/buf.h"
#include "fsops/history.h"
#include "fsops/journal.h"

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

/* Add a line behind those that are there, unless the last of them tell it already. A file that is not
 * there or torn is mended first. The lock must be held. */
int history_append(const struct buf *line, struct err *err);

/* All lines; none when there was never a run. A file that is not whole is mended first, if that is
 * possible; LOCKED: the caller holds the lock. */
int history_read(struct buf *out, bool locked, struct err *err);

/* The file, when it is there, whole and to be trusted; a descriptor, to be closed. -1: history_read() knows more. */
int history_open(void);

/* Was there ever a run? */
bool history_is_any(void);

/* LINES are all that is in it from now on. The lock must be held. */
int history_replace(const struct buf *lines, struct err *err);

/* ---- what the journals say, history_mend.c ---- */

/* OLD, as far as it is lines, and the runs it does not tell of, in the order of their beginnings. OLD is
 * cut to pieces. */
void history_mend(struct buf *old, struct buf *out);

/* The end of ENTRY's run, when the last line of its journal is one. */
bool history_take_end(struct history_entry *entry, const struct journal_reader *reader);

#endif
