/* What the writer needs of the reader, and where journals lie. */
#ifndef FSOPS_JOURNAL_READER_H
#define FSOPS_JOURNAL_READER_H

#include <sys/types.h>

#include "fsops/journal.h"

#define JOURNAL_FOLDER "runs"
#define JOURNAL_SUFFIX ".jsonl"

/* The path of RUN's journal, a new string. NULL: that is no run's id, or there is no state folder. */
char *journal_path_of(const char *run, struct err *err);

/* Letters, digits, '.', '_' and '-': nothing that leads out of the folder. */
bool journal_is_run_id(const char *run);

/* The last event of the file as it is now, but for those that only say who was told of the run's end, and
 * the digest of the last whole line; what is given out next stays the same. A new reference; NULL: there
 * is none, it is no event, or it is longer than READER_TAIL. */
#define READER_TAIL ((size_t)256 * 1024)
json_t *reader_last(const struct journal_reader *reader, char digest[SHA256_TEXT]);

/* Bytes up to the end of the last whole line. */
off_t reader_whole(const struct journal_reader *reader);

#endif
