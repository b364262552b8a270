/* The calendar, and the text forms of timestamps and durations. */
#include "time.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "fsops/mem.h"

#define DAY  86400
#define YEAR 365

/* "2026-11-23" */
#define DATE_LEN 10

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/* Years counted from March, so that the leap day is the last: 400 years are 146097 days. */
int64_t time_days(int64_t year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = floor_div(y, 400);
	int64_t of_era = y - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + of_era * YEAR + of_era / 4 - of_era / 100 + of_year - 719468;
}

static void civil_date(int64_t days, struct civil *out)
{
	int64_t z = days + 719468;
	int64_t era = floor_div(z, 146097);
	int64_t of_era = z - era * 146097;
	int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / YEAR;
	int64_t of_year = of_era - (YEAR * year + year / 4 - year / 100);
	int64_t month = (5 * of_year + 2) / 153;

	out->day = (int)(of_year - (153 * month + 2) / 5 + 1);
	out->month = (int)(month < 10 ? month + 3 : month - 9);
	out->year = year + era * 400 + (out->month <= 2);
	out->weekday = (int)(((days + 4) % 7 + 7) % 7);
	out->yearday = (int)(days - time_days(out->year, 1, 1));
}

void time_civil(int64_t seconds, struct civil *out)
{
	int64_t days = floor_div(seconds, DAY);
	int left = (int)(seconds - days * DAY);

	civil_date(days, out);
	out->hour = left / 3600;
	out->minute = left / 60 % 60;
	out->second = left % 60;
}

enum time_result time_from_nanos(nanos_t total, int64_t *seconds, int32_t *nanos)
{
	nanos_t whole = total / NANOS - (total % NANOS < 0);

	if (whole < TIME_MIN || whole > TIME_MAX)
		return TIME_RANGE;
	*seconds = (int64_t)whole;
	*nanos = (int32_t)(total - whole * NANOS);
	return TIME_OK;
}

enum time_result span_from_nanos(nanos_t total, int64_t *seconds, int32_t *nanos)
{
	if (total > INT64_MAX || total < INT64_MIN)
		return TIME_RANGE;
	*seconds = (int64_t)(total / NANOS);
	*nanos = (int32_t)(total % NANOS);
	return TIME_OK;
}

/* A cursor over text; `bad` stays set once something was not there. */
struct scan {
	const char *at;
	const char *end;
	bool bad;
};

static int scan_digits(struct scan *s, int count)
{
	int number = 0;

	for (; count > 0; count--, s->at++) {
		if (s->at >= s->end || *s->at < '0' || *s->at > '9') {
			s->bad = true;
			return 0;
		}
		number = number * 10 + (*s->at - '0');
	}
	return number;
}

static bool scan_any(struct scan *s, const char *set)
{
	if (s->at >= s->end || !*s->at || !strchr(set, *s->at))
		return false;
	s->at++;
	return true;
}

static void scan_need(struct scan *s, const char *set)
{
	if (!scan_any(s, set))
		s->bad = true;
}

/* Decimals to billionths; further ones are dropped. */
static int32_t scan_fraction(struct scan *s)
{
	int32_t nanos = 0;
	int32_t unit = NANOS / 10;

	if (s->at >= s->end || *s->at < '0' || *s->at > '9')
		s->bad = true;
	for (; s->at < s->end && *s->at >= '0' && *s->at <= '9'; s->at++, unit /= 10)
		nanos += (*s->at - '0') * unit;
	return nanos;
}

/* With MAY_BE_SHORT the minutes may be left out, and seconds may follow them: as PostgreSQL writes it. */
static int scan_offset(struct scan *s, bool may_be_short)
{
	int sign = s->at < s->end && *s->at == '-' ? -1 : 1;
	int hours;
	int minutes = 0;
	int seconds = 0;

	if (scan_any(s, "Zz"))
		return 0;
	scan_need(s, "+-");
	hours = scan_digits(s, 2);
	if (scan_any(s, ":"))
		minutes = scan_digits(s, 2);
	else if (!may_be_short)
		s->bad = true;
	if (may_be_short && scan_any(s, ":"))
		seconds = scan_digits(s, 2);
	if (hours > 23 || minutes > 59 || seconds > 59)
		s->bad = true;
	return sign * (hours * 3600 + minutes * 60 + seconds);
}

static int days_in_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return month == 2 && leap ? 29 : days[month - 1];
}

static bool date_ok(const struct civil *when)
{
	return when->month >= 1 && when->month <= 12 && when->day >= 1 &&
	       when->day <= days_in_month((int)when->year, when->month) && when->hour <= 23 &&
	       when->minute <= 59 && when->second <= 59;
}

static void scan_date(struct scan *s, struct civil *when)
{
	when->year = scan_digits(s, 4);
	scan_need(s, "-");
	when->month = scan_digits(s, 2);
	scan_need(s, "-");
	when->day = scan_digits(s, 2);
	scan_need(s, "Tt ");
	when->hour = scan_digits(s, 2);
	scan_need(s, ":");
	when->minute = scan_digits(s, 2);
	scan_need(s, ":");
	when->second = scan_digits(s, 2);
}

static bool is_text(const char *text, size_t len, const char *word)
{
	return len == strlen(word) && memcmp(text, word, len) == 0;
}

