/* What a Prometheus says to a query. Invariant: a number is one only when there is exactly one, and it is finite. */
#include "answer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/value.h"

json_t *answer_sample(const json_t *sample)
{
	const char *text = json_string_value(json_array_get(sample, 1));
	char *end;
	double number;

	if (!text || !*text)
		return json_null();
	number = strtod(text, &end);
	return *end == '\0' && isfinite(number) ? json_real(number) : json_null();
}

/* The labels and `value`; of a range the last value, and all of them as `values`. */
static json_t *series_item(const json_t *series)
{
	const json_t *samples = json_object_get(series, "values");
	const json_t *sample = json_object_get(series, "value");
	json_t *item = json_is_object(json_object_get(series, "metric"))
	                   ? json_deep_copy(json_object_get(series, "metric"))
	                   : json_object();
	json_t *all;

	if (!samples) {
		json_object_set_new(item, "value", answer_sample(sample));
		return item;
	}
	all = json_array();
	for (size_t i = 0; i < json_array_size(samples); i++)
		json_array_append_new(all, answer_sample(json_array_get(samples, i)));
	sample = json_array_get(samples, json_array_size(samples) - 1);
	json_object_set_new(item, "value", answer_sample(sample));
	json_object_set_new(item, "values", all);
	return item;
}

static json_t *read_series(const json_t *result)
{
	json_t *series = json_array();

	for (size_t i = 0; i < json_array_size(result); i++)
		json_array_append_new(series, series_item(json_array_get(result, i)));
	return series;
}

static void read_vector(const json_t *result, struct answer *answer)
{
	const json_t *only = json_array_get(result, 0);

	answer->series = read_series(result);
	if (json_array_size(result) != 1)
		return;
	json_decref(answer->value);
	answer->value = json_incref(json_object_get(json_array_get(answer->series, 0), "value"));
	answer->sample = json_string_value(json_array_get(json_object_get(only, "value"), 1));
}

static void read_scalar(const json_t *result, struct answer *answer)
{
	answer->series = json_array();
	json_decref(answer->value);
	answer->value = answer_sample(result);
	answer->sample = json_string_value(json_array_get(result, 1));
}

static void read_string(const json_t *result, struct answer *answer)
{
	json_t *text = json_array_get(result, 1);

	answer->series = json_array();
	json_decref(answer->value);
	answer->value = text ? json_incref(text) : json_null();
}

static const struct result_type {
	const char *name;
	void (*read)(const json_t *result, struct answer *answer);
} result_types[] = {
    {"vector", read_vector},
    {"matrix", read_vector},
    {"scalar", read_scalar},
    {"string", read_string},
};

int answer_read(const json_t *data, struct answer *answer)
{
	const char *type = value_get_text(data, "resultType");
	const json_t *result = json_object_get(data, "result");

	*answer = (struct answer){.value = json_null()};
	for (size_t i = 0; type && i < COUNT_OF(result_types); i++) {
		if (strcmp(result_types[i].name, type) != 0)
			continue;
		if (!json_is_array(result))
			return -1;
		result_types[i].read(result, answer);
		return 0;
	}
	return -1;
}
