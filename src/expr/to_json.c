/*
 * Values as JSON, within what is left of the evaluation's steps and memory.
 *
 * A value of a few hundred bytes may name itself a billion times (`[a, a, a]`, again and again): as JSON each
 * of them is written out. So every value that is made costs a step and its memory, and JSON that is only
 * wrapped, and comes back itself, is counted as well: whoever writes it goes through all of it.
 *
 * Invariant: nothing that was made is left when a ceiling was reached.
 */
#include "to_json.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "expr/types/number.h"
#include "fsops/base64.h"
#include "show.h"

/* What jansson takes for a value on a 64-bit machine, with malloc's own share. */
#define SCALAR_BYTES 32
#define TEXT_BYTES   64
#define LIST_BYTES   112
#define MAP_BYTES    320
#define ENTRY_BYTES  96

#define VALUES_PER_STEP 8 /* of JSON that is only looked through */

struct writing {
	struct calc *calc;
	size_t room;  /* bytes left */
	size_t depth; /* levels left */
};

static json_t *write_value(struct writing *w, const struct expr_value *value);

static int over(struct writing *w, const char *what)
{
	struct calc *calc = w->calc;

	w->room = 0;
	return expr_error_set(calc->error, EXPR_ERROR_LIMIT, calc->node->place, "%s", what);
}

static int take_room(struct writing *w, size_t bytes)
{
	char what[80];

	if (bytes <= w->room) {
		w->room -= bytes;
		return 0;
	}
	snprintf(what, sizeof(what), "the value needs more than %d MiB (EXPR_MEMORY_MAX)",
	    EXPR_MEMORY_MAX / 1024 / 1024);
	return over(w, what);
}

static int go_down(struct writing *w)
{
	char what[80];

	if (w->depth) {
		w->depth--;
		return 0;
	}
	snprintf(what, sizeof(what),
	    "the value is nested over %d levels deep (EXPR_VALUE_DEPTH_MAX)", EXPR_VALUE_DEPTH_MAX);
	return over(w, what);
}

/* ---- JSON that is wrapped ---- */

static int look_through(struct writing *w, json_t *json);

static int look_through_list(struct writing *w, json_t *list)
{
	size_t i;
	json_t *item;

	json_array_foreach(list, i, item)
		if (look_through(w, item) < 0)
			return -1;
	return 0;
}

static int look_through_object(struct writing *w, json_t *object)
{
	for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at))
		if (take_room(w, json_object_iter_key_len(at) + 4) < 0 ||
		    look_through(w, json_object_iter_value(at)) < 0)
			return -1;
	return 0;
}

/* It is there already: what counts is how long it is when it is written. */
static int look_through(struct writing *w, json_t *json)
{
	size_t count = json_is_array(json) ? json_array_size(json) : json_object_size(json);
	int result = 0;

	if (take_room(w, json_string_length(json) + 4) < 0)
		return -1;
	if (!json_is_array(json) && !json_is_object(json))
		return 0;
	if (go_down(w) < 0 || calc_step(w->calc, 1 + count / VALUES_PER_STEP) < 0)
		return -1;
	result = json_is_array(json) ? look_through_list(w, json) : look_through_object(w, json);
	w->depth++;
	return result;
}

/* ---- values that are made ---- */

/* A string of the LEN bytes at TEXT. */
static json_t *write_bytes(struct writing *w, const char *text, size_t len)
{
	json_t *json;

	if (take_room(w, TEXT_BYTES + len) < 0)
		return NULL;
	json = json_stringn(text, len);
	if (!json)
		calc_fail(w->calc, "the value cannot be written as JSON");
	return json;
}

static json_t *write_buf(struct writing *w, struct buf *text)
{
	json_t *json = write_bytes(w, text->data, text->len);

	buf_release(text);
	return json;
}

/* As string() makes it. */
static json_t *as_text(struct writing *w, const struct expr_value *value)
{
	struct buf text;

	buf_init(&text, EXPR_TEXT_MAX);
	show_value(&text, value);
	return write_buf(w, &text);
}

static json_t *write_null(struct writing *w, const struct expr_value *value)
{
	(void)w;
	(void)value;
	return json_null();
}

static json_t *write_bool(struct writing *w, const struct expr_value *value)
{
	(void)w;
	return json_boolean(value->as.truth);
}

static json_t *write_int(struct writing *w, const struct expr_value *value)
{
	return take_room(w, SCALAR_BYTES) < 0 ? NULL : json_integer(value->as.number);
}

