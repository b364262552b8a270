/* A run's events, one a line. Invariant: they are what `fsops run --format json` has printed; the chain
 * of digests is the journal's own and stays there. */
#include "fsops/report.h"

#include <jansson.h>

#include "fsops/value.h"

static int add_piece(const char *data, size_t len, void *ctx)
{
	return buf_add(ctx, data, len);
}

void print_report_json(struct buf *out, const struct record *record)
{
	json_t *event;
	size_t i;

	json_array_foreach(record->events, i, event) {
		json_t *copy = json_copy(event);

		json_object_del(copy, "prev");
		json_dump_callback(
		    copy, add_piece, out, JSON_COMPACT | JSON_REAL_PRECISION(value_digits(copy)));
		buf_addc(out, '\n');
		json_decref(copy);
	}
}
