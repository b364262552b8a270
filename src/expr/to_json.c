/* Values as JSON. Invariant: what is wrapped JSON already comes back itself, not copied. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "fsops/base64.h"
#include "number.h"
#include "show.h"

static json_t *from_buf(struct buf *text)
{
	json_t *json = json_stringn(text->data, text->len);

	buf_release(text);
	return json;
}

/* As string() makes it. */
static json_t *as_text(const struct expr_value *value)
{
	struct buf text;

	buf_init(&text, EXPR_TEXT_MAX);
	show_value(&text, value);
	return from_buf(&text);
}

static json_t *from_null(const struct expr_value *value)
{
	(void)value;
	return json_null();
}

static json_t *from_bool(const struct expr_value *value)
{
	return json_boolean(value->as.truth);
}

static json_t *from_int(const struct expr_value *value)
{
	return json_integer(value->as.number);
}

static json_t *from_uint(const struct expr_value *value)
{
	if (value->as.natural > INT64_MAX)
		return as_text(value);
	return json_integer((json_int_t)value->as.natural);
}

static json_t *from_double(const struct expr_value *value)
{
	return isfinite(value->as.real) ? json_real(value->as.real) : as_text(value);
}

static json_t *from_string(const struct expr_value *value)
{
	return json_stringn(value->as.text.data, value->as.text.len);
}

static json_t *from_bytes(const struct expr_value *value)
{
	struct buf text;

	buf_init(&text, 2 * EXPR_TEXT_MAX);
	base64_encode(&text, value->as.text.data, value->as.text.len);
	return from_buf(&text);
}

static json_t *from_list(const struct expr_value *value)
{
	json_t *list = json_array();

	for (size_t i = 0; i < cel_count(value); i++)
		json_array_append_new(list, expr_value_to_json(cel_item(value, i)));
	return list;
}

static json_t *from_map(const struct expr_value *value)
{
	json_t *object = json_object();
	struct cel_walk walk = {0};

	while (cel_walk(value, &walk)) {
		struct buf key;

		buf_init(&key, EXPR_TEXT_MAX);
		show_value(&key, &walk.entry.key);
		json_object_setn_new(
		    object, key.data, key.len, expr_value_to_json(walk.entry.value));
		buf_release(&key);
	}
	return object;
}

typedef json_t *from_fn(const struct expr_value *value);

static from_fn *const froms[VALUE_TYPES] = {
    [VALUE_NULL] = from_null,
    [VALUE_BOOL] = from_bool,
    [VALUE_INT] = from_int,
    [VALUE_UINT] = from_uint,
    [VALUE_DOUBLE] = from_double,
    [VALUE_STRING] = from_string,
    [VALUE_BYTES] = from_bytes,
    [VALUE_LIST] = from_list,
    [VALUE_MAP] = from_map,
    [VALUE_TIMESTAMP] = as_text,
    [VALUE_DURATION] = as_text,
    [VALUE_TYPE] = as_text,
    [VALUE_QUANTITY] = as_text,
};

json_t *expr_value_to_json(struct expr_value value)
{
	return value.json ? json_incref(value.as.json) : froms[value.type](&value);
}
