/* Timestamps (years 0001-9999) and durations (64-bit nanoseconds, as in Go). */
#ifndef EXPR_TIME_H
#define EXPR_TIME_H

#include <stddef.h>
#include <stdint.h>

#include "fsops/zone.h"

#define NANOS    1000000000
#define TIME_MIN INT64_C(-62135596800) /* 0001-01-01T00:00:00Z */
#define TIME_MAX INT64_C(253402300799) /* 9999-12-31T23:59:59Z */
#define SPAN_MAX INT64_C(9223372036)   /* seconds of a duration, about 292 years */

#define TIME_TEXT_MAX 40

typedef __int128 nanos_t; /* sums of nanoseconds that cannot overflow */

enum time_result {
	TIME_OK = 0,
	TIME_MALFORMED = -1,
	TIME_RANGE = -2,
	TIME_ZONELESS = -3, /* a date and a time, without a word of where */
	TIME_ENDLESS = -4,  /* PostgreSQL's infinity and -infinity */
};

/*
 * RFC 3339 ("2026-11-23T09:00:00.5+01:00") to a timestamp; or what PostgreSQL prints of a timestamptz
 * with DateStyle ISO ("2026-11-23 09:00:00.5+01", "+05:30", "+00:19:32", "… BC", "infinity").
 */
enum time_result time_parse(const char *text, size_t len, int64_t *seconds, int32_t *nanos);

/* RFC 3339 in UTC, as many decimals as needed; returns the length. */
size_t time_format(char out[TIME_TEXT_MAX], int64_t seconds, int32_t nanos);

/* "1h30m", "-1.5s", "10ms", "0": h, m, s, ms, us, ns. */
enum time_result span_parse(const char *text, size_t len, int64_t *seconds, int32_t *nanos);

/* "5400s", "-1.5s"; returns the length. */
size_t span_format(char out[TIME_TEXT_MAX], int64_t seconds, int32_t nanos);

/* Nanoseconds to a timestamp or duration, checking the range. */
enum time_result time_from_nanos(nanos_t total, int64_t *seconds, int32_t *nanos);
enum time_result span_from_nanos(nanos_t total, int64_t *seconds, int32_t *nanos);

#endif
