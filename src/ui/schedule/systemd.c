/*
 * A timetable as services and timers of systemd.
 *
 * Invariant: each timer starts its runbook when the schedule says. systemd goes by the zone that is
 * written in a timer, and starts once what the clocks show twice; but a time that they skip it leaves
 * out: then the time after the gap is tried too, and --if-due picks the right one.
 */
#include <string.h>

#include "fsops/ui.h"
#include "schedule.h"
#include "ui/safe.h"

static const char *const endings[] = {[UNIT_SERVICE] = "service", [UNIT_TIMER] = "timer"};

void print_unit_name(struct buf *out, const struct timed *timed, enum unit_kind kind)
{
	buf_addf(out, "fsops-%s.%s", timed->runbook->name, endings[kind]);
}

/* A word of ExecStart=, as systemd.service(5) has it: "%" and "$" are its own, blanks part words. */
static void add_word(struct buf *out, const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	                            "_-+./:,=@";

	if (*word && !word[strspn(word, plain)]) {
		buf_adds(out, word);
		return;
	}
	buf_addc(out, '"');
	for (; *word; word++) {
		if (*word == '%' || *word == '$')
			buf_addc(out, *word);
		if (*word == '"' || *word == '\\')
			buf_addc(out, '\\');
		buf_addc(out, *word);
	}
	buf_addc(out, '"');
}

static void add_command(
    struct buf *out, const struct timetable *table, const struct timed *timed, bool if_due)
{
	json_t *words = timed_words(table, timed, if_due);
	size_t i;
	json_t *word;

	buf_adds(out, "ExecStart=");
	add_word(out, table->program);
	json_array_foreach(words, i, word) {
		buf_addc(out, ' ');
		add_word(out, json_string_value(word));
	}
	buf_addc(out, '\n');
	json_decref(words);
}

/* "%" is systemd's in a description too. */
static void add_description(struct buf *out, const struct timed *timed)
{
	struct buf title;

	buf_init(&title, BUF_TEXT_MAX);
	safe_adds(&title, timed->runbook->title);
	buf_adds(out, "[Unit]\nDescription=");
	for (size_t i = 0; i < title.len; i++) {
		if (title.data[i] == '%')
			buf_addc(out, '%');
		buf_addc(out, title.data[i]);
	}
	buf_addf(out, " (%s)\n", timed->runbook->schedule.text);
	buf_release(&title);
}

static void add_service(
    struct buf *out, const struct timetable *table, const struct timed *timed, bool if_due)
{
	if (timed->check) {
		buf_adds(out, "# ");
		schedule_add_limits(out, timed);
		buf_addc(out, '\n');
	}
	add_description(out, timed);
	buf_addf(out,
	    "Wants=network-online.target\n"
	    "After=network-online.target\n"
	    "\n"
	    "[Service]\n"
	    "Type=oneshot\n"
	    "# What the runbooks need of the environment: KUBECONFIG, AWS_PROFILE, …\n"
	    "EnvironmentFile=-/etc/fsops/environment\n"
	    "Environment=TZ=%s FSOPS_STATE=%%S/fsops\n"
	    "StateDirectory=fsops\n"
	    "StateDirectoryMode=0700\n",
	    zone_name(table->zone));
	add_command(out, table, timed, if_due);
}

static void add_calendar(struct buf *out, const struct schedule *schedule,
    const struct schedule_time *time, const struct zone *zone)
{
	buf_adds(out, "OnCalendar=");
	if (schedule->kind != SCHEDULE_DAILY)
		buf_addf(out, "%.3s ", schedule_weekday(schedule->weekday));
	if (schedule->kind == SCHEDULE_MONTHLY)
		buf_addf(out, "*-*-%02d..%02d ", schedule->nth * 7 - 6, schedule->nth * 7);
	else
		buf_adds(out, "*-*-* ");
	buf_addf(out, "%02d:%02d:00 %s\n", time->hour, time->minute, zone_name(zone));
}

static void add_timer(struct buf *out, const struct timetable *table, const struct timed *timed,
    const struct schedule_survey *survey)
{
	add_description(out, timed);
	buf_adds(out, "\n[Timer]\n");
	if (survey->count > 1)
		buf_addf(out,
		    "# The second for the day on which the clocks of %s skip the first.\n",
		    zone_name(table->zone));
	for (size_t i = 0; i < survey->count; i++)
		add_calendar(out, &timed->runbook->schedule, &survey->times[i], table->zone);
	buf_adds(out, "AccuracySec=1s\n\n[Install]\nWantedBy=timers.target\n");
}

int print_unit(struct buf *out, const struct timetable *table, const struct timed *timed,
    enum unit_kind kind, struct err *err)
{
	struct schedule_survey survey;

	if (schedule_survey(
	        &timed->runbook->schedule, table->zone, table->zone, table->now, &survey, err) < 0)
		return err_prefix(err, "%s", timed->runbook->name);
	if (kind == UNIT_SERVICE)
		add_service(out, table, timed, survey.count > 1);
	else
		add_timer(out, table, timed, &survey);
	return 0;
}

int print_schedule_systemd(struct buf *out, const struct timetable *table, struct err *err)
{
	for (size_t i = 0; i < table->count * UNIT_KINDS; i++) {
		const struct timed *timed = &table->items[i / UNIT_KINDS];
		enum unit_kind kind = i % UNIT_KINDS;

		buf_adds(out, i ? "\n# " : "# ");
		print_unit_name(out, timed, kind);
		buf_addc(out, '\n');
		if (print_unit(out, table, timed, kind, err) < 0)
			return -1;
	}
	return 0;
}
