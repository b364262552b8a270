/*
 * The journal: one file a run, one event a line, as event.h says, each with one more field,
 *	"prev": the SHA-256 of the line before it (64 zeros before the first), without its newline
 * so that an edit shows. It is a sink like any other, and whoever looks back (history, log, report,
 * resume) reads it through journal_reader.
 *
 * What must be on record before a change is on the disk before the change: `secure` of the sink is
 * fdatasync(2). Other events are written one by one and not synced.
 *
 * While a run is alive it holds flock(2) on its journal: journal_is_live().
 */
#ifndef FSOPS_JOURNAL_H
#define FSOPS_JOURNAL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "fsops/event.h"
#include "fsops/sha256.h"

/* A longer line is an error, on both sides: no event that the engine makes comes near it. */
#define JOURNAL_LINE_MAX ((size_t)32 * 1024 * 1024)

/* Why a line is damaged, for people; a NUL included. */
#define JOURNAL_WHY_MAX 256

/* What `prev` of the first line says. */
#define JOURNAL_FIRST "0000000000000000000000000000000000000000000000000000000000000000"

/* ---- writing ---- */

struct journal;

/* Begin the journal of a new run. NULL: no state folder, no permission, a run of that id is there. */
struct journal *journal_create(const char *run, struct err *err);

/* Go on with the journal of a run that was interrupted, after its last whole line; a torn one behind
 * it is cut off. Errors: its run is alive, it is not what READER has read to its end, it is damaged. */
struct journal_reader;
struct journal *journal_continue(const struct journal_reader *reader, struct err *err);

/* In place of a journal that cannot be: it says WHY at the first event and keeps changes from being
 * started. */
struct journal *journal_missing(const char *why);

/* A sink that writes every event as it happens, to be added after all others. It owns the journal:
 * closing it syncs the journal, tells the history, and lets go of the lock. When a write fails, a note
 * among EVENTS says so, nothing more is written, and `secure` refuses. */
struct sink *journal_sink(struct journal *journal, struct events *events);

/* ---- reading ---- */

struct journal_facts {
	size_t events;          /* whole lines that are events */
	json_int_t last_seq;    /* of the last one; 0: none */
	char last[SHA256_TEXT]; /* digest of the last whole line */
	size_t torn;            /* bytes after the last newline: a line that was being written */
	size_t bad_line;        /* the first line that is no event or breaks the chain; 0: none */
	char why[JOURNAL_WHY_MAX]; /* what is wrong with it */
};

/* RUN: a whole id. NULL: there is none, or it cannot be read. */
struct journal_reader *journal_open(const char *run, struct err *err);
/* The same for any file. */
struct journal_reader *journal_open_file(const char *path, struct err *err);

/* The next event, a new reference, through EVENT: 1; 0: no more for now (call again when a live run
 * may have written more); -1: this line is damaged, ERR says "FILE:LINE: why", and the next call goes
 * on behind it. A line that breaks the chain is an event all the same: FACTS tell. */
int journal_next(struct journal_reader *reader, json_t **event, struct err *err);

/* What is known so far; borrowed. */
const struct journal_facts *journal_facts(const struct journal_reader *reader);
const char *journal_path(const struct journal_reader *reader);
/* Is the process that writes it alive? */
bool journal_is_live(const struct journal_reader *reader);
void journal_close(struct journal_reader *reader); /* NULL is allowed */

#endif
