/* What the writer needs of the reader, and where journals lie. */
#ifndef FSOPS_JOURNAL_READER_H
#define FSOPS_JOURNAL_READER_H

#include <sys/types.h>

#include "fsops/journal.h"

#define JOURNAL_FOLDER "runs"
#define JOURNAL_SUFFIX ".jsonl"

/* The path of RUN's journal, a new string. NULL: that is no run's id, or there is no state folder. */
char *journal_path_of(const char *run, struct err *err);

/* Bytes up to the end of the last whole line. */
off_t reader_whole(const struct journal_reader *reader);

#endif
