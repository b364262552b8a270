/* Spans of time as Go writes them: "1h30m", "1.5s", "-2m", "0". */
#ifndef FSOPS_ADAPTERS_KUBECTL_SPAN_H
#define FSOPS_ADAPTERS_KUBECTL_SPAN_H

#include <stdbool.h>
#include <stdint.h>

/* In nanoseconds; false: it is none, or over 290 years, or has more digits behind its point than nine. */
bool span_read(const char *text, int64_t *nanos);

#endif
