/* A query over a time: Prometheus HTTP API, "Range queries". Invariant: what was not there is null, never the value
 * before it. */
#include "range.h"

#include "answer.h"
#include "fsops/mem.h"

bool range_is(const json_t *args)
{
	return json_object_get(args, "step") != NULL;
}

json_t *range_args(const json_t *args, const struct adapter_span *span)
{
	return json_pack("{s:O, s:I, s:I, s:I}", "query", json_object_get(args, "query"), "begin",
	    (json_int_t)span->begin, "end", (json_int_t)span->end, "step", (json_int_t)span->step);
}

char *range_form(const json_t *args, const char *query)
{
	if (!range_is(args))
		return mem_printf("query=%s", query);
	return mem_printf("query=%s&start=%lld&end=%lld&step=%lld", query,
	    json_integer_value(json_object_get(args, "begin")),
	    json_integer_value(json_object_get(args, "end")),
	    json_integer_value(json_object_get(args, "step")));
}

/* SAMPLE's place among COUNT moments from BEGIN every STEP seconds. -1: it is at none of them. */
static long long moment_of(const json_t *sample, long long begin, long long step, size_t count)
{
	double at = json_number_value(json_array_get(sample, 0)) - (double)begin + 0.5;
	double moment = at / (double)step;

	return moment >= 0 && moment < (double)count ? (long long)moment : -1;
}

/* SAMPLES, each at its moment; what lies between them was not there. */
json_t *range_values(const json_t *samples, const json_t *args)
{
	long long begin = json_integer_value(json_object_get(args, "begin"));
	long long end = json_integer_value(json_object_get(args, "end"));
	long long step = json_integer_value(json_object_get(args, "step"));
	size_t count = (size_t)((end - begin) / step) + 1;
	json_t *values = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(values, json_null());
	for (size_t i = 0; i < json_array_size(samples); i++) {
		const json_t *sample = json_array_get(samples, i);
		long long moment = moment_of(sample, begin, step, count);

		if (moment >= 0)
			json_array_set_new(values, (size_t)moment, answer_sample(sample));
	}
	return values;
}
