/*
 * Reports of a run as files: those that --report and --junit name, written when the run has ended.
 *
 *	files = report_files_new(&cli->options, NULL, &err);   // before: is each of a known kind, and writable?
 *	events_add_sink(events, report_files_sink(files));
 *	…the run…
 *	status = report_files_write(files, status);      // after, also of a run that failed
 *	report_files_free(files);
 *
 * A run that is refused before its first event has no report.
 */
#ifndef FSOPS_CLI_REPORT_FILES_H
#define FSOPS_CLI_REPORT_FILES_H

#include "fsops/record.h"
#include "options.h"

struct report_format {
	const char *name;          /* for messages */
	const char *extensions[3]; /* of file names, with the point; then NULL */
	void (*print)(struct buf *out, const struct record *record);
};

enum report_format_id { REPORT_MARKDOWN, REPORT_HTML, REPORT_JUNIT, REPORT_JSON, REPORT_PROM };
extern const struct report_format report_formats[];

/* What the name of a file says; NULL: its extension is not known, ERR (ERR_USAGE) lists them. */
const struct report_format *report_format_of(const char *path, struct err *err);

/* Make the report and put it at PATH, whole or not at all. */
int report_write(const struct report_format *format, const struct record *record, const char *path,
    struct err *err);

struct report_files;
/* EARLIER: what is on record of a run that is gone on with, or NULL. */
struct report_files *report_files_new(
    const struct options *options, const struct record *earlier, struct err *err);
struct sink *report_files_sink(struct report_files *files);
/* Returns STATUS, or EXIT_FAILED in place of 0 after a complaint: a file could not be written. */
int report_files_write(const struct report_files *files, int status);
void report_files_free(struct report_files *files); /* NULL is allowed */

#endif
