/* Fills templates. Invariant: a value is put into its place and never read again as a
 * template, so that no value can bring in a `${…}` of its own; and it is filled in whole or not at all. */
#include "expand.h"

#include <stdlib.h>
#include <string.h>

#include "fsops/buf.h"
#include "fsops/mem.h"
#include "fsops/template.h"
#include "fsops/value.h"

struct filling {
	const struct expander *expander;
	struct buf out;
	json_t *last; /* the value of the last hole */
	struct err *err;
};

static int add_literal(void *ctx, const char *text, size_t len)
{
	struct filling *filling = ctx;

	return buf_add(&filling->out, text, len);
}

int expand_may_give(const json_t *value, const char *text, size_t len, struct err *err)
{
	if (value_has_zero_byte(value))
		return err_set(err, ERR_INPUT,
		    "'%.*s' holds a zero byte, which no command, address or header can take: it "
		    "would end there, and be another value",
		    (int)len, text);
	if (!value_has_beyond_int(value))
		return 0;
	return err_set(err, ERR_INPUT,
	    "'%.*s' holds a number over 64 bits, whose last digits are not known any more: take it "
	    "from where it is text, or write string(…) if they do not matter",
	    (int)len, text);
}

static json_t *evaluate(struct filling *filling, const char *text, size_t len)
{
	const struct expander *expander = filling->expander;
	bool secret = false;
	json_t *value = NULL;

	if (scope_eval_text(expander->scope, text, len, &value, &secret, filling->err) < 0)
		return NULL;
	if (expand_may_give(value, text, len, filling->err) < 0) {
		json_decref(value);
		return NULL;
	}
	if (secret && expander->redact)
		redact_add_value(expander->redact, value);
	return value;
}

static int add_hole(void *ctx, const char *text, size_t len)
{
	struct filling *filling = ctx;
	char *plain;

	json_decref(filling->last);
	filling->last = evaluate(filling, text, len);
	if (!filling->last && filling->expander->mode == EXPAND_KNOWN)
		return buf_addf(&filling->out, "${%.*s}", (int)len, text);
	if (!filling->last)
		return -1;
	plain = value_to_text(filling->last);
	buf_adds(&filling->out, plain);
	free(plain);
	return 0;
}

static int fill(struct filling *filling, const char *text)
{
	buf_init(&filling->out, BUF_TEXT_MAX);
	if (template_each(text, add_literal, add_hole, filling) < 0) {
		if (filling->out.full)
			err_set(filling->err, ERR_LIMIT, "a text grew over %d bytes", BUF_TEXT_MAX);
		return -1;
	}
	return 0;
}

char *expand_text(const struct expander *expander, const char *text, struct err *err)
{
	struct filling filling = {.expander = expander, .err = err};
	char *result = NULL;

	if (fill(&filling, text) == 0)
		result = buf_detach(&filling.out);
	buf_release(&filling.out);
	json_decref(filling.last);
	return result;
}

/* A value in the making, and what may still be filled into it. */
struct whole {
	const struct expander *expander;
	size_t left;
	struct err *err;
};

static json_t *fill_value(struct whole *whole, const json_t *value);

static int take_room(struct whole *whole, const json_t *filled)
{
	size_t size = value_size(filled);

	if (size > whole->left)
		return err_set(whole->err, ERR_LIMIT,
		    "what is filled in grew over %zu MiB (EXPAND_MAX)", EXPAND_MAX / 1024 / 1024);
	whole->left -= size;
	return 0;
}

static json_t *expand_string(struct whole *whole, const json_t *string)
{
	struct filling filling = {.expander = whole->expander, .err = whole->err};
	const char *text = json_string_value(string);
	json_t *result = NULL;

	if (!template_any(text))
		return json_incref((json_t *)string);
	if (fill(&filling, text) < 0)
		goto out;
	if (template_is_single(text, NULL, NULL) && filling.last)
		result = json_incref(filling.last);
	else
		result = value_text(filling.out.data, filling.out.len);
	if (take_room(whole, result) < 0) {
		json_decref(result);
		result = NULL;
	}
out:
	buf_release(&filling.out);
	json_decref(filling.last);
	return result;
}

static json_t *expand_array(struct whole *whole, const json_t *array)
{
	json_t *copy = json_array();

	for (size_t i = 0; i < json_array_size(array); i++) {
		json_t *item = fill_value(whole, json_array_get(array, i));

		if (!item) {
			json_decref(copy);
			return NULL;
		}
		json_array_append_new(copy, item);
	}
	return copy;
}

static json_t *expand_object(struct whole *whole, const json_t *object)
{
	json_t *copy = json_object();
	const char *key;
	json_t *member;

	json_object_foreach((json_t *)object, key, member) {
		json_t *item = fill_value(whole, member);

		if (!item) {
			json_decref(copy);
			return NULL;
		}
		json_object_set_new(copy, key, item);
	}
	return copy;
}

static json_t *fill_value(struct whole *whole, const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_STRING:
		return expand_string(whole, value);
	case JSON_ARRAY:
		return expand_array(whole, value);
	case JSON_OBJECT:
		return expand_object(whole, value);
	default:
		return json_incref((json_t *)value);
	}
}

json_t *expand_json(const struct expander *expander, const json_t *value, struct err *err)
{
	struct whole whole = {.expander = expander, .left = EXPAND_MAX, .err = err};

	return fill_value(&whole, value);
}

json_t *expand_hole(
    const struct expander *expander, const char *text, size_t len, bool *known, struct err *err)
{
	struct filling filling = {.expander = expander, .err = err};
	json_t *value = evaluate(&filling, text, len);
	char *template;

	*known = value != NULL;
	if (value || expander->mode != EXPAND_KNOWN)
		return value;
	template = mem_printf("${%.*s}", (int)len, text);
	value = value_text(template, strlen(template));
	free(template);
	return value;
}
