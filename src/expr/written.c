/* Written text as a number. Invariant: only a string that is marked as written ever changes, and
 * only into a number or a truth. */
#include "written.h"

#include <string.h>

#include "compare.h"
#include "fsops/plain.h"

/* Longer text is no number that anybody wrote. */
#define PLAIN_MAX 64

static bool is_written(const struct expr_value *value)
{
	return value->written && value->type == VALUE_STRING;
}

struct expr_value written_value(struct expr_value value)
{
	char text[PLAIN_MAX + 1];
	json_t *number;
	bool truth;

	if (!is_written(&value) || value.as.text.len > PLAIN_MAX)
		return value;
	memcpy(text, value.as.text.data, value.as.text.len);
	text[value.as.text.len] = '\0';
	if (strlen(text) != value.as.text.len)
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
