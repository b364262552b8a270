/* Rows of bars. Invariant: what is not known is never a bar. */
#include "spark.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

#include "fsops/mem.h"

static const char *const bars[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};

struct range {
	double low;
	double high;
};

static bool is_known(const json_t *value)
{
	return json_is_number(value) && isfinite(json_number_value(value));
}

static struct range range_of(const json_t *values)
{
	struct range range = {INFINITY, -INFINITY};
	const json_t *value;
	size_t i;

	json_array_foreach(values, i, value) {
		if (!is_known(value))
			continue;
		range.low = fmin(range.low, json_number_value(value));
		range.high = fmax(range.high, json_number_value(value));
	}
	return range;
}

/* Halves, so that the distance of no two numbers is more than a number can be. */
static const char *bar_of(double value, struct range range)
{
	double share = (value / 2 - range.low / 2) / (range.high / 2 - range.low / 2);

	return bars[(size_t)lround(share * (double)(COUNT_OF(bars) - 1))];
}

void spark_add(struct buf *out, const json_t *values)
{
	struct range range = range_of(values);
	const json_t *value;
	size_t i;

	if (!(range.high / 2 > range.low / 2))
		return;
	buf_addc(out, ' ');
	json_array_foreach(values, i, value)
		buf_adds(out, is_known(value) ? bar_of(json_number_value(value), range) : "?");
}
