/* What is said of a run's events. Invariant: texts come from events alone, which are masked, and no
 * text is longer than MESSAGE_TEXT_MAX. */
#include "notice_text.h"

#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/sha256.h"
#include "fsops/value.h"
#include "kinds.h"

/* So many failures of a step are named; the others are counted. */
#define FAILURES_NAMED 10

void notice_run_init(struct notice_run *run, const char *platform)
{
	*run = (struct notice_run){
	    .facts = json_pack("{s:s}", "platform", platform),
	    .steps = json_object(),
	    .failures = json_array(),
	};
}

void notice_run_release(struct notice_run *run)
{
	json_decref(run->facts);
	json_decref(run->steps);
	json_decref(run->failures);
	*run = (struct notice_run){0};
}

/* ---- learning ---- */

/* A UUID that depends on nothing but the run's id, so that a run that is resumed keeps it. */
static json_t *rid_of(const char *run)
{
	char hex[SHA256_TEXT];

	sha256_text(run, strlen(run), hex);
	hex[12] = '8'; /* RFC 9562: made by a rule of one's own */
	hex[16] = "89ab"[hex[16] & 3];
	return json_sprintf(
	    "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
}

static void learn_run(struct notice_run *run, const json_t *event)
{
	static const char *const same[] = {"run", "runbook", "title", "platform", "severity", "by"};

	for (size_t i = 0; i < COUNT_OF(same); i++) {
		json_t *value = json_object_get(event, same[i]);

		if (value)
			json_object_set(run->facts, same[i], value);
	}
	json_object_set_new(run->facts, "rid", rid_of(said(event, "run")));
}

/* A finding of no severity is nothing to tell people of. */
static void learn_failure(struct notice_run *run, const json_t *event)
{
	const char *outcome = said(event, "outcome");
	const char *why = said(event, "why");
	enum level level = LEVEL_CRITICAL;

	if (strcmp(outcome, "failed") != 0 && strcmp(outcome, "timed_out") != 0)
		return;
	level_parse(said(event, "severity"), &level);
	if (level < LEVEL_WARNING)
		return;
	run->worst = level_worst(run->worst, level);
	json_array_append_new(
	    run->failures, json_sprintf("%s: %s", said(event, "action"), *why ? why : outcome));
}

/* A step that did not run because its condition could not be told: no action of it says so. */
static void learn_untold(struct notice_run *run, const json_t *event)
{
	const char *id = said(event, "step");
	const char *title = value_get_text(run->steps, id);

	if (strcmp(said(event, "outcome"), "failed") != 0 || !*said(event, "why"))
		return;
	run->worst = LEVEL_CRITICAL;
	json_array_append_new(
	    run->failures, json_sprintf("%s: %s", title ? title : id, said(event, "why")));
}

void notice_run_learn(struct notice_run *run, const json_t *event)
{
	const char *type = said(event, "type");

	if (strcmp(type, "run.started") == 0 || strcmp(type, "run.resumed") == 0) {
		learn_run(run, event);
	} else if (strcmp(type, "step.started") == 0) {
		json_object_set(run->steps, said(event, "step"), json_object_get(event, "title"));
		if (!strchr(said(event, "step"), '/')) {
			json_array_clear(run->failures);
			run->worst = LEVEL_OK;
		}
	} else if (strcmp(type, "action.finished") == 0) {
		learn_failure(run, event);
	} else if (strcmp(type, "step.finished") == 0) {
		learn_untold(run, event);
	}
}

/* ---- saying ---- */

struct saying {
	const struct notice_run *run;
	const json_t *event;
	struct buf *title; /* begins with the run's own */
	struct buf *text;
	const char *level;
};

static void add_span(struct buf *out, const json_t *event, const char *key)
{
	char text[CLOCK_TEXT_MAX];

	clock_format_span((msec)(value_get_number(event, key, 0) * 1000 + 0.5), text);
	buf_adds(out, text);
}

static const char *step_title(const struct saying *s)
{
	const char *id = said(s->event, "step");
	const char *title = value_get_text(s->run->steps, id);

	return title ? title : id;
}

static void say_started(struct saying *s)
{
	const json_t *by = json_object_get(s->event, "by");

	buf_adds(s->title,
	    strcmp(said(s->event, "type"), "run.resumed") == 0 ? ": goes on" : ": started");
	buf_adds(s->text, said(s->event, "summary"));
	if (by)
		buf_addf(s->text, "%sby %s on %s", s->text->len ? "\n" : "", said(by, "user"),
		    said(by, "host"));
}

static void say_failed(struct saying *s)
{
	size_t count = json_array_size(s->run->failures);

	buf_addf(s->title, ": step '%s' failed", step_title(s));
	for (size_t i = 0; i < count && i < FAILURES_NAMED; i++)
		buf_addf(s->text, "%s%s", i ? "\n" : "",
		    json_string_value(json_array_get(s->run->failures, i)));
	if (count > FAILURES_NAMED)
		buf_addf(s->text, "\nand %zu more", count - FAILURES_NAMED);
	s->level = level_name(s->run->worst);
}

static void say_budget(struct saying *s)
{
	const json_t *ended = json_object_get(s->event, "ended");

	buf_addf(s->title, ": step '%s' is out of time", step_title(s));
	buf_adds(s->text, "over its budget of ");
	add_span(s->text, s->event, "budget_seconds");
	if (json_is_true(json_object_get(s->event, "waiting")))
		buf_adds(s->text, ", a person is waited for");
	for (size_t i = 0; i < json_array_size(ended); i++)
		buf_addf(s->text, "\nended: %s", json_string_value(json_array_get(ended, i)));
	s->level = level_name(LEVEL_CRITICAL);
}

static void say_escalated(struct saying *s)
{
	buf_addf(s->title, ": escalation level %d", (int)value_get_number(s->event, "level", 0));
	buf_adds(s->text, said(s->event, "text"));
}

static void say_finished(struct saying *s)
{
	const char *why = said(s->event, "why");

	s->level = said(s->event, "level");
	buf_addf(s->title, ": ended, %s", s->level);
	buf_addf(s->text, "%s after ", said(s->event, "outcome"));
	add_span(s->text, s->event, "seconds");
	if (*why)
		buf_addf(s->text, ": %s", why);
}

static void say_acknowledged(struct saying *s)
{
	buf_adds(s->title, ": somebody is at it");
	buf_adds(s->text, "a person answers the run's questions");
}

static const struct {
	const char *what;
	void (*say)(struct saying *s);
} sayings[] = {
    {"run.started", say_started},
    {"failed", say_failed},
    {"budget.exceeded", say_budget},
    {"escalated", say_escalated},
    {"run.finished", say_finished},
    {"acknowledged", say_acknowledged},
};

/* ---- a message ---- */

static json_t *cut(const struct buf *text)
{
	struct buf whole;
	json_t *made;

	buf_init(&whole, BUF_TEXT_MAX);
	add_cut(&whole, text->len ? text->data : "", MESSAGE_TEXT_MAX);
	made = value_text(whole.len ? whole.data : "", whole.len);
	buf_release(&whole);
	return made;
}

static json_t *field(const struct notice_run *run, const char *key)
{
	return json_string(said(run->facts, key));
}

static json_t *put_together(const struct notice_run *run, const char *what, const char *action,
    const struct buf *title, const struct buf *text)
{
	return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:n}", "event", what,
	    "action", action, "title", cut(title), "text", cut(text), "run", field(run, "run"),
	    "runbook", field(run, "runbook"), "platform", field(run, "platform"), "severity",
	    field(run, "severity"), "rid", field(run, "rid"), "exit");
}

