/*
 * The calendar and time zones, without the process's own TZ: both as pure functions.
 *
 *	struct zone *zone = zone_open("Europe/Berlin", 13);
 *	if (zone) time_civil(seconds + zone_at(zone, seconds), &civil);   // what its clocks show
 *	zone_free(zone);
 */
#ifndef FSOPS_ZONE_H
#define FSOPS_ZONE_H

#include <stddef.h>
#include <stdint.h>

#include "fsops/err.h"

struct civil {
	int64_t year;
	int month; /* 1-12 */
	int day;   /* 1-31 */
	int hour;
	int minute;
	int second;
	int weekday; /* 0 is Sunday */
	int yearday; /* 0-365 */
};

/* SECONDS since 1970-01-01T00:00:00. */
void time_civil(int64_t seconds, struct civil *out);

/* Days from 1970-01-01 to that day of the proleptic Gregorian calendar. */
int64_t time_days(int64_t year, int month, int day);

/* Seconds east of UTC at SECONDS in ZONE: "UTC", "+02:00", "-03:30" or an IANA name
 * that /usr/share/zoneinfo has. -1 when there is no such zone. */
int zone_offset(const char *zone, size_t len, int64_t seconds, int *offset);

/* The same for many questions. NULL when there is no such zone. */
struct zone;
struct zone *zone_open(const char *name, size_t len);
void zone_free(struct zone *zone); /* NULL is allowed */
const char *zone_name(const struct zone *zone);
int zone_at(const struct zone *zone, int64_t seconds);

/* The name of the machine's zone, which cron goes by: a new string. NULL (ERR_SYSTEM): the machine
 * does not tell. */
char *zone_of_machine(struct err *err);
/* That of this process: TZ, else the machine's. NULL (ERR_USAGE): TZ is no name of a zone. */
char *zone_of_process(struct err *err);

#endif
