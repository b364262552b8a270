/*
 * Reports of a run, each made from its record, whether the run has ended, was interrupted or still
 * goes on:
 *
 *	struct buf text;
 *	buf_init(&text, UI_TEXT_MAX);
 *	print_report_markdown(&text, record);
 *	if (text.full) …             // over the ceiling: it is incomplete
 *
 * Printers add to a `struct buf` and know no file. What a command has printed is shown as text in each
 * of them, whatever it holds, and what nobody knows is said to be unknown. Events come masked, and so
 * are reports.
 */
#ifndef FSOPS_REPORT_H
#define FSOPS_REPORT_H

#include "fsops/buf.h"
#include "fsops/clock.h"
#include "fsops/record.h"

/* For people: to be pasted where a postmortem is written. ui/report/markdown/markdown.c */
void print_report_markdown(struct buf *out, const struct record *record);
/* One file without references to others. ui/report/html/html.c */
void print_report_html(struct buf *out, const struct record *record);
/* A step is a suite, an action a case: what CI servers read. ui/report/junit.c */
void print_report_junit(struct buf *out, const struct record *record);
/* The events as they were, one a line. ui/report/json.c */
void print_report_json(struct buf *out, const struct record *record);
/* Metrics for the textfile collector of Prometheus' node exporter. LAST_SUCCESS: when a run of this
 * runbook on this platform last ended well, wall milliseconds; 0: that is not known, or never.
 * ui/report/prom.c */
void print_report_prom(struct buf *out, const struct record *record, msec last_success);

#endif
