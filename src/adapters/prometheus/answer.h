/*
 * The answer to a query, as the HTTP API of Prometheus has it ("Expression query result formats").
 */
#ifndef FSOPS_ADAPTERS_PROMETHEUS_ANSWER_H
#define FSOPS_ADAPTERS_PROMETHEUS_ANSWER_H

#include <jansson.h>

/* What kind of answer it is decides what a single value means. */
struct answer {
	json_t *value; /* null: there is no single number */
	json_t *series;
	const char
	    *sample; /* the number as Prometheus wrote it, when there is just one; borrowed */
};

/* DATA: `data` of the reply. -1: it is of a kind that is not known. Its value and series are the caller's either way. */
int answer_read(const json_t *data, struct answer *answer);

/* The second half of a sample [time, "number"]; null for what JSON has no number for. */
json_t *answer_sample(const json_t *sample);

#endif
