/*
 * An event as a sentence, for the timelines of reports.
 *
 *	struct buf text;
 *	buf_init(&text, BUF_TEXT_MAX);
 *	if (report_moment(&text, &command, record, event)) …
 */
#ifndef FSOPS_UI_REPORT_MOMENT_H
#define FSOPS_UI_REPORT_MOMENT_H

#include "fsops/buf.h"
#include "fsops/record.h"

/* Add to OUT what happened, not yet made harmless; COMMAND is the command line that it is about
 * (borrowed), or NULL. False: nothing for a timeline (output, a read that begins, a measure). */
bool report_moment(
    struct buf *out, const char **command, const struct record *record, const json_t *event);

/* Is it about how long it takes and who is told of it: budgets, escalation, notifications? */
bool report_is_escalation(const json_t *event);

#endif
