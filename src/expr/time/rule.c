/* POSIX TZ rules, with the hours of -167 to 167 that RFC 8536 allows. */
#include "rule.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "time.h"

enum change_kind { CHANGE_JULIAN, CHANGE_DAY, CHANGE_WEEK };

/* The day and time of a change in any year. */
struct change {
	enum change_kind kind;
	int month, week, day;
	int seconds;
};

/* A cursor; `bad` stays set once something was not there. */
struct rule {
	const char *at;
	bool bad;
};

static bool skip(struct rule *r, char c)
{
	if (*r->at != c)
		return false;
	r->at++;
	return true;
}

static void need(struct rule *r, char c)
{
	if (!skip(r, c))
		r->bad = true;
}

static int number(struct rule *r, int low, int high)
{
	int value = 0;

	if (!isdigit((unsigned char)*r->at))
		r->bad = true;
	for (; isdigit((unsigned char)*r->at) && value < 1000; r->at++)
		value = value * 10 + (*r->at - '0');
	if (value < low || value > high)
		r->bad = true;
	return value;
}

/* "CET", or "<+0330>" */
static void skip_name(struct rule *r)
{
	const char *start = r->at;

	if (skip(r, '<')) {
		while (*r->at && *r->at != '>')
			r->at++;
		need(r, '>');
		return;
	}
	while (isalpha((unsigned char)*r->at))
		r->at++;
	r->bad |= r->at - start < 3;
}

/* "[+-]hh[:mm[:ss]]" in seconds */
static int clock_time(struct rule *r)
{
	int sign = *r->at == '-' ? -1 : 1;
	int seconds;

	if (*r->at == '-' || *r->at == '+')
		r->at++;
	seconds = number(r, 0, 167) * 3600;
	if (skip(r, ':'))
		seconds += number(r, 0, 59) * 60;
	if (skip(r, ':'))
		seconds += number(r, 0, 59);
	return sign * seconds;
}

static struct change change(struct rule *r)
{
	struct change c = {.kind = CHANGE_DAY, .seconds = 2 * 3600};

	need(r, ',');
	if (skip(r, 'M')) {
		c.kind = CHANGE_WEEK;
		c.month = number(r, 1, 12);
		need(r, '.');
		c.week = number(r, 1, 5);
		need(r, '.');
		c.day = number(r, 0, 6);
	} else {
		c.kind = skip(r, 'J') ? CHANGE_JULIAN : CHANGE_DAY;
		c.day = number(r, 0, 365);
	}
	if (skip(r, '/'))
		c.seconds = clock_time(r);
	return c;
}

static int month_days(int64_t year, int month)
{
	return (int)(time_days(month == 12 ? year + 1 : year, month == 12 ? 1 : month + 1, 1) -
	             time_days(year, month, 1));
}

/* Week W's day D of a month; week 5 is the last. */
static int64_t week_day(const struct change *c, int64_t year)
{
	int64_t first = time_days(year, c->month, 1);
	int weekday = (int)(((first + 4) % 7 + 7) % 7);
	int day = (c->day - weekday + 7) % 7 + (c->week - 1) * 7;

	if (day >= month_days(year, c->month))
		day -= 7;
	return first + day;
}

/* When C happens in YEAR, in the local time of before. */
static int64_t change_time(const struct change *c, int64_t year)
{
	int64_t january = time_days(year, 1, 1);
	bool leap = time_days(year + 1, 1, 1) - january == 366;
	int64_t day = january + c->day;

	if (c->kind == CHANGE_WEEK)
		day = week_day(c, year);
	if (c->kind == CHANGE_JULIAN)
		day = january + c->day - 1 + (leap && c->day >= 60);
	return day * DAY_SECONDS + c->seconds;
}

static bool in_summer(
    const struct change *on, const struct change *off, int standard, int summer, int64_t seconds)
{
	struct civil now;
	int64_t start, end;

	time_civil(seconds + standard, &now);
	start = change_time(on, now.year) - standard;
	end = change_time(off, now.year) - summer;
	if (start < end)
		return seconds >= start && seconds < end;
	return seconds >= start || seconds < end;
}

int zone_rule_offset(const char *rule, int64_t seconds, int *offset)
{
	struct rule r = {.at = rule};
	struct change on, off;
	int standard, summer;

	skip_name(&r);
	standard = -clock_time(&r);
	*offset = standard;
	if (r.bad || !*r.at)
		return r.bad ? -1 : 0;
	skip_name(&r);
	summer = *r.at && *r.at != ',' ? -clock_time(&r) : standard + 3600;
	on = change(&r);
	off = change(&r);
	if (r.bad || *r.at)
		return -1;
	*offset = in_summer(&on, &off, standard, summer, seconds) ? summer : standard;
	return 0;
}
