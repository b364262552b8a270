/* Alerts: the matrix, and what to do about one. Invariant: what was not matched, and what cannot be
 * run as it is, is said as plainly as what can. */
#include <stdlib.h>
#include <string.h>

#include "fsops/escalation.h"
#include "fsops/mem.h"
#include "fsops/ui.h"
#include "fsops/value.h"
#include "ui/look.h"
#include "ui/safe.h"
#include "ui/table.h"

static void add_matrix_row(struct table *table, const struct alert *alert)
{
	char span[CLOCK_TEXT_MAX] = "";

	if (alert->respond_within)
		clock_format_span(alert->respond_within, span);
	table_cell(table, ROLE_BOLD, alert->name);
	table_cell(table, role_of_level(alert->severity), level_name(alert->severity));
	table_cell(table, ROLE_PLAIN, span);
	table_cell(table, ROLE_PLAIN, alert->runbook ? alert->runbook : "");
	table_cell(table, ROLE_PLAIN, alert->action ? alert->action : "");
}

void print_alerts_table(struct buf *out, const struct platform *platform, const struct look *look)
{
	static const char *const heads[] = {"ALERT", "SEVERITY", "WITHIN", "RUNBOOK", "ACTION"};
	struct table *table = table_new(look, 5);

	for (size_t i = 0; i < 5; i++)
		table_cell(table, ROLE_DIM, heads[i]);
	table_align_right(table, 2);
	for (size_t i = 0; i < platform->alert_count; i++)
		add_matrix_row(table, &platform->alerts[i]);
	print_source(out, platform, look);
	if (platform->alert_count)
		table_print(out, table, "");
	else
		buf_adds(out, "The platform has no alerts.\n");
	table_free(table);
}

/* What is needed and not known stands as "…", to be typed. */
char *notice_command(const struct notice *notice)
{
	const struct runbook *runbook = notice->runbook;
	struct buf text;

	if (!runbook)
		return NULL;
	buf_init(&text, BUF_TEXT_MAX);
	buf_addf(&text, "fsops run %s", runbook->name);
	for (size_t i = 0; i < runbook->var_count; i++) {
		const struct var *var = &runbook->vars[i];
		const char *value = json_string_value(json_object_get(notice->vars, var->name));
		struct buf word;

		if (!value && !var->required)
			continue;
		buf_init(&word, BUF_TEXT_MAX);
		buf_addf(&word, "%s=%s", var->name, value ? value : "…");
		buf_adds(&text, " --var ");
		if (value)
			buf_add_shell_word(&text, word.data);
		else
			buf_adds(&text, word.data);
		buf_release(&word);
	}
	return buf_detach(&text);
}

static msec respond_within(const struct notice *notice)
{
	if (notice->alert && notice->alert->respond_within)
		return notice->alert->respond_within;
	return notice->runbook ? notice->runbook->respond_within : 0;
}

/* The alert's own contact, else whom its escalation begins with. */
static void add_who(struct buf *out, const struct platform *platform, const struct notice *notice)
{
	struct buf how;

	if (!notice->alert || !notice->alert->contact) {
		escalation_add_who(out, platform,
		    escalation_at(platform, notice->runbook, notice->severity, 0).level);
		return;
	}
	buf_init(&how, BUF_TEXT_MAX);
	contact_add_how(&how, platform, notice->alert->contact);
	buf_addf(out, "%s%s%s%s", contact_title(platform, notice->alert->contact),
	    how.len ? " (" : "", how.data, how.len ? ")" : "");
	buf_release(&how);
}

static void add_line(struct table *table, const char *name, enum role role, const char *text)
{
	if (!text || !*text)
		return;
	table_cell(table, ROLE_DIM, name);
	table_cell(table, role, text);
	table_keep_whole(table);
}

static void add_deadline(struct table *table, const struct notice *notice, msec now)
{
	msec by = notice->since + respond_within(notice);
	char clock[CLOCK_TEXT_MAX];
	char span[CLOCK_TEXT_MAX];
	struct buf text;

	if (!respond_within(notice))
		return;
	clock_format_local(by, now, clock);
	clock_format_span(by < now ? now - by : by - now, span);
	buf_init(&text, BUF_TEXT_MAX);
	buf_addf(&text, by < now ? "%s (%s ago)" : "%s (in %s)", clock, span);
	add_line(table, "respond by", by < now ? ROLE_CRITICAL : ROLE_BOLD, text.data);
	buf_release(&text);
}

static void add_lines(
    struct table *table, const struct platform *platform, const struct notice *notice, msec now)
{
	char *command = notice_command(notice);
	struct buf who;

	buf_init(&who, BUF_TEXT_MAX);
	add_who(&who, platform, notice);
	add_deadline(table, notice, now);
	if (notice->alert && strcmp(notice->alert->name, notice->name) != 0)
		add_line(table, "alert", ROLE_PLAIN, notice->alert->name);
	add_line(table, "action", ROLE_PLAIN, notice->alert ? notice->alert->action : NULL);
	add_line(table, "runbook", ROLE_PLAIN, notice->runbook ? notice->runbook->name : NULL);
	add_line(table, "contact", ROLE_PLAIN, who.data);
	add_line(table, "type", ROLE_BOLD, command);
	add_line(table, "but", ROLE_WARNING, notice->problem);
	add_line(table, "note", ROLE_WARNING, notice->note);
	buf_release(&who);
	free(command);
}

