/* Events told as sentences, for timelines. Invariant: an event of a type that is not known here is
 * told by its type and its text, not left out. */
#include "moment.h"

#include <stdlib.h>
#include <string.h>

#include "facts.h"
#include "fsops/mem.h"
#include "fsops/value.h"
#include "ui/look.h"

/* What is being told. */
struct moment {
	struct buf *out;
	const char *command;
	const struct record *record;
	const json_t *event;
	const struct record_step *step;     /* or NULL */
	const struct record_action *action; /* or NULL */
};

static const char *field(const struct moment *moment, const char *key)
{
	const char *text = value_get_text(moment->event, key);

	return text ? text : "";
}

static void add_span(struct moment *moment, const char *key)
{
	char text[CLOCK_TEXT_MAX];

	report_span(moment->event, key, text);
	buf_adds(moment->out, *text ? text : "?");
}

static void add_step(struct moment *moment)
{
	const char *title = moment->step ? report_step_title(moment->step) : field(moment, "step");

	buf_addf(moment->out, "'%s'", title);
}

static void add_action(struct moment *moment)
{
	char *item = moment->action ? report_item(moment->action) : NULL;

	if (moment->action)
		buf_adds(moment->out, report_action_title(moment->record, moment->action));
	else
		buf_adds(moment->out, field(moment, "action"));
	if (item)
		buf_addf(moment->out, " (%s)", item);
	free(item);
}

static void add_why(struct moment *moment)
{
	if (*field(moment, "why"))
		buf_addf(moment->out, ": %s", field(moment, "why"));
}

static const char *ended_how(const struct moment *moment)
{
	const char *shown = outcome_shown(moment->event);

	return report_word(shown ? shown : "");
}

/* ---- by type; false: nothing to tell ---- */

static bool on_run_started(struct moment *moment)
{
	buf_addf(moment->out, "run began: %s on %s, by ", field(moment, "title"),
	    field(moment, "platform"));
	report_person(moment->out, moment->record, NULL);
	return true;
}

static bool on_run_resumed(struct moment *moment)
{
	size_t in_flight = json_array_size(json_object_get(moment->event, "interrupted"));

	buf_adds(moment->out, "run taken up again by ");
	report_person(moment->out, moment->record, moment->event);
	if (in_flight)
		buf_addf(moment->out, "; changes that were in flight: %zu", in_flight);
	return true;
}

static bool on_run_finished(struct moment *moment)
{
	buf_addf(moment->out, "run ended: %s, level %s, exit status %.0f",
	    report_word(field(moment, "outcome")), field(moment, "level"),
	    value_get_number(moment->event, "exit", 0));
	add_why(moment);
	return true;
}

static bool on_lock_taken(struct moment *moment)
{
	const json_t *by = json_object_get(moment->event, "by");
	const json_t *other = by ? by : json_object_get(moment->event, "before");
	const char *run = value_get_text(other, "run");
	const char *user = value_get_text(other, "user");
	const char *host = value_get_text(other, "host");

	buf_addf(moment->out, "the lock of '%s' was taken over %s run %s of %s@%s",
	    field(moment, "runbook"), by ? "by" : "from", run ? run : "?", user ? user : "?",
	    host ? host : "?");
	return true;
}

static bool on_step_started(struct moment *moment)
{
	buf_addf(moment->out, "step %.0f/%.0f ", value_get_number(moment->event, "number", 0),
	    value_get_number(moment->event, "of", 0));
	add_step(moment);
	return true;
}

static bool on_step_finished(struct moment *moment)
{
	if (strcmp(field(moment, "outcome"), "passed") == 0)
		return false;
	buf_addf(moment->out, "step %s: ", ended_how(moment));
	add_step(moment);
	add_why(moment);
	return true;
}

static bool on_action_started(struct moment *moment)
{
	const char *effect = field(moment, "effect");

	if (strcmp(effect, "read") == 0)
		return false;
	buf_addf(moment->out, "%s begun: ", effect);
	add_action(moment);
	moment->command = value_get_text(moment->event, "command");
	return true;
}

static bool on_action_finished(struct moment *moment)
{
	char span[CLOCK_TEXT_MAX];

	report_span(moment->event, "seconds", span);
	buf_addf(moment->out, "%s: ", ended_how(moment));
	add_action(moment);
	if (*span && value_get_number(moment->event, "seconds", 0) > 0)
		buf_addf(moment->out, " (%s)", span);
	add_why(moment);
	return true;
}

static const struct {
	const char *question;
	const char *words;
} questions[] = {
    {"change", "asked whether to make the change"},
    {"destroy", "asked whether to destroy"},
    {"failed", "asked what to do after the failure"},
    {"interrupted", "asked what to do about the change that was in flight"},
    {"manual", "asked to do by hand"},
};

static bool on_asked(struct moment *moment)
{
	const char *words = "asked";

	for (size_t i = 0; i < COUNT_OF(questions); i++)
		if (strcmp(questions[i].question, field(moment, "question")) == 0)
			words = questions[i].words;
	buf_addf(moment->out, "%s: ", words);
	add_action(moment);
	moment->command = value_get_text(moment->event, "command");
	return true;
}

