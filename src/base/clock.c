/* The system's clocks, and spans and points of time as text. */
#include "fsops/clock.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fsops/mem.h"

#define SECOND   ((msec)1000)
#define MINUTE   (60 * SECOND)
#define HOUR     (60 * MINUTE)
#define DAY      (24 * HOUR)
#define SPAN_MAX (366 * DAY)

static msec read_clock(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return (msec)now.tv_sec * SECOND + now.tv_nsec / 1000000;
}

static msec system_mono(void *ctx)
{
	(void)ctx;
	return read_clock(CLOCK_MONOTONIC);
}

static msec system_wall(void *ctx)
{
	(void)ctx;
	return read_clock(CLOCK_REALTIME);
}

const struct clock clock_system = {.mono = system_mono, .wall = system_wall};

void clock_format_rfc3339(msec wall, char text[CLOCK_TEXT_MAX])
{
	time_t seconds = (time_t)(wall / SECOND);
	struct tm tm;
	size_t len;

	gmtime_r(&seconds, &tm);
	len = strftime(text, CLOCK_TEXT_MAX, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text + len, CLOCK_TEXT_MAX - len, ".%03dZ", (int)(wall % SECOND));
}

/* ".123" as milliseconds; further digits are dropped. Moves AT behind them. */
static msec parse_fraction(const char **at)
{
	msec value = 0;
	msec unit = 100;

	if (**at != '.')
		return 0;
	for (++*at; isdigit((unsigned char)**at); ++*at, unit /= 10)
		value += (**at - '0') * unit;
	return value;
}

int clock_parse_rfc3339(const char *text, msec *wall)
{
	struct tm utc = {0};
	const char *at = strptime(text, "%Y-%m-%dT%H:%M:%S", &utc);
	msec fraction = at ? parse_fraction(&at) : 0;

	if (!at || strcmp(at, "Z") != 0)
		return -1;
	*wall = (msec)timegm(&utc) * 1000 + fraction;
	return 0;
}

void clock_format_span(msec span, char text[CLOCK_TEXT_MAX])
{
	int64_t seconds = (span + SECOND / 2) / SECOND;

	if (span < SECOND)
		snprintf(text, CLOCK_TEXT_MAX, "%" PRId64 "ms", span);
	else if (span < 10 * SECOND && span % SECOND)
		snprintf(text, CLOCK_TEXT_MAX, "%.1fs", (double)span / (double)SECOND);
	else if (seconds < 60)
		snprintf(text, CLOCK_TEXT_MAX, "%" PRId64 "s", seconds);
	else if (seconds < 3600 && seconds % 60 == 0)
		snprintf(text, CLOCK_TEXT_MAX, "%" PRId64 "m", seconds / 60);
	else if (seconds < 3600)
		snprintf(
		    text, CLOCK_TEXT_MAX, "%" PRId64 "m%02" PRId64 "s", seconds / 60, seconds % 60);
	else
		snprintf(text, CLOCK_TEXT_MAX, "%" PRId64 "h%02" PRId64 "m", seconds / 3600,
		    seconds / 60 % 60);
}

/* In the order they are tried: "ms" before "m". */
static const struct unit {
	const char *name;
	msec size;
} units[] = {
    {"ms", 1},
    {"s", SECOND},
    {"m", MINUTE},
    {"h", HOUR},
    {"d", DAY},
};

static const struct unit *find_unit(const char *text)
{
	for (size_t i = 0; i < COUNT_OF(units); i++)
		if (strncmp(text, units[i].name, strlen(units[i].name)) == 0)
			return &units[i];
	return NULL;
}

int clock_parse_span(const char *text, msec *span)
{
	double total = 0;

	if (!*text)
		return -1;
	while (*text) {
		const struct unit *unit;
		char *end;
		double number;

		if (!isdigit((unsigned char)*text) || (text[0] == '0' && (text[1] | 32) == 'x'))
			return -1;
		number = strtod(text, &end);
		unit = find_unit(end);
		if (!unit)
			return -1;
		total += number * (double)unit->size;
		text = end + strlen(unit->name);
	}
	if (!(total <= (double)SPAN_MAX))
		return -1;
	*span = (msec)(total + 0.5);
	return 0;
}
