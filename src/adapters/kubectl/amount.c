/* Amounts as Kubernetes writes them. Invariant: what is read is exact, or refused. */
#include "amount.h"

#include <stddef.h>
#include <string.h>

#include "digits.h"
#include "fsops/mem.h"

#define NANO INT64_C(1000000000)
/* So much of a whole that its thousandths fit as well. */
#define WHOLE_MAX (INT64_MAX / 4000)

static const struct {
	const char *name;
	int64_t times; /* or, when PARTS is not 1, divided by that */
	int64_t parts;
} units[] = {
    {"", 1, 1},
    {"n", 1, NANO},
    {"u", 1, 1000000},
    {"m", 1, 1000},
    {"k", 1000, 1},
    {"M", 1000000, 1},
    {"G", NANO, 1},
    {"T", NANO * 1000, 1},
    {"Ki", INT64_C(1) << 10, 1},
    {"Mi", INT64_C(1) << 20, 1},
    {"Gi", INT64_C(1) << 30, 1},
    {"Ti", INT64_C(1) << 40, 1},
};

/* FRACTION of DIGITS digits behind the point, of a unit that is TIMES one. */
static bool add_fraction(struct amount *out, int64_t fraction, int digits, int64_t times)
{
	int64_t per = 1, rest;

	if (times > INT64_C(1) << 30)
		return false;
	for (int i = 0; i < digits; i++)
		per *= 10;
	rest = fraction * times % per;
	out->whole += fraction * times / per;
	out->nano = rest * (NANO / per);
	return true;
}

bool amount_read(const char *text, struct amount *out)
{
	int64_t whole, fraction = 0;
	int before, after = 0;
	size_t i = 0;

	*out = (struct amount){0};
	text += *text == '+';
	before = digits_read(&text, 18, &whole);
	if (*text == '.') {
		text++;
		after = digits_read(&text, 9, &fraction);
	}
	if (before < 0 || after < 0 || before + after == 0)
		return false;
	while (i < COUNT_OF(units) && strcmp(units[i].name, text) != 0)
		i++;
	if (i == COUNT_OF(units) || whole > WHOLE_MAX / units[i].times ||
	    (fraction && units[i].parts != 1))
		return false;
	out->whole = whole * units[i].times / units[i].parts;
	out->nano = whole % units[i].parts * (NANO / units[i].parts);
	return !fraction || add_fraction(out, fraction, after, units[i].times);
}

bool amount_add(struct amount *to, const struct amount *more)
{
	to->whole += more->whole;
	to->nano += more->nano;
	if (to->nano >= NANO) {
		to->nano -= NANO;
		to->whole++;
	}
	return to->whole <= WHOLE_MAX;
}

int64_t amount_value(const struct amount *amount)
{
	return amount->whole + (amount->nano > 0);
}

int64_t amount_milli(const struct amount *amount)
{
	return amount->whole * 1000 + (amount->nano + 999999) / 1000000;
}
