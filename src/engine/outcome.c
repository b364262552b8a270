/* Names of outcomes. */
#include "outcome.h"

const char *outcome_name(enum outcome outcome)
{
	static const char *const names[OUTCOME_COUNT] = {
	    [OUTCOME_SKIPPED] = "skipped",
	    [OUTCOME_PASSED] = "passed",
	    [OUTCOME_LEFT] = "left",
	    [OUTCOME_CANCELLED] = "cancelled",
	    [OUTCOME_REFUSED] = "refused",
	    [OUTCOME_FAILED] = "failed",
	    [OUTCOME_TIMED_OUT] = "timed_out",
	};

	return names[outcome];
}
