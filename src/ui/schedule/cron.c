/*
 * A timetable as lines of a crontab, and as data.
 *
 * Invariant: each line starts its runbook when the schedule says, under Debian's cron and cronie.
 * Both go by the machine's zone only (cronie's CRON_TZ is unknown to Debian's); a fixed time of day
 * that the clocks skip they start after the gap, and one that is shown twice once. Neither can say
 * "first Sunday": a day of the month and a weekday together mean either.
 */
#include <stdlib.h>

#include "fsops/mem.h"
#include "fsops/ui.h"
#include "schedule.h"
#include "ui/look.h"
#include "ui/safe.h"

void schedule_add_title(struct buf *out, const struct timed *timed)
{
	buf_addf(out, "%s: ", timed->runbook->name);
	safe_adds(out, timed->runbook->title);
	buf_addf(out, ", %s", timed->runbook->schedule.text);
}

void schedule_add_limits(struct buf *out, const struct timed *timed)
{
	if (timed->check)
		buf_addf(out, "It changes things: only its reads are run. Approve with -y%s.",
		    timed->totals.destroys ? " --yes-destroy" : "");
}

/* A word of the command: quoted for the shell, and "%", which cron takes for a newline, for cron. */
static void add_word(struct buf *out, const char *word)
{
	struct buf quoted;

	buf_init(&quoted, BUF_TEXT_MAX);
	buf_add_shell_word(&quoted, word);
	for (size_t i = 0; i < quoted.len; i++) {
		if (quoted.data[i] == '%')
			buf_addc(out, '\\');
		buf_addc(out, quoted.data[i]);
	}
	buf_release(&quoted);
}

static void add_command(
    struct buf *out, const struct timetable *table, const struct timed *timed, bool if_due)
{
	json_t *words = timed_words(table, timed, if_due);
	size_t i;
	json_t *word;

	add_word(out, table->program);
	buf_adds(out, " -q");
	json_array_foreach(words, i, word) {
		buf_addc(out, ' ');
		add_word(out, json_string_value(word));
	}
	buf_addc(out, '\n');
	json_decref(words);
}

/* "0 9 * * *"; of a monthly one all days that its weekday can have, which --if-due picks from. */
static void add_own_times(struct buf *out, const struct schedule *schedule)
{
	buf_addf(out, "%d %d ", schedule->minute, schedule->hour);
	if (schedule->kind == SCHEDULE_MONTHLY)
		buf_addf(out, "%d-%d * * ", schedule->nth * 7 - 6, schedule->nth * 7);
	else if (schedule->kind == SCHEDULE_WEEKLY)
		buf_addf(out, "* * %d ", schedule->weekday);
	else
		buf_adds(out, "* * * ");
}

/* Every hour at the minutes that it can have there. Not at the hours only: a fixed time of day is
 * started once a day, even when this machine's clocks show it twice and the second is the right one. */
static void add_tries(struct buf *out, const struct schedule_survey *survey)
{
	bool wanted[60] = {false};
	const char *before = "";

	for (size_t i = 0; i < survey->count; i++)
		wanted[survey->times[i].minute] = true;
	for (int minute = 0; minute < 60; minute++) {
		if (!wanted[minute])
			continue;
		buf_addf(out, "%s%d", before, minute);
		before = ",";
	}
	buf_adds(out, " * * * * ");
}

static int add_line(struct buf *out, const struct timetable *table, const struct timed *timed,
    bool same, struct err *err)
{
	const struct schedule *schedule = &timed->runbook->schedule;
	struct schedule_survey survey;

	if (schedule_survey(schedule, table->zone, table->machine, table->now, &survey, err) < 0)
		return err_prefix(err, "%s", timed->runbook->name);
	buf_adds(out, "\n# ");
	schedule_add_title(out, timed);
	buf_adds(out, "\n");
	if (timed->check) {
		buf_adds(out, "# ");
		schedule_add_limits(out, timed);
		buf_addc(out, '\n');
	}
	if (same) {
		add_own_times(out, schedule);
	} else {
		add_tries(out, &survey);
		buf_addf(out, "TZ=%s ", zone_name(table->zone));
	}
	add_command(out, table, timed, !same || schedule->kind == SCHEDULE_MONTHLY);
	return 0;
}

static void add_head(struct buf *out, const struct timetable *table, bool same)
{
	buf_addf(out,
	    "# The scheduled runbooks of %s, made by `fsops schedule`, for a crontab (`crontab "
	    "-e`).\n"
	    "# A run prints nothing when all is well, so cron mails only when it is not.\n",
	    table->catalog->platform->name);
	if (same)
		buf_addf(out,
		    "# Times are those of the zone %s, by which cron goes on this machine.\n",
		    zone_name(table->zone));
	else
		buf_addf(out,
		    "# Times are those of the zone %s. Cron goes by this machine's, %s:\n"
		    "# so it tries every hour, and --if-due lets a run begin at its time only.\n",
		    zone_name(table->zone), zone_name(table->machine));
	buf_adds(out,
	    "# Cron gives a run only HOME, LOGNAME, SHELL and a short PATH. What else it "
	    "needs of the\n"
	    "# environment (KUBECONFIG, AWS_PROFILE, …) is for you to set here, above the "
	    "runs:\n"
	    "#PATH=/usr/local/bin:/usr/bin:/bin\n"
	    "#KUBECONFIG=/home/you/.kube/config\n"
	    "# Whom cron mails:\n"
	    "#MAILTO=you@example.org\n");
}

int print_schedule_cron(struct buf *out, const struct timetable *table, struct err *err)
{
	bool same = timetable_same_zone(table);

	add_head(out, table, same);
	for (size_t i = 0; i < table->count; i++)
		if (add_line(out, table, &table->items[i], same, err) < 0)
			return -1;
	return 0;
}

static json_t *timed_object(const struct timetable *table, const struct timed *timed)
{
	char next[CLOCK_TEXT_MAX];
	json_t *object;

	clock_format_rfc3339(timed->next * 1000, next);
	object = json_pack("{s:s, s:s, s:s, s:s, s:s, s:o}", "runbook", timed->runbook->name,
	    "title", timed->runbook->title, "schedule", timed->runbook->schedule.text, "zone",
	    zone_name(table->zone), "next", next, "words", timed_words(table, timed, false));
	source_set(object, table->catalog->platform);
	return object;
}

void print_schedule_json(struct buf *out, const struct timetable *table)
{
	json_t *list = json_array();

	for (size_t i = 0; i < table->count; i++)
		json_array_append_new(list, timed_object(table, &table->items[i]));
	print_json(out, list);
	json_decref(list);
}