/* What is left, to the end? */
static bool scan_ends(const struct scan *s, const char *word)
{
	return !s->bad && is_text(s->at, (size_t)(s->end - s->at), word);
}

enum time_result time_parse(const char *text, size_t len, int64_t *seconds, int32_t *nanos)
{
	struct scan s = {.at = text, .end = text + len};
	bool blank = len > DATE_LEN && text[DATE_LEN] == ' ';
	struct civil when = {0};
	int64_t days;
	int offset;

	if (is_text(text, len, "infinity") || is_text(text, len, "-infinity"))
		return TIME_ENDLESS;
	scan_date(&s, &when);
	*nanos = scan_any(&s, ".") ? scan_fraction(&s) : 0;
	if (scan_ends(&s, "") && date_ok(&when))
		return TIME_ZONELESS;
	offset = scan_offset(&s, blank);
	if (blank && scan_ends(&s, " BC"))
		return TIME_RANGE;
	if (s.bad || s.at != s.end || !date_ok(&when))
		return TIME_MALFORMED;
	days = time_days(when.year, when.month, when.day);
	*seconds = days * DAY + when.hour * 3600 + when.minute * 60 + when.second - offset;
	return *seconds < TIME_MIN || *seconds > TIME_MAX ? TIME_RANGE : TIME_OK;
}

/* ".5" for 500000000; nothing for 0. */
static size_t format_fraction(char *out, size_t size, int32_t nanos)
{
	size_t len;

	if (nanos == 0)
		return 0;
	snprintf(out, size, ".%09d", nanos % NANOS);
	for (len = 10; out[len - 1] == '0'; len--)
		out[len - 1] = '\0';
	return len;
}

size_t time_format(char out[TIME_TEXT_MAX], int64_t seconds, int32_t nanos)
{
	struct civil when;
	size_t len;

	time_civil(seconds, &when);
	len = (size_t)snprintf(out, TIME_TEXT_MAX, "%04d-%02d-%02dT%02d:%02d:%02d", (int)when.year,
	    when.month, when.day, when.hour, when.minute, when.second);
	len += format_fraction(out + len, TIME_TEXT_MAX - len, nanos);
	out[len++] = 'Z';
	out[len] = '\0';
	return len;
}

size_t span_format(char out[TIME_TEXT_MAX], int64_t seconds, int32_t nanos)
{
	bool negative = seconds < 0 || nanos < 0;
	size_t len = (size_t)snprintf(out, TIME_TEXT_MAX, "%s%lld", negative ? "-" : "",
	    (long long)(negative ? -seconds : seconds));

	len += format_fraction(out + len, TIME_TEXT_MAX - len, negative ? -nanos : nanos);
	out[len++] = 's';
	out[len] = '\0';
	return len;
}

struct span_unit {
	const char *name;
	int64_t nanos;
};

/* Longer names first where one begins another. */
static const struct span_unit span_units[] = {
    {"ns", 1},
    {"us", 1000},
    {"\xC2\xB5s", 1000}, /* micro sign */
    {"\xCE\xBCs", 1000}, /* Greek mu */
    {"ms", 1000000},
    {"s", NANOS},
    {"m", INT64_C(60) * NANOS},
    {"h", INT64_C(3600) * NANOS},
};

static const struct span_unit *scan_unit(struct scan *s)
{
	size_t left = (size_t)(s->end - s->at);

	for (size_t i = 0; i < COUNT_OF(span_units); i++) {
		size_t len = strlen(span_units[i].name);

		if (len <= left && memcmp(s->at, span_units[i].name, len) == 0) {
			s->at += len;
			return &span_units[i];
		}
	}
	return NULL;
}

static bool is_digit(const struct scan *s)
{
	return s->at < s->end && *s->at >= '0' && *s->at <= '9';
}

/* "1.5h" at the cursor, in nanoseconds. Numbers too big are left at over the range. */
static nanos_t scan_span_part(struct scan *s)
{
	const nanos_t huge = (nanos_t)INT64_MAX * 2;
	const struct span_unit *unit;
	nanos_t number = 0;
	nanos_t fraction = 0;
	nanos_t scale = 1;
	const char *start = s->at;

	for (; is_digit(s); s->at++)
		number = number > huge ? huge : number * 10 + (*s->at - '0');
	if (scan_any(s, "."))
		for (; is_digit(s); s->at++)
			if (scale < NANOS * (nanos_t)NANOS) {
				fraction = fraction * 10 + (*s->at - '0');
				scale *= 10;
			}
	s->bad |= s->at == start || (s->at == start + 1 && *start == '.');
	unit = scan_unit(s);
	s->bad |= !unit;
	return unit ? number * unit->nanos + fraction * unit->nanos / scale : 0;
}

enum time_result span_parse(const char *text, size_t len, int64_t *seconds, int32_t *nanos)
{
	struct scan s = {.at = text, .end = text + len};
	bool negative = len > 0 && text[0] == '-';
	nanos_t total = 0;

	scan_any(&s, "+-");
	if (s.end - s.at == 1 && *s.at == '0')
		s.at++;
	else if (s.at == s.end)
		s.bad = true;
	while (!s.bad && s.at < s.end && total <= INT64_MAX)
		total += scan_span_part(&s);
	if (s.bad)
		return TIME_MALFORMED;
	return span_from_nanos(negative ? -total : total, seconds, nanos);
}
