/* Written text as a number. Invariant: only a string that is marked as written ever changes, and
 * only into a number or a truth. */
#include "written.h"

#include <math.h>
#include <string.h>

#include "compare.h"
#include "fsops/plain.h"

/* Longer text is no number that anybody wrote. */
#define PLAIN_MAX 64

static bool is_written(const struct expr_value *value)
{
	return value->written && value->type == VALUE_STRING;
}

/* VALUE as a C string, if it may be the text of a number or truth. */
static bool take_plain(const struct expr_value *value, char text[PLAIN_MAX + 1])
{
	if (!is_written(value) || value->as.text.len > PLAIN_MAX)
		return false;
	memcpy(text, value->as.text.data, value->as.text.len);
	text[value->as.text.len] = '\0';
	return strlen(text) == value->as.text.len;
}

struct expr_value written_value(struct expr_value value)
{
	char text[PLAIN_MAX + 1];
	json_t *number;
	bool truth;

	if (!take_plain(&value, text))
		return value;
	if (plain_truth(text, &truth))
		return cel_bool(truth);
	number = plain_number(text);
	if (number)
		value = cel_from_json(number);
	json_decref(number);
	return value;
}

/* TEXT beside OTHER, which is none. */
static void beside(struct expr_value *text, const struct expr_value *other)
{
	struct expr_value value = written_value(*text);

	if (compare_is_number(&value) && other->type == VALUE_DOUBLE && value.type == VALUE_INT)
		value = cel_double((double)value.as.number);
	if ((compare_is_number(&value) && compare_is_number(other)) || value.type == other->type)
		*text = value;
}

void written_meet(struct expr_value *a, struct expr_value *b)
{
	if (is_written(a) && b->type != VALUE_STRING)
		beside(a, b);
	else if (is_written(b) && a->type != VALUE_STRING)
		beside(b, a);
}

/* The number or truth that TEXT is, where it is written in that way alone. */
static struct expr_value only_way(struct expr_value value)
{
	char text[PLAIN_MAX + 1];
	json_t *read = take_plain(&value, text) ? plain_as_written(text) : NULL;

	if (read && !json_is_string(read))
		value = cel_from_json(read);
	json_decref(read);
	return value;
}

/* A number that somebody wrote as 3.0 is a text: a whole double was computed, as in a command's JSON. */
static bool is_computed(const struct expr_value *value)
{
	return value->type == VALUE_DOUBLE && value->as.real == trunc(value->as.real);
}

void written_same(struct expr_value *a, struct expr_value *b)
{
	bool both = a->written && b->written && !is_computed(a) && !is_computed(b);

	if (!both)
		written_meet(a, b);
	else if (is_written(a) && b->type != VALUE_STRING)
		*a = only_way(*a);
	else if (is_written(b) && a->type != VALUE_STRING)
		*b = only_way(*b);
}

void written_count(struct expr_value *a, struct expr_value *b)
{
	struct expr_value x, y;

	written_meet(a, b);
	if (!is_written(a) || !is_written(b))
		return;
	x = written_value(*a);
	y = written_value(*b);
	if (!compare_is_number(&x) || !compare_is_number(&y))
		return;
	*a = x.type != y.type && x.type == VALUE_INT ? cel_double((double)x.as.number) : x;
	*b = x.type != y.type && y.type == VALUE_INT ? cel_double((double)y.as.number) : y;
}
