/* Looking into strings: positions are those of code points, from 0. */
#include <string.h>

#include "expr/function.h"
#include "expr/utf8.h"

#define LOOKED_MAX 65536 /* bytes that are looked at before they are paid for */

static int found(struct expr_value *out, bool truth)
{
	*out = cel_bool(truth);
	return 0;
}

static bool ends(const struct expr_value *text, const struct expr_value *end)
{
	size_t len = text->as.text.len;
	size_t end_len = end->as.text.len;

	return end_len <= len &&
	       memcmp(text->as.text.data + len - end_len, end->as.text.data, end_len) == 0;
}

static int contains(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	(void)count;
	if (calc_step_bytes(calc, args[0].as.text.len) < 0)
		return -1;
	return found(out, memmem(args[0].as.text.data, args[0].as.text.len, args[1].as.text.data,
	                      args[1].as.text.len) != NULL);
}

static int starts_with(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	(void)calc;
	(void)count;
	return found(
	    out, args[1].as.text.len <= args[0].as.text.len &&
	             memcmp(args[0].as.text.data, args[1].as.text.data, args[1].as.text.len) == 0);
}

static int ends_with(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	(void)calc;
	(void)count;
	return found(out, ends(&args[0], &args[1]));
}

static int out_of_range(struct calc *calc, int64_t index)
{
	return calc_fail(calc, "index out of range: %lld", (long long)index);
}

/* INDEX (of a code point, up to the size) as a byte offset. */
static int offset_of(
    struct calc *calc, const struct expr_value *text, int64_t index, size_t *offset)
{
	size_t len = text->as.text.len;

	if (calc_step_bytes(calc, len) < 0)
		return -1;
	if (index < 0 || (uint64_t)index > utf8_count(text->as.text.data, len))
		return out_of_range(calc, index);
	*offset = utf8_offset(text->as.text.data, len, (size_t)index);
	return 0;
}

static int char_at(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	const struct expr_value *text = &args[0];
	size_t offset = 0, step = 0;

	(void)count;
	if (offset_of(calc, text, args[1].as.number, &offset) < 0)
		return -1;
	if (offset < text->as.text.len)
		utf8_decode(text->as.text.data + offset, text->as.text.len - offset, &step);
	*out = cel_string(text->as.text.data + offset, step);
	return 0;
}

static int substring(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	const struct expr_value *text = &args[0];
	size_t start = 0, end = text->as.text.len;

	if (offset_of(calc, text, args[1].as.number, &start) < 0)
		return -1;
	if (count == 3 && offset_of(calc, text, args[2].as.number, &end) < 0)
		return -1;
	if (start > end)
		return calc_fail(calc, "invalid substring range: start %lld, end %lld",
		    (long long)args[1].as.number, (long long)args[2].as.number);
	*out = cel_string(text->as.text.data + start, end - start);
	return 0;
}

/* The place at byte AT as a position; -1 for NULL. */
static int position(const struct expr_value *text, const char *at, struct expr_value *out)
{
	*out = cel_int(-1);
	if (at)
		*out = cel_int(
		    (int64_t)utf8_count(text->as.text.data, (size_t)(at - text->as.text.data)));
	return 0;
}

static int index_of(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	const struct expr_value *text = &args[0];
	size_t start = 0;

	if (count == 3 && offset_of(calc, text, args[2].as.number, &start) < 0)
		return -1;
	if (calc_step_bytes(calc, text->as.text.len) < 0)
		return -1;
	return position(text,
	    memmem(text->as.text.data + start, text->as.text.len - start, args[1].as.text.data,
	        args[1].as.text.len),
	    out);
}

/* How many bytes of WANTED the bytes AT have. */
static size_t same_bytes(const char *at, const struct expr_value *wanted)
{
	size_t i = 0;

	while (i < wanted->as.text.len && at[i] == wanted->as.text.data[i])
		i++;
	return i;
}

/* The last WANTED in TEXT that begins at byte LAST or before. Each byte that is looked
 * at is paid for, because looking can be quadratic. */
