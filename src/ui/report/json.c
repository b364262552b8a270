/* A run's events, one a line. Invariant: they are what `fsops run --format json` has printed; the chain
 * of digests is the journal's own and stays there. */
#include "fsops/report.h"

#include <jansson.h>

#include "fsops/value.h"

void print_report_json(struct buf *out, const struct record *record)
{
	json_t *event;
	size_t i;

	json_array_foreach(record->events, i, event) {
		json_t *copy = json_copy(event);

		json_object_del(copy, "prev");
		value_write(copy, out);
		buf_addc(out, '\n');
		json_decref(copy);
	}
}
