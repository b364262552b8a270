/*
 * Fuzzing of amounts as an API server writes them, and of spans of time as Go does. The input is the text.
 *
 * Invariant: an amount that is read is the quantity of the same text, to the billionth. A span fits twice.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/kubectl/amount.h"
#include "adapters/kubectl/span.h"
#include "expr/types/quantity.h"
#include "fsops/mem.h"

#define BASE INT64_C(1000000000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_amount(const char *text)
{
	struct amount amount;
	struct quantity quantity = {.count = 0};
	int64_t limbs[3] = {0};

	if (!amount_read(text, &amount))
		return;
	if (quantity_parse(text, strlen(text), &quantity) < 0 || quantity.negative ||
	    quantity.count > COUNT_OF(limbs))
		abort();
	for (size_t i = 0; i < quantity.count; i++)
		limbs[i] = quantity.limbs[i];
	if (amount.nano != limbs[0] || amount.whole != limbs[1] + limbs[2] * BASE)
		abort();
	if (amount_value(&amount) != amount.whole + (limbs[0] > 0) ||
	    amount_milli(&amount) / 1000 > amount_value(&amount))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = mem_textn((const char *)data, size);
	int64_t nanos;

	check_amount(text);
	if (span_read(text, &nanos) && (nanos > INT64_MAX / 2 || nanos < -(INT64_MAX / 2)))
		abort();
	free(text);
	return 0;
}