static void begin(struct buf *title, struct buf *text, const struct notice_run *run)
{
	buf_init(title, BUF_TEXT_MAX);
	buf_init(text, BUF_TEXT_MAX);
	buf_addf(title, "%s on %s", said(run->facts, "title"), said(run->facts, "platform"));
}

json_t *notice_message(
    const struct notice_run *run, const char *what, const char *action, const json_t *event)
{
	const char *severity = said(run->facts, "severity");
	struct buf title, text;
	struct saying s = {.run = run,
	    .event = event,
	    .title = &title,
	    .text = &text,
	    .level = *severity ? severity : level_name(LEVEL_INFO)};
	json_t *message;

	begin(&title, &text, run);
	for (size_t i = 0; i < COUNT_OF(sayings); i++)
		if (strcmp(sayings[i].what, what) == 0)
			sayings[i].say(&s);
	buf_addf(&text, "%srun %s", text.len ? "\n" : "", said(run->facts, "run"));
	message = put_together(run, what, action, &title, &text);
	json_object_set_new(message, "level", json_string(s.level));
	json_object_set(message, "time", json_object_get(event, "time"));
	if (json_object_get(event, "exit"))
		json_object_set(message, "exit", json_object_get(event, "exit"));
	buf_release(&title);
	buf_release(&text);
	return message;
}

json_t *notice_own(const struct notice_run *run, const char *action, const char *title,
    const char *text, const json_t *time)
{
	const char *severity = said(run->facts, "severity");
	struct buf head, body;
	json_t *message;

	begin(&head, &body, run);
	if (title) {
		buf_clear(&head);
		buf_adds(&head, title);
	}
	buf_adds(&body, text);
	message = put_together(run, "notify", action, &head, &body);
	json_object_set_new(
	    message, "level", json_string(*severity ? severity : level_name(LEVEL_INFO)));
	json_object_set(message, "time", (json_t *)time);
	buf_release(&head);
	buf_release(&body);
	return message;
}