static void add_notice(struct buf *out, const struct platform *platform,
    const struct notice *notice, msec now, const struct look *look)
{
	char since[CLOCK_TEXT_MAX];
	struct table *table;

	look_add(out, look, ROLE_BOLD, notice->name);
	if (!notice->matched_by) {
		buf_adds(out, " ");
		look_add(out, look, ROLE_UNKNOWN,
		    notice->problem ? notice->problem : "matches no alert and no runbook");
		buf_adds(out, "\n");
		return;
	}
	buf_adds(out, " (");
	look_add(out, look, role_of_level(notice->severity), level_name(notice->severity));
	buf_adds(out, ")");
	if (now - notice->since >= 1000) {
		clock_format_local(notice->since, now, since);
		buf_addf(out, " since %s", since);
	}
	buf_adds(out, "\n");
	table = table_new(look, 2);
	add_lines(table, platform, notice, now);
	table_print(out, table, "  ");
	table_free(table);
}

void print_notices_text(struct buf *out, const struct platform *platform,
    const struct notice *notices, size_t count, msec now, const struct look *look)
{
	if (count)
		print_source(out, platform, look);
	for (size_t i = 0; i < count; i++) {
		if (i)
			buf_addc(out, '\n');
		add_notice(out, platform, &notices[i], now, look);
	}
}

static json_t *contacts(const struct platform *platform, const struct notice *notice)
{
	const struct escalation *entry = NULL;
	json_t *list = json_array();
	int level;

	if (notice->alert && notice->alert->contact) {
		json_array_append_new(list, contact_object(platform, notice->alert->contact));
		return list;
	}
	level = escalation_at(platform, notice->runbook, notice->severity, 0).level;
	while ((entry = escalation_next(platform, level, entry)))
		json_array_append_new(list, contact_object(platform, entry->contact));
	return list;
}

/* An alert is never left out for what a text of it holds: what is no UTF-8 is replaced. */
static json_t *text_or_null(const char *text)
{
	return text ? value_text(text, strlen(text)) : json_null();
}

static json_t *respond_by(const struct notice *notice)
{
	char by[CLOCK_TEXT_MAX];

	clock_format_rfc3339(notice->since + respond_within(notice), by);
	return respond_within(notice) ? json_string(by) : json_null();
}

static json_t *notice_object(const struct platform *platform, const struct notice *notice)
{
	const struct alert *alert = notice->alert;
	msec within = respond_within(notice);
	char *command = notice_command(notice);
	const struct {
		const char *key;
		json_t *value; /* new */
	} members[] = {
	    {"name", text_or_null(notice->name)},
	    {"alert", text_or_null(alert ? alert->name : NULL)},
	    {"severity", text_or_null(level_name(notice->severity))},
	    {"respond_within_seconds", within ? json_real((double)within / 1000) : json_null()},
	    {"respond_by", respond_by(notice)},
	    {"action", text_or_null(alert ? alert->action : NULL)},
	    {"runbook", text_or_null(notice->runbook ? notice->runbook->name : NULL)},
	    {"command", text_or_null(command)},
	    {"contacts", contacts(platform, notice)},
	    {"matched_by", text_or_null(notice->matched_by)},
	    {"vars", notice->vars ? json_incref(notice->vars) : json_null()},
	    {"problem", text_or_null(notice->problem)},
	    {"note", text_or_null(notice->note)},
	};
	json_t *object = json_object();

	for (size_t i = 0; i < COUNT_OF(members); i++)
		json_object_set_new(object, members[i].key, members[i].value);
	free(command);
	return object;
}

static json_t *malformed_object(const struct notice *notice)
{
	json_t *object = json_object();

	json_object_set_new(object, "name", text_or_null(notice->name));
	json_object_set_new(object, "problem", text_or_null(notice->problem));
	return object;
}

void print_notices_json(
    struct buf *out, const struct platform *platform, const struct notice *notices, size_t count)
{
	json_t *object = json_object();
	json_t *matched = json_array();
	json_t *unmatched = json_array();
	json_t *malformed = json_array();

	for (size_t i = 0; i < count; i++) {
		if (notices[i].matched_by) {
			json_array_append_new(matched, notice_object(platform, &notices[i]));
			continue;
		}
		json_array_append_new(unmatched, text_or_null(notices[i].name));
		if (notices[i].problem)
			json_array_append_new(malformed, malformed_object(&notices[i]));
	}
	json_object_set_new(object, "alerts", matched);
	json_object_set_new(object, "unmatched", unmatched);
	json_object_set_new(object, "malformed", malformed);
	source_set(object, platform);
	print_json(out, object);
	json_decref(object);
}

/* Rows are asked for, not firing: what is to be done from now on. */
void print_alerts_json(struct buf *out, const struct catalog *catalog)
{
	const struct platform *platform = catalog->platform;
	struct notice *notices = mem_alloc((platform->alert_count + 1) * sizeof(*notices));

	for (size_t i = 0; i < platform->alert_count; i++) {
		const struct alert *alert = &platform->alerts[i];
		struct err err;

		notices[i] = (struct notice){
		    .name = alert->name,
		    .alert = alert,
		    .matched_by = "name",
		    .severity = alert->severity,
		    .since = clock_system.wall(clock_system.ctx),
		};
		if (alert->runbook)
			notices[i].runbook = catalog_find(catalog, alert->runbook, &err);
	}
	print_notices_json(out, platform, notices, platform->alert_count);
	free(notices);
}
