/* Amounts as Kubernetes writes them: "250m", "128974848", "12Ki", "1.5Gi", "1234n". */
#ifndef FSOPS_ADAPTERS_KUBECTL_AMOUNT_H
#define FSOPS_ADAPTERS_KUBECTL_AMOUNT_H

#include <stdbool.h>
#include <stdint.h>

struct amount {
	int64_t whole;
	int64_t nano; /* 0 to 999,999,999 */
};

/* False: it is none, is negative, or is more than can be told here exactly. */
bool amount_read(const char *text, struct amount *out);
/* False: too much. */
bool amount_add(struct amount *to, const struct amount *more);
/* Rounded up: as Quantity.Value() and Quantity.MilliValue() do it. */
int64_t amount_value(const struct amount *amount);
int64_t amount_milli(const struct amount *amount);

#endif