static int find_last(struct calc *calc, const struct expr_value *text,
    const struct expr_value *wanted, size_t last, const char **found)
{
	size_t len = wanted->as.text.len;
	size_t looked = 0;

	*found = NULL;
	if (len > text->as.text.len)
		return 0;
	if (last > text->as.text.len - len)
		last = text->as.text.len - len;
	for (size_t at = last + 1; at-- > 0 && !*found;) {
		size_t same = same_bytes(text->as.text.data + at, wanted);

		looked += same + 1;
		if (same == len)
			*found = text->as.text.data + at;
		if (looked > LOOKED_MAX) {
			if (calc_step_bytes(calc, looked) < 0)
				return -1;
			looked = 0;
		}
	}
	return calc_step_bytes(calc, looked);
}

static int last_index_of(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	const struct expr_value *text = &args[0];
	size_t last = text->as.text.len;
	const char *at;

	if (count == 3 && offset_of(calc, text, args[2].as.number, &last) < 0)
		return -1;
	if (find_last(calc, text, &args[1], last, &at) < 0)
		return -1;
	return position(text, at, out);
}

/* The text without the white space around it. */
static int trim(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	const char *text = args[0].as.text.data;
	size_t len = args[0].as.text.len;
	size_t start = len, end = 0, step;

	(void)count;
	if (calc_step_bytes(calc, len * 2) < 0)
		return -1;
	for (size_t i = 0; i < len; i += step) {
		if (utf8_is_space(utf8_decode(text + i, len - i, &step)))
			continue;
		start = i < start ? i : start;
		end = i + step;
	}
	*out = cel_string(text + start, end > start ? end - start : 0);
	return 0;
}

/* A copy in which the letters from FIRST to LAST are moved by DISTANCE. */
static int shift_case(struct calc *calc, const struct expr_value *text, char first, char last,
    int distance, struct expr_value *out)
{
	size_t len = text->as.text.len;
	char *copy = calc_alloc(calc, len + 1);

	if (!copy || calc_step_bytes(calc, len) < 0)
		return -1;
	for (size_t i = 0; i < len; i++) {
		char c = text->as.text.data[i];

		copy[i] = (char)(c >= first && c <= last ? c + distance : c);
	}
	copy[len] = '\0';
	*out = cel_string(copy, len);
	return 0;
}

static int lower(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	(void)count;
	return shift_case(calc, &args[0], 'A', 'Z', 'a' - 'A', out);
}

static int upper(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	(void)count;
	return shift_case(calc, &args[0], 'a', 'z', 'A' - 'a', out);
}

static int reverse(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	const char *text = args[0].as.text.data;
	size_t len = args[0].as.text.len;
	char *copy = calc_alloc(calc, len + 1);
	size_t step;

	(void)count;
	if (!copy || calc_step_bytes(calc, len) < 0)
		return -1;
	for (size_t i = 0; i < len; i += step) {
		utf8_decode(text + i, len - i, &step);
		memcpy(copy + len - i - step, text + i, step);
	}
	copy[len] = '\0';
	*out = cel_string(copy, len);
	return 0;
}

const struct overload lib_text[] = {
    {"contains", "s.s", contains, "whether a string has another in it"},
    {"startsWith", "s.s", starts_with, "whether a string begins with another"},
    {"endsWith", "s.s", ends_with, "whether a string ends with another"},
    {"charAt", "s.i", char_at, "the character at a position, '' at the end"},
    {"indexOf", "s.s", index_of,
        "the first position of a string or item, from a position on; -1: none"},
    {"indexOf", "s.si", index_of, NULL},
    {"lastIndexOf", "s.s", last_index_of,
        "the last position of a string or item, not after a position; -1: none"},
    {"lastIndexOf", "s.si", last_index_of, NULL},
    {"substring", "s.i", substring, "the part from a position on, or between two"},
    {"substring", "s.ii", substring, NULL},
    {"trim", "s.", trim, "the string without white space around it"},
    {"lowerAscii", "s.", lower, "with small letters for A to Z"},
    {"upperAscii", "s.", upper, "with capitals for a to z"},
    {"reverse", "s.", reverse, "a string or list backwards"},
    {0},
};
