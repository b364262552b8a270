/*
 * Time. Two clocks: `mono` never jumps and is what every budget and timer is
 * measured with; `wall` is what people and the event stream are told.
 * Both can be replaced, so that tests need not wait.
 */
#ifndef FSOPS_CLOCK_H
#define FSOPS_CLOCK_H

#include <stddef.h>
#include <stdint.h>

typedef int64_t msec; /* milliseconds: a span, or a point on the monotonic clock */

struct clock {
	msec (*mono)(void *ctx); /* milliseconds from some fixed point */
	msec (*wall)(void *ctx); /* milliseconds since 1970-01-01T00:00:00Z */
	void *ctx;
};

extern const struct clock clock_system;

#define CLOCK_TEXT_MAX 40

/* "2026-11-23T09:00:00.123Z" (RFC 3339, UTC) from wall milliseconds, into TEXT. */
void clock_format_rfc3339(msec wall, char text[CLOCK_TEXT_MAX]);

/* What that made, back into wall milliseconds: UTC, with a fraction of a second or without. Returns 0,
 * or -1 when TEXT is no such time. */
int clock_parse_rfc3339(const char *text, msec *wall);

/* The same for people, in the local time zone: "14:35 CET", and when that is not NOW's day "Thu
 * 2026-11-26 14:35 CET". */
void clock_format_local(msec wall, msec now, char text[CLOCK_TEXT_MAX]);

/*
 * Parse a point of time in the past: "14:05" or "14:05:30" (the last one before NOW, local), the
 * same after a date ("2026-11-25 14:05", "2026-11-25T14:05"), or RFC 3339 with its zone
 * ("2026-11-25T14:05:00Z", "…+01:00"). Returns 0, or -1 when TEXT is none.
 */
int clock_parse_time(const char *text, msec now, msec *wall);

/* A span for people: "850ms", "12s", "3m05s", "1h02m". */
void clock_format_span(msec span, char text[CLOCK_TEXT_MAX]);

/*
 * Parse a duration as the runbooks write it: a number and one of ms, s, m, h, d,
 * or several of them ("1h30m"). Decimals are allowed ("1.5h"). Returns 0, or -1
 * when TEXT is not a duration, is negative or over 366 days.
 */
int clock_parse_span(const char *text, msec *span);

#endif
