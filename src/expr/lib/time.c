/* What a timestamp or duration is made of: getHours() and its kin. */
#include <stddef.h>

#include "expr/function.h"
#include "expr/time/time.h"

/* The date and time of args[0] in the zone args[1], or UTC. */
static int civil_of(
    struct calc *calc, const struct expr_value *args, size_t count, struct civil *out)
{
	int offset = 0;

	if (count == 2) {
		const char *zone = args[1].as.text.data;
		size_t len = args[1].as.text.len;

		if (calc_step(calc, 100) < 0 || calc_step_bytes(calc, len) < 0)
			return -1;
		if (zone_offset(zone, len, args[0].as.number, &offset) < 0)
			return calc_fail(
			    calc, "no such time zone: '%.*s'", CALC_SHOWN(calc, &args[1]));
	}
	time_civil(args[0].as.number + offset, out);
	return 0;
}

/* A getter for timestamps: EXPRESSION of the date and time `when`. */
#define CIVIL_FUNCTION(name, expression)                                                           \
	static int name(struct calc *calc, const struct expr_value *args, size_t count,            \
	    struct expr_value *out)                                                                \
	{                                                                                          \
		struct civil when = {0};                                                           \
                                                                                                   \
		if (civil_of(calc, args, count, &when) < 0)                                        \
			return -1;                                                                 \
		*out = cel_int(expression);                                                        \
		return 0;                                                                          \
	}

CIVIL_FUNCTION(get_full_year, when.year)
CIVIL_FUNCTION(get_month, when.month - 1)
CIVIL_FUNCTION(get_date, when.day)
CIVIL_FUNCTION(get_day_of_month, when.day - 1)
CIVIL_FUNCTION(get_day_of_week, when.weekday)
CIVIL_FUNCTION(get_day_of_year, when.yearday)
CIVIL_FUNCTION(get_hours, when.hour)
CIVIL_FUNCTION(get_minutes, when.minute)
CIVIL_FUNCTION(get_seconds, when.second)
CIVIL_FUNCTION(get_milliseconds, args[0].nanos / 1000000)

/* A getter for durations: EXPRESSION of `seconds` and `nanos`. */
#define SPAN_FUNCTION(name, expression)                                                            \
	static int name(struct calc *calc, const struct expr_value *args, size_t count,            \
	    struct expr_value *out)                                                                \
	{                                                                                          \
		(void)calc;                                                                        \
		(void)count;                                                                       \
		*out = cel_int(expression);                                                        \
		return 0;                                                                          \
	}

SPAN_FUNCTION(span_hours, args[0].as.number / 3600)
SPAN_FUNCTION(span_minutes, args[0].as.number / 60)
SPAN_FUNCTION(span_seconds, args[0].as.number)
SPAN_FUNCTION(span_milliseconds, args[0].nanos / 1000000)

const struct overload lib_time[] = {
    {"getFullYear", "t.", get_full_year, "the year, in UTC or a time zone"},
    {"getFullYear", "t.s", get_full_year, NULL},
    {"getMonth", "t.", get_month, "the month, 0 to 11"},
    {"getMonth", "t.s", get_month, NULL},
    {"getDate", "t.", get_date, "the day of the month, 1 to 31"},
    {"getDate", "t.s", get_date, NULL},
    {"getDayOfMonth", "t.", get_day_of_month, "the day of the month, 0 to 30"},
    {"getDayOfMonth", "t.s", get_day_of_month, NULL},
    {"getDayOfWeek", "t.", get_day_of_week, "the day of the week, 0 is Sunday"},
    {"getDayOfWeek", "t.s", get_day_of_week, NULL},
    {"getDayOfYear", "t.", get_day_of_year, "the day of the year, 0 to 365"},
    {"getDayOfYear", "t.s", get_day_of_year, NULL},
    {"getHours", "t.", get_hours, "the hour, 0 to 23; of a duration, all its hours"},
    {"getHours", "t.s", get_hours, NULL},
    {"getHours", "r.", span_hours, NULL},
    {"getMinutes", "t.", get_minutes, "the minute, 0 to 59; of a duration, all its minutes"},
    {"getMinutes", "t.s", get_minutes, NULL},
    {"getMinutes", "r.", span_minutes, NULL},
    {"getSeconds", "t.", get_seconds, "the second, 0 to 59; of a duration, all its seconds"},
    {"getSeconds", "t.s", get_seconds, NULL},
    {"getSeconds", "r.", span_seconds, NULL},
    {"getMilliseconds", "t.", get_milliseconds, "the milliseconds, 0 to 999"},
    {"getMilliseconds", "t.s", get_milliseconds, NULL},
    {"getMilliseconds", "r.", span_milliseconds, NULL},
    {0},
};
