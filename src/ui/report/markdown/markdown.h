/* Parts of a report in Markdown that have a file of their own. */
#ifndef FSOPS_UI_REPORT_MARKDOWN_H
#define FSOPS_UI_REPORT_MARKDOWN_H

#include "fsops/buf.h"
#include "fsops/record.h"

/* events.c: approvals, escalations, the timeline. */
void md_report_events(struct buf *out, const struct record *record);
/* steps.c: every step with its actions and their output. */
void md_report_steps(struct buf *out, const struct record *record);

#endif
