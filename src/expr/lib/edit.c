/* Strings from strings: replace, split, join, quote. */
#include <string.h>

#include "expr/function.h"
#include "expr/utf8.h"

/* How many replacements or parts: all of them when not given or negative. */
static int64_t limit_of(const struct expr_value *args, size_t count, size_t at)
{
	return count > at && args[at].as.number >= 0 ? args[at].as.number : INT64_MAX;
}

/* The next WANTED in TEXT from byte AT on: its offset, or the length. An empty one is
 * found before each character and at the end. */
static size_t find_next(const struct expr_value *text, const struct expr_value *wanted, size_t at)
{
	const char *found = memmem(text->as.text.data + at, text->as.text.len - at,
	    wanted->as.text.data, wanted->as.text.len);

	return found ? (size_t)(found - text->as.text.data) : text->as.text.len + 1;
}

/* The length of the character at byte AT; 0 at the end. */
static size_t char_len(const struct expr_value *text, size_t at)
{
	size_t step = 0;

	if (at < text->as.text.len)
		utf8_decode(text->as.text.data + at, text->as.text.len - at, &step);
	return step;
}

static int replace(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	const struct expr_value *text = &args[0], *old = &args[1], *new = &args[2];
	int64_t left = limit_of(args, count, 3);
	size_t len = text->as.text.len;
	size_t done = 0, at = 0;
	struct buf made;

	if (calc_step_bytes(calc, len) < 0)
		return -1;
	calc_buf(&made);
	for (; left > 0 && at <= len && !made.full; left--) {
		size_t next = find_next(text, old, at);

		if (next > len)
			break;
		buf_add(&made, text->as.text.data + done, next - done);
		buf_add(&made, new->as.text.data, new->as.text.len);
		done = next + old->as.text.len;
		at = old->as.text.len ? done : next + char_len(text, next);
		if (at == next)
			break;
	}
	buf_add(&made, text->as.text.data + done, len - done);
	return calc_take(calc, &made, VALUE_STRING, out);
}

/* Where the part that starts at byte AT ends: before the separator, or after one
 * character when the separator is empty. */
static size_t part_end(const struct expr_value *text, const struct expr_value *separator, size_t at)
{
	size_t next;

	if (separator->as.text.len == 0)
		return at + char_len(text, at);
	next = find_next(text, separator, at);
	return next > text->as.text.len ? text->as.text.len : next;
}

static int split(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	const struct expr_value *text = &args[0], *separator = &args[1];
	int64_t limit = limit_of(args, count, 2);
	size_t len = text->as.text.len;
	struct list_build parts = {0};
	size_t at = 0;

	if (calc_step_bytes(calc, len) < 0)
		return -1;
	for (bool more = limit > 0 && (len || separator->as.text.len); more; limit--) {
		size_t end = limit == 1 ? len : part_end(text, separator, at);

		if (calc_step(calc, 1) < 0 ||
		    list_add(calc, &parts, cel_string(text->as.text.data + at, end - at)) < 0)
			return -1;
		more = end < len;
		at = end + separator->as.text.len;
	}
	return list_take(calc, &parts, out);
}

static int join(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	size_t items = cel_count(&args[0]);
	int result = calc_step(calc, items / 4);
	struct buf made;

	calc_buf(&made);
	for (size_t i = 0; i < items && result == 0 && !made.full; i++) {
		struct expr_value item = cel_item(&args[0], i);

		if (item.type != VALUE_STRING) {
			result = calc_no_overload(
			    calc, "join() of a list with %s", cel_type_name(&item));
			break;
		}
		if (i && count == 2)
			buf_add(&made, args[1].as.text.data, args[1].as.text.len);
		buf_add(&made, item.as.text.data, item.as.text.len);
	}
	if (result == 0)
		return calc_take(calc, &made, VALUE_STRING, out);
	buf_release(&made);
	return -1;
}

static int quote(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	/* A character, and the letter behind the backslash. */
	static const char escapes[] = "\aa\bb\ff\nn\rr\tt\vv\\\\\"\"";
	struct buf made;

	(void)count;
	calc_buf(&made);
	buf_addc(&made, '"');
	for (size_t i = 0; i < args[0].as.text.len; i++) {
		char c = args[0].as.text.data[i];
		size_t at = 0;

		while (escapes[at] && escapes[at] != c)
			at += 2;
		if (c && escapes[at])
			buf_addc(&made, '\\');
		buf_addc(&made, c && escapes[at] ? escapes[at + 1] : c);
	}
	buf_addc(&made, '"');
	return calc_take(calc, &made, VALUE_STRING, out);
}

const struct overload lib_edit[] = {
    {"replace", "s.ss", replace, "with each (or the first n) of one string replaced by another"},
    {"replace", "s.ssi", replace, NULL},
    {"split", "s.s", split, "the parts between separators, at most n"},
    {"split", "s.si", split, NULL},
    {"join", "l.", join, "the strings of a list, with a separator between"},
    {"join", "l.s", join, NULL},
    {"strings.quote", "s", quote, "in double quotes, with escapes"},
    {0},
};
