/* How a step or an action ended; product.md, "Machine-readable output". */
#ifndef FSOPS_ENGINE_OUTCOME_H
#define FSOPS_ENGINE_OUTCOME_H

/* Ordered: the outcome of a step is the greatest of its actions'. */
enum outcome {
	OUTCOME_SKIPPED, /* the condition was false, or the person said so */
	OUTCOME_PASSED,
	OUTCOME_LEFT,      /* for a person */
	OUTCOME_CANCELLED, /* stopped before its end */
	OUTCOME_REFUSED,   /* not approved */
	OUTCOME_FAILED,
	OUTCOME_TIMED_OUT,
	OUTCOME_COUNT,
};

const char *outcome_name(enum outcome outcome);

/* The same way back; OUTCOME_FAILED for NULL and what is not known. */
enum outcome outcome_parse(const char *name);

#endif
