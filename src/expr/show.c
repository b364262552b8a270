/* Text forms. Invariant: nothing here fails; what passes the ceiling of the buf is left out. */
#include "show.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "compare.h"
#include "expr/syntax/names.h"
#include "expr/time/time.h"
#include "expr/types/network.h"
#include "expr/types/number.h"
#include "expr/types/quantity.h"
#include "expr/types/semver.h"
#include "expr/types/url.h"
#include "fsops/mem.h"

static void add_null(struct buf *out, const struct expr_value *value)
{
	(void)value;
	buf_adds(out, "null");
}

static void add_bool(struct buf *out, const struct expr_value *value)
{
	buf_adds(out, value->as.truth ? "true" : "false");
}

static void add_int(struct buf *out, const struct expr_value *value)
{
	buf_addf(out, "%" PRId64, value->as.number);
}

static void add_uint(struct buf *out, const struct expr_value *value)
{
	buf_addf(out, "%" PRIu64, value->as.natural);
}

static void add_double(struct buf *out, const struct expr_value *value)
{
	char text[NUMBER_TEXT_MAX];

	buf_add(out, text, number_format_double(value->as.real, text));
}

static void add_text(struct buf *out, const struct expr_value *value)
{
	buf_add(out, value->as.text.data, value->as.text.len);
}

static void add_list(struct buf *out, const struct expr_value *value)
{
	size_t count = cel_count(value);

	buf_addc(out, '[');
	for (size_t i = 0; i < count && !out->full; i++) {
		struct expr_value item = cel_item(value, i);

		buf_adds(out, i ? ", " : "");
		show_value(out, &item);
	}
	buf_addc(out, ']');
}

/* An entry, with its key as text. */
struct shown {
	char *key;
	struct expr_value value;
};

static int compare_shown(const void *left, const void *right)
{
	return strcmp(((const struct shown *)left)->key, ((const struct shown *)right)->key);
}

/* The keys are new texts. One that passes the ceiling of OUT fills it: what follows is left out. */
static struct shown *sorted_entries(struct buf *out, const struct expr_value *map)
{
	struct shown *entries = mem_alloc(cel_count(map) * sizeof(entries[0]));
	struct cel_walk walk = {0};
	size_t count = 0;

	while (cel_walk(map, &walk)) {
		struct buf key;

		buf_init(&key, out->max);
		show_value(&key, &walk.entry.key);
		out->full = out->full || key.full;
		entries[count++] =
		    (struct shown){buf_detach(&key), walk.entry.value}; /* transferred */
	}
	if (count > 1)
		qsort(entries, count, sizeof(entries[0]), compare_shown);
	return entries;
}

static void add_map(struct buf *out, const struct expr_value *value)
{
	struct shown *entries = sorted_entries(out, value);
	size_t count = cel_count(value);

	buf_addc(out, '{');
	for (size_t i = 0; i < count; i++) {
		buf_adds(out, i ? ", " : "");
		buf_adds(out, entries[i].key);
		buf_adds(out, ": ");
		if (!out->full) /* else a map of maps of maps would be gone through to its end */
			show_value(out, &entries[i].value);
		free(entries[i].key);
	}
	buf_addc(out, '}');
	free(entries);
}

static void add_timestamp(struct buf *out, const struct expr_value *value)
{
	char text[TIME_TEXT_MAX];

	buf_add(out, text, time_format(text, value->as.number, value->nanos));
}

static void add_duration(struct buf *out, const struct expr_value *value)
{
	char text[TIME_TEXT_MAX];

	buf_add(out, text, span_format(text, value->as.number, value->nanos));
}

static void add_type(struct buf *out, const struct expr_value *value)
{
	buf_adds(out, cel_name_of_type((enum value_type)value->as.number));
}

static void add_quantity(struct buf *out, const struct expr_value *value)
{
	char text[QUANTITY_TEXT_MAX];

	buf_add(out, text, quantity_format(value->as.quantity, text));
}

static void add_optional(struct buf *out, const struct expr_value *value)
{
	if (!value->as.inner) {
		buf_adds(out, "optional.none()");
		return;
	}
	buf_adds(out, "optional.of(");
	show_value(out, value->as.inner);
	buf_addc(out, ')');
}

static void add_ip(struct buf *out, const struct expr_value *value)
{
	char text[NETWORK_TEXT_MAX];

	buf_add(out, text, network_format_ip(value->as.network, text));
}

static void add_cidr(struct buf *out, const struct expr_value *value)
{
	char text[NETWORK_TEXT_MAX];

	buf_add(out, text, network_format_cidr(value->as.network, text));
}

static void add_url(struct buf *out, const struct expr_value *value)
{
	buf_add(out, value->as.url->text.data, value->as.url->text.len);
}

static void add_format(struct buf *out, const struct expr_value *value)
{
	buf_adds(out, value->as.format->name);
}

static void add_semver(struct buf *out, const struct expr_value *value)
{
	const struct semver *v = value->as.semver;

	buf_addf(
	    out, "%" PRId64 ".%" PRId64 ".%" PRId64, v->numbers[0], v->numbers[1], v->numbers[2]);
	buf_adds(out, v->prerelease_len ? "-" : "");
	buf_add(out, v->prerelease, v->prerelease_len);
	buf_adds(out, v->build_len ? "+" : "");
	buf_add(out, v->build, v->build_len);
}

typedef void add_fn(struct buf *out, const struct expr_value *value);

static add_fn *const adds[VALUE_TYPES] = {
    [VALUE_NULL] = add_null,
    [VALUE_BOOL] = add_bool,
    [VALUE_INT] = add_int,
    [VALUE_UINT] = add_uint,
    [VALUE_DOUBLE] = add_double,
    [VALUE_STRING] = add_text,
    [VALUE_BYTES] = add_text,
    [VALUE_LIST] = add_list,
    [VALUE_MAP] = add_map,
    [VALUE_TIMESTAMP] = add_timestamp,
    [VALUE_DURATION] = add_duration,
    [VALUE_TYPE] = add_type,
    [VALUE_QUANTITY] = add_quantity,
    [VALUE_OPTIONAL] = add_optional,
    [VALUE_IP] = add_ip,
    [VALUE_CIDR] = add_cidr,
    [VALUE_URL] = add_url,
    [VALUE_FORMAT] = add_format,
    [VALUE_SEMVER] = add_semver,
};

void show_value(struct buf *out, const struct expr_value *value)
{
	adds[value->type](out, value);
}
