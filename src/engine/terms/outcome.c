/* Names of outcomes. */
#include "outcome.h"

#include <string.h>

static const char *const names[OUTCOME_COUNT] = {
    [OUTCOME_SKIPPED] = "skipped",
    [OUTCOME_PASSED] = "passed",
    [OUTCOME_LEFT] = "left",
    [OUTCOME_CANCELLED] = "cancelled",
    [OUTCOME_REFUSED] = "refused",
    [OUTCOME_FAILED] = "failed",
    [OUTCOME_TIMED_OUT] = "timed_out",
};

const char *outcome_name(enum outcome outcome)
{
	return names[outcome];
}

enum outcome outcome_parse(const char *name)
{
	for (size_t i = 0; name && i < OUTCOME_COUNT; i++)
		if (strcmp(names[i], name) == 0)
			return (enum outcome)i;
	return OUTCOME_FAILED;
}