static bool on_given(struct moment *moment)
{
	const char *by = field(moment, "by");

	if (strcmp(by, "nobody") == 0 || strcmp(by, "none") == 0) {
		buf_addf(moment->out, "not answered, %s: ", report_nobody(moment->event));
	} else {
		buf_addf(moment->out, "answer \"%s\" of ", field(moment, "answer"));
		report_person(moment->out, moment->record, moment->event);
		buf_adds(moment->out, strcmp(by, "option") == 0 ? ", given beforehand: " : ": ");
	}
	add_action(moment);
	return true;
}

static bool on_budget_warned(struct moment *moment)
{
	buf_adds(moment->out, "step ");
	add_step(moment);
	buf_adds(moment->out, " has used ");
	add_span(moment, "seconds");
	buf_adds(moment->out, " of its budget of ");
	add_span(moment, "budget_seconds");
	return true;
}

static bool on_budget_exceeded(struct moment *moment)
{
	const json_t *ended = json_object_get(moment->event, "ended");
	json_t *line;
	size_t i;

	buf_adds(moment->out, "the budget of step ");
	add_step(moment);
	buf_adds(moment->out, " is over after ");
	add_span(moment, "budget_seconds");
	if (json_is_true(json_object_get(moment->event, "waiting")))
		buf_adds(moment->out, ", while a person is waited for");
	json_array_foreach(ended, i, line) {
		const char *text = json_string_value(line);

		buf_addf(moment->out, "%s%s", i ? ", " : "; ended: ", text ? text : "?");
	}
	return true;
}

static bool on_escalated(struct moment *moment)
{
	buf_addf(moment->out, "escalation level %.0f: %s",
	    value_get_number(moment->event, "level", 0), field(moment, "text"));
	return true;
}

static bool on_notification(struct moment *moment)
{
	bool delivered = json_is_true(json_object_get(moment->event, "delivered"));

	buf_addf(moment->out, "%s channel '%s'",
	    delivered ? "told" : "NOT told:", field(moment, "channel"));
	if (*field(moment, "about"))
		buf_addf(moment->out, " of \"%s\"", field(moment, "about"));
	add_why(moment);
	return true;
}

static bool on_note(struct moment *moment)
{
	if (*field(moment, "by")) {
		report_person(moment->out, moment->record, moment->event);
		buf_adds(moment->out, ": ");
	}
	buf_adds(moment->out, field(moment, "text"));
	return true;
}

static bool nothing(struct moment *moment)
{
	(void)moment;
	return false;
}

static bool on_action_made(struct moment *moment)
{
	buf_adds(moment->out, "made, now looked at: ");
	add_action(moment);
	return true;
}

static bool on_other(struct moment *moment)
{
	const char *text = value_get_text(moment->event, "text");
	char *all = NULL;

	if (!text)
		text = all = json_dumps(moment->event, JSON_COMPACT);
	buf_addf(moment->out, "%s: %s", field(moment, "type"), text ? text : "");
	free(all);
	return true;
}

static const struct {
	const char *type;
	bool (*tell)(struct moment *moment);
} tellers[] = {
    {"run.started", on_run_started},
    {"run.resumed", on_run_resumed},
    {"run.finished", on_run_finished},
    {"lock.taken", on_lock_taken},
    {"step.started", on_step_started},
    {"step.finished", on_step_finished},
    {"action.started", on_action_started},
    {"action.made", on_action_made},
    {"action.output", nothing},
    {"action.waiting", nothing},
    {"action.finished", on_action_finished},
    {"items.listed", nothing},
    {"metric.measured", nothing},
    {"metric.curve", nothing},
    {"approval.asked", on_asked},
    {"approval.given", on_given},
    {"escalated", on_escalated},
    {"notification", on_notification},
    {"budget.warned", on_budget_warned},
    {"budget.exceeded", on_budget_exceeded},
    {"note", on_note},
};

bool report_moment(
    struct buf *out, const char **command, const struct record *record, const json_t *event)
{
	struct moment moment = {
	    .out = out,
	    .record = record,
	    .event = event,
	    .step = report_step_of(record, event),
	    .action = report_action_of(record, event),
	};
	bool (*tell)(struct moment *) = on_other;
	bool told;

	for (size_t i = 0; i < COUNT_OF(tellers); i++)
		if (strcmp(tellers[i].type, field(&moment, "type")) == 0)
			tell = tellers[i].tell;
	told = tell(&moment);
	*command = moment.command;
	return told;
}

bool report_is_escalation(const json_t *event)
{
	static const char *const beginnings[] = {"budget.", "escalat", "notif"};
	const char *type = value_get_text(event, "type");

	for (size_t i = 0; type && i < COUNT_OF(beginnings); i++)
		if (strncmp(type, beginnings[i], strlen(beginnings[i])) == 0)
			return true;
	return false;
}
