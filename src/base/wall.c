/* Points of time as people read and type them. Invariant: what is shown says its time zone, and
 * what is typed without one is in the zone that is shown. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "fsops/clock.h"
#include "fsops/mem.h"

#define SECOND ((msec)1000)

static void local(msec wall, struct tm *tm)
{
	time_t seconds = (time_t)(wall / SECOND);

	localtime_r(&seconds, tm);
}

void clock_format_local(msec wall, msec now, char text[CLOCK_TEXT_MAX])
{
	struct tm then;
	struct tm today;
	bool same_day;

	local(wall, &then);
	local(now, &today);
	same_day = then.tm_year == today.tm_year && then.tm_yday == today.tm_yday;
	if (!strftime(text, CLOCK_TEXT_MAX, same_day ? "%H:%M %Z" : "%a %Y-%m-%d %H:%M %Z", &then))
		clock_format_rfc3339(wall, text);
}

static int finish(struct tm *tm, msec *wall)
{
	time_t seconds;

	tm->tm_isdst = -1;
	seconds = mktime(tm);
	if (seconds == (time_t)-1)
		return -1;
	*wall = (msec)seconds * SECOND;
	return 0;
}

/* "Z", "+01:00": seconds east of UTC. -1: no such thing. */
static int read_zone(const char *text, long *east)
{
	int hours;
	int minutes;
	int end = 0;

	*east = 0;
	if (strcmp(text, "Z") == 0 || strcmp(text, "z") == 0)
		return 0;
	if (*text != '+' && *text != '-')
		return -1;
	if (sscanf(text + 1, "%2d:%2d%n", &hours, &minutes, &end) != 2 || text[1 + end] ||
	    hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
		return -1;
	*east = (hours * 3600L + minutes * 60L) * (*text == '-' ? -1 : 1);
	return 0;
}

/* The time of day at TEXT into TM; what follows it, or NULL. */
static const char *read_day_time(const char *text, struct tm *tm)
{
	const char *end = strptime(text, "%H:%M", tm);

	if (end && *end == ':')
		end = strptime(end, ":%S", tm);
	return end;
}

static int read_dated(const char *text, msec *wall)
{
	struct tm tm = {0};
	const char *end = strptime(text, "%Y-%m-%d", &tm);
	long east;

	if (!end || (*end != 'T' && *end != 't' && *end != ' '))
		return -1;
	end = read_day_time(end + 1, &tm);
	if (!end)
		return -1;
	if (!*end)
		return finish(&tm, wall);
	if (*end == '.')
		end += 1 + strspn(end + 1, "0123456789");
	if (read_zone(end, &east) < 0)
		return -1;
	*wall = ((msec)timegm(&tm) - east) * SECOND;
	return 0;
}

int clock_parse_time(const char *text, msec now, msec *wall)
{
	struct tm tm;
	const char *end;

	local(now, &tm);
	tm.tm_sec = 0;
	end = read_day_time(text, &tm);
	if (!end || *end)
		return read_dated(text, wall);
	if (finish(&tm, wall) < 0)
		return -1;
	if (*wall <= now)
		return 0;
	/* Later today is not yet: yesterday's is meant. The time of day is kept over a change of
	 * daylight saving time. */
	local(now, &tm);
	tm.tm_sec = 0;
	read_day_time(text, &tm);
	tm.tm_mday--;
	return finish(&tm, wall);
}
