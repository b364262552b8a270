/* JSON masked. Invariant: a value comes back with the same shape, and only texts and whole numbers that
 * are secrets are other than before. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/redact.h"
#include "fsops/value.h"

int redact_add_value(struct redact *redact, const json_t *value)
{
	char *text = value_to_text(value);
	int result = redact_add(redact, text);
	const char *key;
	json_t *member;

	if (json_is_string(value) && strlen(text) != json_string_length(value))
		result = redact_addn(redact, json_string_value(value), json_string_length(value));
	free(text);
	for (size_t i = 0; i < json_array_size(value); i++)
		redact_add_value(redact, json_array_get(value, i));
	json_object_foreach((json_t *)value, key, member) {
		redact_add_value(redact, member);
	}
	return result;
}

static json_t *masked_object(const struct redact *redact, const json_t *object)
{
	json_t *copy = json_object();
	const char *key;
	json_t *member;

	json_object_foreach((json_t *)object, key, member) {
		char *masked = redact_text(redact, key, strlen(key));

		json_object_set_new(copy, masked, redact_value(redact, member));
		free(masked);
	}
	return copy;
}

static json_t *masked_array(const struct redact *redact, const json_t *array)
{
	json_t *copy = json_array();

	for (size_t i = 0; i < json_array_size(array); i++)
		json_array_append_new(copy, redact_value(redact, json_array_get(array, i)));
	return copy;
}

static json_t *masked_string(const struct redact *redact, const json_t *value)
{
	struct buf out;
	json_t *copy;

	buf_init(&out, SIZE_MAX / 8);
	redact_into(redact, json_string_value(value), json_string_length(value), &out);
	copy = value_text(out.data, out.len);
	buf_release(&out);
	return copy;
}

/* A number is a secret only as a whole: one with the same digits in it is not. */
static json_t *masked_number(const struct redact *redact, const json_t *value)
{
	char *text = value_to_text(value);
	bool secret = redact_has(redact, text);

	free(text);
	return secret ? json_string(REDACT_MASK) : json_incref((json_t *)value);
}

json_t *redact_value(const struct redact *redact, const json_t *value)
{
	if (!redact_any(redact))
		return json_incref((json_t *)value);
	if (json_is_object(value))
		return masked_object(redact, value);
	if (json_is_array(value))
		return masked_array(redact, value);
	if (json_is_number(value))
		return masked_number(redact, value);
	return json_is_string(value) ? masked_string(redact, value) : json_incref((json_t *)value);
}
