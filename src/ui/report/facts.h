/*
 * What every report says of a run, found in its record: all of them use the same words.
 * Texts are borrowed from the record unless said otherwise, and are not yet made harmless.
 */
#ifndef FSOPS_UI_REPORT_FACTS_H
#define FSOPS_UI_REPORT_FACTS_H

#include "fsops/clock.h"
#include "fsops/record.h"

/* How the run, a step or an action ended: an outcome as in events; "running" while the process is
 * alive; "interrupted" when it died before it could say; of an action also "not begun"; "not so" when
 * it failed, but for findings of `severity: info` only. */
const char *report_run_outcome(const struct record *record);
const char *report_step_outcome(const struct record *record, const struct record_step *step);
const char *report_action_outcome(const struct record *record, const struct record_action *action);
/* It did not run, because its condition could not be told: its own end says why. */
bool report_is_untold(const struct record_step *step);
/* The same in words for people: "timed out". */
const char *report_word(const char *outcome);

/* The id of the run, its runbook: "" when the journal has lost them. */
const char *report_field(const struct record *record, const char *key);

/* An action's title, of one that never began as the plan has it; else its id. A step's. */
const char *report_action_title(const struct record *record, const struct record_action *action);
const char *report_step_title(const struct record_step *step);
/* "read", "change", "destroy"; "" when that is not known. */
const char *report_effect(const struct record_action *action);
/* What it runs: from its own event, else from the question about it; or NULL. */
const char *report_command(const struct record_action *action);
/* The item of its for_each as text for people, a new string; NULL: it has none. */
char *report_item(const struct record_action *action);
/* Did it change anything, or may it have? One that was refused or skipped did not. */
bool report_is_change(const struct record *record, const struct record_action *action);

/* The action that an event is about; NULL: none. */
const struct record_action *report_action_of(const struct record *record, const json_t *event);
/* The step that an event is about: the newest of that id that had begun by then; NULL: none. */
const struct record_step *report_step_of(const struct record *record, const json_t *event);

/* "user@host" of whoever ran the run when EVENT happened (NULL: at its beginning); "?" when nobody
 * has said so. */
void report_person(struct buf *out, const struct record *record, const json_t *event);

/* Why no person answered the question that GIVEN, an event, is the end of. */
const char *report_nobody(const json_t *given);

/* Is EVENT of that type? */
bool report_is(const json_t *event, const char *type);

/* When EVENT happened, wall milliseconds; 0: it does not say. */
msec report_time(const json_t *event);
/* "2026-11-25 12:38:04"; and in the local zone with its name "13:38:04 CET", with the date where that
 * is another one. "-" for 0. */
void report_utc(msec wall, char text[CLOCK_TEXT_MAX]);
void report_local(msec wall, char text[CLOCK_TEXT_MAX]);
/* "1m13s" from a field in seconds; "" when it is missing. */
void report_span(const json_t *event, const char *key, char text[CLOCK_TEXT_MAX]);

/* How long the run took, in seconds: of one that was gone on with from its first beginning to its last
 * end; -1: it has no end. */
double report_took(const struct record *record);

/* What the action has printed, all of it; STREAM NULL: both, in the order in which they came. */
void report_output(struct buf *out, const struct record_action *action, const char *stream);

/* The metric of that name as it was measured before the run; NULL: it was not. The run is resumed: the
 * first time counts. Of several after it, the last counts. */
const json_t *report_before(const struct record *record, const char *name);
/* Is this the last measure of its metric after the run? */
bool report_is_last_after(const struct record *record, size_t index);

/* What to type next: an array of {command, why}, a new reference. */
json_t *report_next(const struct record *record);

#endif
