/* Units: their names, and values in them for people. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/metric.h"

#define MINUTE 60.0
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

typedef void format_fn(double value, char text[UNIT_TEXT_MAX]);

/* Three digits that count, whole numbers in full, no trailing zeros. */
static void number(double value, const char *unit, char text[UNIT_TEXT_MAX])
{
	if (fabs(value) >= 100 && fabs(value) < 1e15)
		snprintf(text, UNIT_TEXT_MAX, "%.0f%s", value, unit);
	else
		snprintf(text, UNIT_TEXT_MAX, "%.3g%s", value, unit);
}

static void format_count(double value, char text[UNIT_TEXT_MAX])
{
	if (value == floor(value) && fabs(value) < 1e15)
		snprintf(text, UNIT_TEXT_MAX, "%.0f", value);
	else
		number(value, "", text);
}

static void format_percent(double value, char text[UNIT_TEXT_MAX])
{
	number(value, " %", text);
}

/* Two neighbouring units, the second whole: "3d 2h", "4m 5s". */
static void format_pair(double value, double big, const char *big_name, double small,
    const char *small_name, char text[UNIT_TEXT_MAX])
{
	double smalls = floor(value / small);
	double per = big / small;

	snprintf(text, UNIT_TEXT_MAX, "%.0f%s %.0f%s", floor(smalls / per), big_name,
	    fmod(smalls, per), small_name);
}

static void format_seconds(double value, char text[UNIT_TEXT_MAX])
{
	char plus[UNIT_TEXT_MAX];

	if (value < 0) {
		format_seconds(-value, plus);
		snprintf(text, UNIT_TEXT_MAX, "-%.*s", UNIT_TEXT_MAX - 2, plus);
	} else if (value > 0 && value < 0.9995) {
		number(value * 1000, " ms", text);
	} else if (value < MINUTE) {
		number(value, " s", text);
	} else if (value < HOUR) {
		format_pair(value, MINUTE, "m", 1, "s", text);
	} else if (value < DAY) {
		format_pair(value, HOUR, "h", MINUTE, "m", text);
	} else if (value < 1e15) {
		format_pair(value, DAY, "d", HOUR, "h", text);
	} else {
		number(value, " s", text);
	}
}

static void format_bytes(double value, char text[UNIT_TEXT_MAX])
{
	static const char *const names[] = {" B", " KiB", " MiB", " GiB", " TiB", " PiB"};
	size_t i = 0;

	while (fabs(value) >= 1023.5 && i + 1 < COUNT_OF(names)) {
		value /= 1024;
		i++;
	}
	number(value, names[i], text);
}

static const struct {
	const char *name;
	format_fn *format;
} units[] = {
    [UNIT_COUNT] = {"count", format_count},
    [UNIT_PERCENT] = {"percent", format_percent},
    [UNIT_RATIO] = {"ratio", format_count},
    [UNIT_SECONDS] = {"seconds", format_seconds},
    [UNIT_BYTES] = {"bytes", format_bytes},
};

const char *unit_name(enum unit unit)
{
	return units[unit].name;
}

int unit_parse(const char *text, enum unit *unit)
{
	for (size_t i = 0; i < COUNT_OF(units); i++) {
		if (strcmp(units[i].name, text) == 0) {
			*unit = (enum unit)i;
			return 0;
		}
	}
	return -1;
}

void unit_format(enum unit unit, double value, char text[UNIT_TEXT_MAX])
{
	if (isfinite(value))
		units[unit].format(value + 0.0, text); /* -0 becomes 0 */
	else
		snprintf(text, UNIT_TEXT_MAX, "%s",
		    isnan(value) ? "unknown"
		    : value > 0  ? "infinite"
		                 : "-infinite");
}
