/* time.ParseDuration(). Invariant: what is read is exact. */
#include "span.h"

#include <stddef.h>
#include <string.h>

#include "digits.h"
#include "fsops/mem.h"

/* The longer ones first. */
static const struct {
	const char *name;
	int64_t nanos;
} units[] = {
    {"ns", 1},
    {"us", 1000},
    {"\xc2\xb5s", 1000},
    {"\xce\xbcs", 1000},
    {"ms", 1000000},
    {"s", 1000000000},
    {"m", INT64_C(60) * 1000000000},
    {"h", INT64_C(3600) * 1000000000},
};

static int64_t read_unit(const char **at)
{
	for (size_t i = 0; i < COUNT_OF(units); i++) {
		size_t len = strlen(units[i].name);

		if (strncmp(*at, units[i].name, len) == 0) {
			*at += len;
			return units[i].nanos;
		}
	}
	return 0;
}

/* "1.5h" */
static bool read_part(const char **at, int64_t *nanos)
{
	int64_t whole, fraction = 0, unit, per = 1;
	int before = digits_read(at, 12, &whole);
	int after = 0;

	if (**at == '.') {
		(*at)++;
		after = digits_read(at, 9, &fraction);
	}
	if (before < 0 || after < 0 || before + after == 0)
		return false;
	unit = read_unit(at);
	if (!unit || whole > INT64_MAX / 4 / unit)
		return false;
	for (int i = 0; i < after; i++)
		per *= 10;
	/* An hour has 3600 s: no more than 3.6e12 times a billion would overflow, hence by its seconds. */
	*nanos += whole * unit;
	if (unit > 1000000000)
		*nanos += fraction * (unit / 1000000000) * (1000000000 / per);
	else
		*nanos += fraction * unit / per;
	return true;
}

bool span_read(const char *text, int64_t *nanos)
{
	bool negative = *text == '-';

	*nanos = 0;
	text += *text == '-' || *text == '+';
	if (strcmp(text, "0") == 0)
		return true;
	if (!*text)
		return false;
	while (*text) {
		if (!read_part(&text, nanos) || *nanos > INT64_MAX / 2)
			return false;
	}
	if (negative)
		*nanos = -*nanos;
	return true;
}