static json_t *write_uint(struct writing *w, const struct expr_value *value)
{
	if (value->as.natural > INT64_MAX)
		return as_text(w, value);
	return take_room(w, SCALAR_BYTES) < 0 ? NULL : json_integer((json_int_t)value->as.natural);
}

static json_t *write_double(struct writing *w, const struct expr_value *value)
{
	if (!isfinite(value->as.real))
		return as_text(w, value);
	return take_room(w, SCALAR_BYTES) < 0 ? NULL : json_real(value->as.real);
}

static json_t *write_string(struct writing *w, const struct expr_value *value)
{
	return write_bytes(w, value->as.text.data, value->as.text.len);
}

static json_t *write_base64(struct writing *w, const struct expr_value *value)
{
	struct buf text;

	if (take_room(w, value->as.text.len / 3 * 4) < 0) /* before it is made */
		return NULL;
	buf_init(&text, 2 * EXPR_TEXT_MAX);
	base64_encode(&text, value->as.text.data, value->as.text.len);
	return write_buf(w, &text);
}

static int write_items(struct writing *w, const struct expr_value *value, json_t *list)
{
	for (size_t i = 0; i < cel_count(value); i++) {
		struct expr_value item = cel_item(value, i);

		if (json_array_append_new(list, write_value(w, &item)) < 0)
			return -1; /* there was no item */
	}
	return 0;
}

static json_t *write_list(struct writing *w, const struct expr_value *value)
{
	json_t *list;
	int result;

	if (take_room(w, LIST_BYTES + cel_count(value) * sizeof(json_t *)) < 0 || go_down(w) < 0)
		return NULL;
	list = json_array();
	result = write_items(w, value, list);
	w->depth++;
	if (result == 0)
		return list;
	json_decref(list);
	return NULL;
}

static int write_entry(struct writing *w, const struct value_entry *entry, json_t *object)
{
	struct buf key;
	int result = -1;

	buf_init(&key, EXPR_TEXT_MAX);
	show_value(&key, &entry->key);
	if (take_room(w, ENTRY_BYTES + key.len) == 0)
		result =
		    json_object_setn_new(object, key.data, key.len, write_value(w, &entry->value));
	buf_release(&key);
	return result;
}

static json_t *write_map(struct writing *w, const struct expr_value *value)
{
	struct cel_walk walk = {0};
	json_t *object;
	int result = 0;

	if (take_room(w, MAP_BYTES) < 0 || go_down(w) < 0)
		return NULL;
	object = json_object();
	while (result == 0 && cel_walk(value, &walk))
		result = write_entry(w, &walk.entry, object);
	w->depth++;
	if (result == 0)
		return object;
	json_decref(object);
	return NULL;
}

/* Its value; null without one. */
static json_t *write_optional(struct writing *w, const struct expr_value *value)
{
	json_t *json;

	if (!value->as.inner)
		return json_null();
	if (go_down(w) < 0)
		return NULL;
	json = write_value(w, value->as.inner);
	w->depth++;
	return json;
}

typedef json_t *write_fn(struct writing *w, const struct expr_value *value);

static write_fn *const writes[VALUE_TYPES] = {
    [VALUE_NULL] = write_null,
    [VALUE_BOOL] = write_bool,
    [VALUE_INT] = write_int,
    [VALUE_UINT] = write_uint,
    [VALUE_DOUBLE] = write_double,
    [VALUE_STRING] = write_string,
    [VALUE_BYTES] = write_base64,
    [VALUE_LIST] = write_list,
    [VALUE_MAP] = write_map,
    [VALUE_TIMESTAMP] = as_text,
    [VALUE_DURATION] = as_text,
    [VALUE_TYPE] = as_text,
    [VALUE_QUANTITY] = as_text,
    [VALUE_OPTIONAL] = write_optional,
    [VALUE_IP] = as_text,
    [VALUE_CIDR] = as_text,
    [VALUE_URL] = as_text,
    [VALUE_FORMAT] = as_text,
    [VALUE_SEMVER] = as_text,
};

static json_t *write_value(struct writing *w, const struct expr_value *value)
{
	if (calc_step(w->calc, 1) < 0)
		return NULL;
	if (!value->json)
		return writes[value->type](w, value);
	return look_through(w, value->as.json) < 0 ? NULL : json_incref(value->as.json);
}

json_t *calc_to_json(struct calc *calc, const struct expr_value *value)
{
	struct writing w = {
	    .calc = calc,
	    .room = EXPR_MEMORY_MAX - calc->arena.total,
	    .depth = EXPR_VALUE_DEPTH_MAX,
	};

	return write_value(&w, value);
}
