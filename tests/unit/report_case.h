/* Records from hand-made events, for the tests of reports. Events are JSON texts with ' for ". */
#ifndef TESTS_REPORT_CASE_H
#define TESTS_REPORT_CASE_H

#include <stdlib.h>
#include <string.h>

#include "fsops/buf.h"
#include "fsops/mem.h"
#include "fsops/record.h"
#include "fsops/ui.h"

static inline json_t *event_of(const char *quoted, int seq)
{
	char *text = mem_text(quoted);
	json_error_t error;
	json_t *event;

	for (char *at = text; *at; at++)
		if (*at == '\'')
			*at = '"';
	event = json_loads(text, 0, &error);
	if (!event)
		fail_msg("%s: %s", text, error.text);
	json_object_set_new(event, "seq", json_integer(seq));
	if (!json_object_get(event, "time"))
		json_object_set_new(event, "time", json_string("2026-11-23T03:04:05.678Z"));
	if (!json_object_get(event, "run"))
		json_object_set_new(event, "run", json_string("ID"));
	free(text);
	return event;
}

/* EVENTS ends with NULL. */
static inline struct record *record_of(const char *const *events)
{
	struct record *record = record_new();

	for (int seq = 1; *events; events++, seq++) {
		json_t *event = event_of(*events, seq);

		record_add(record, event);
		json_decref(event);
	}
	return record;
}

typedef void print_fn(struct buf *out, const struct record *record);

/* What a printer makes of EVENTS, a new string. */
static inline char *printed(print_fn *print, const char *const *events)
{
	struct record *record = record_of(events);
	struct buf out;

	buf_init(&out, UI_TEXT_MAX);
	print(&out, record);
	record_free(record);
	assert_false(out.full);
	return buf_detach(&out);
}

static inline void says(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("'%s' is not in:\n%s", part, text);
}

static inline void says_not(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("'%s' is in:\n%s", part, text);
}

#define RUN                                                                                        \
	"{'type':'run.started','runbook':'book','title':'The book','platform':'p','severity':"     \
	"'critical','mode':'run','by':{'user':'ann','host':'h1','pid':1}}"
#define STEP(id)                                                                                   \
	"{'type':'step.started','step':'" id "','title':'Step " id "','section':'steps',"          \
	"'budget_seconds':120,'number':1,'of':2}"
#define START(id, effect)                                                                          \
	"{'type':'action.started','step':'s','action':'" id "','adapter':'exec','effect':'" effect \
	"','command':'do " id "'}"
#define END(id, outcome)                                                                           \
	"{'type':'action.finished','step':'s','action':'" id                                       \
	"','effect':'read','seconds':0.412,'outcome':'" outcome "','why':'it said no'}"
#define STEP_END(id, outcome)                                                                      \
	"{'type':'step.finished','step':'" id "','outcome':'" outcome                              \
	"','seconds':1,'budget_seconds':120}"
#define RUN_END                                                                                    \
	"{'type':'run.finished','level':'ok','exit':0,'seconds':41,'outcome':'passed',"            \
	"'counts':{'passed':2,'skipped':1},'left':[],'resumable':false}"

#endif
