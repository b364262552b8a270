/* Comparing. Invariant: a == b iff compare_order says ORDER_EQUAL, where there is an order; but of two texts
 * that were written, which are in the order of their numbers, only the same text is equal. */
#include "compare.h"

#include <math.h>
#include <string.h>

#include "expr/types/network.h"
#include "expr/types/quantity.h"
#include "expr/types/semver.h"
#include "expr/types/url.h"
#include "written.h"

#define INT_LIMIT  9223372036854775808.0  /* 2^63 */
#define UINT_LIMIT 18446744073709551616.0 /* 2^64 */

bool compare_is_number(const struct expr_value *value)
{
	return value->type == VALUE_INT || value->type == VALUE_UINT || value->type == VALUE_DOUBLE;
}

static enum order order_int(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

static enum order order_uint(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static enum order order_double(double a, double b)
{
	if (isnan(a) || isnan(b))
		return ORDER_NONE;
	return (a > b) - (a < b);
}

static enum order reverse(enum order order)
{
	return order == ORDER_LESS ? ORDER_MORE : order == ORDER_MORE ? ORDER_LESS : order;
}

/* Exact, also where the double cannot hold the integer. */
static enum order order_int_double(int64_t a, double b)
{
	if (isnan(b))
		return ORDER_NONE;
	if (b >= INT_LIMIT)
		return ORDER_LESS;
	if (b < -INT_LIMIT)
		return ORDER_MORE;
	if (a != (int64_t)b)
		return order_int(a, (int64_t)b);
	return order_double(0, b - trunc(b));
}

static enum order order_uint_double(uint64_t a, double b)
{
	if (isnan(b))
		return ORDER_NONE;
	if (b >= UINT_LIMIT)
		return ORDER_LESS;
	if (b < 0)
		return ORDER_MORE;
	if (a != (uint64_t)b)
		return order_uint(a, (uint64_t)b);
	return order_double(0, b - trunc(b));
}

static enum order order_int_uint(int64_t a, uint64_t b)
{
	return a < 0 ? ORDER_LESS : order_uint((uint64_t)a, b);
}

static enum order order_numbers(const struct expr_value *a, const struct expr_value *b)
{
	if (a->type == VALUE_INT && b->type == VALUE_INT)
		return order_int(a->as.number, b->as.number);
	if (a->type == VALUE_UINT && b->type == VALUE_UINT)
		return order_uint(a->as.natural, b->as.natural);
	if (a->type == VALUE_DOUBLE && b->type == VALUE_DOUBLE)
		return order_double(a->as.real, b->as.real);
	if (a->type == VALUE_INT && b->type == VALUE_DOUBLE)
		return order_int_double(a->as.number, b->as.real);
	if (a->type == VALUE_UINT && b->type == VALUE_DOUBLE)
		return order_uint_double(a->as.natural, b->as.real);
	if (a->type == VALUE_INT && b->type == VALUE_UINT)
		return order_int_uint(a->as.number, b->as.natural);
	return reverse(order_numbers(b, a));
}

static enum order order_text(const struct expr_value *a, const struct expr_value *b)
{
	size_t len = a->as.text.len < b->as.text.len ? a->as.text.len : b->as.text.len;
	int order = len ? memcmp(a->as.text.data, b->as.text.data, len) : 0;

	if (order)
		return order < 0 ? ORDER_LESS : ORDER_MORE;
	return order_uint(a->as.text.len, b->as.text.len);
}

static enum order order_time(const struct expr_value *a, const struct expr_value *b)
{
	enum order order = order_int(a->as.number, b->as.number);

	return order ? order : order_int(a->nanos, b->nanos);
}

static enum order order_bool(const struct expr_value *a, const struct expr_value *b)
{
	return order_int(a->as.truth, b->as.truth);
}

static enum order order_quantity(const struct expr_value *a, const struct expr_value *b)
{
	return (enum order)quantity_compare(a->as.quantity, b->as.quantity);
}

typedef enum order order_fn(const struct expr_value *a, const struct expr_value *b);

static order_fn *const orders[VALUE_TYPES] = {
    [VALUE_BOOL] = order_bool,
    [VALUE_STRING] = order_text,
    [VALUE_BYTES] = order_text,
    [VALUE_TIMESTAMP] = order_time,
    [VALUE_DURATION] = order_time,
    [VALUE_QUANTITY] = order_quantity,
};

enum order compare_order(const struct expr_value *a, const struct expr_value *b)
{
	if (a->written || b->written) {
		struct expr_value x = *a, y = *b;

		written_count(&x, &y);
		x.written = y.written = false;
		return compare_order(&x, &y);
	}
	if (compare_is_number(a) && compare_is_number(b))
		return order_numbers(a, b);
	if (a->type != b->type || !orders[a->type])
		return ORDER_TYPES;
	return orders[a->type](a, b);
}

bool compare_keys(const struct expr_value *a, const struct expr_value *b)
{
	size_t steps = SIZE_MAX;

	return compare_equal(a, b, &steps);
}

/* Take COST from STEPS; false when they are used up. */
static bool pay(size_t *steps, size_t cost)
{
	*steps = cost < *steps ? *steps - cost : 0;
	return *steps > 0;
}

static bool equal_lists(const struct expr_value *a, const struct expr_value *b, size_t *steps)
{
	size_t count = cel_count(a);

	if (count != cel_count(b))
		return false;
	for (size_t i = 0; i < count; i++) {
		struct expr_value left = cel_item(a, i);
		struct expr_value right = cel_item(b, i);

		if (!compare_equal(&left, &right, steps))
			return false;
	}
	return true;
}

static bool equal_maps(const struct expr_value *a, const struct expr_value *b, size_t *steps)
{
	struct cel_walk walk = {0};
	struct expr_value right;

	if (cel_count(a) != cel_count(b))
		return false;
	while (cel_walk(a, &walk)) {
		if (!pay(steps, cel_find_cost(b, &walk.entry.key)) ||
		    !cel_find(b, &walk.entry.key, &right) ||
		    !compare_equal(&walk.entry.value, &right, steps))
			return false;
	}
	return true;
}

static bool equal_optionals(const struct expr_value *a, const struct expr_value *b, size_t *steps)
{
	if (!a->as.inner || !b->as.inner)
		return !a->as.inner && !b->as.inner;
	return compare_equal(a->as.inner, b->as.inner, steps);
}

/* Texts of the same length cost steps as well. */
static bool equal_text(const struct expr_value *a, const struct expr_value *b, size_t *steps)
{
	if (a->as.text.len != b->as.text.len || !pay(steps, a->as.text.len / BYTES_PER_STEP))
		return false;
	return a->as.text.len == 0 || memcmp(a->as.text.data, b->as.text.data, a->as.text.len) == 0;
}

typedef bool same_fn(const struct expr_value *a, const struct expr_value *b, size_t *steps);

static bool same_type(const struct expr_value *a, const struct expr_value *b, size_t *steps)
{
	(void)steps;
	return a->as.number == b->as.number;
}

static bool same_network(const struct expr_value *a, const struct expr_value *b, size_t *steps)
{
	(void)steps;
	return network_equal(a->as.network, b->as.network);
}

static bool same_url(const struct expr_value *a, const struct expr_value *b, size_t *steps)
{
	return pay(steps, a->as.url->text.len / BYTES_PER_STEP) && url_equal(a->as.url, b->as.url);
}

static bool same_format(const struct expr_value *a, const struct expr_value *b, size_t *steps)
{
	(void)steps;
	return a->as.format == b->as.format;
}

static bool same_semver(const struct expr_value *a, const struct expr_value *b, size_t *steps)
{
	return pay(steps, a->as.semver->prerelease_len / BYTES_PER_STEP) &&
	       semver_compare(a->as.semver, b->as.semver) == 0;
}

/* Of the types that are equal or not, but in no order. */
static same_fn *const sames[VALUE_TYPES] = {
    [VALUE_TYPE] = same_type,
    [VALUE_IP] = same_network,
    [VALUE_CIDR] = same_network,
    [VALUE_URL] = same_url,
    [VALUE_FORMAT] = same_format,
    [VALUE_SEMVER] = same_semver,
};

bool compare_equal(const struct expr_value *a, const struct expr_value *b, size_t *steps)
{
	struct expr_value x = *a, y = *b;

	if (*steps == 0 || --*steps == 0)
		return false;
	if (a->written || b->written) {
		written_same(&x, &y);
		a = &x;
		b = &y;
	}
	if (compare_is_number(a) && compare_is_number(b))
		return order_numbers(a, b) == ORDER_EQUAL;
	if (a->type != b->type)
		return false;
	if (a->type == VALUE_LIST)
		return equal_lists(a, b, steps);
	if (a->type == VALUE_MAP)
		return equal_maps(a, b, steps);
	if (a->type == VALUE_STRING || a->type == VALUE_BYTES)
		return equal_text(a, b, steps);
	if (a->type == VALUE_OPTIONAL)
		return equal_optionals(a, b, steps);
	if (sames[a->type])
		return sames[a->type](a, b, steps);
	return a->type == VALUE_NULL || orders[a->type](a, b) == ORDER_EQUAL;
}
