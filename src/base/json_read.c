/*
 * JSON from outside. jansson reads it; here is what it cannot be told: it takes no byte order mark, refuses a
 * whole document for one number that is too large, and has no ceiling on what a short text may become.
 *
 * A first look over the text finds its depth, what it will weigh, and the numbers that jansson would refuse;
 * those are written anew in a copy.
 *
 * Invariant: a place in a message is one of the text that was given, also when a copy was read.
 */
#include "fsops/json_read.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/buf.h"
#include "fsops/mem.h"

/* What jansson takes, with malloc's own share, for what such a character begins or parts. */
#define LIST_BYTES   112
#define OBJECT_BYTES 416
#define MEMBER_BYTES 96
#define VALUE_BYTES  72

#define INT64_DIGITS 19  /* as many may be too much */
#define LONG_NUMBER  300 /* characters of a number without an exponent that may be beyond a double */
#define NUMBER_CHARS "+-.0123456789Ee"

/* A number that was written anew. */
struct change {
	size_t at; /* behind it, in the copy */
	size_t
	    extra; /* as much longer than the text is the copy up to there; wraps when it is shorter */
};

struct reading {
	const char *what;
	const char *text; /* without the byte order mark */
	size_t len;
	size_t mark; /* bytes of the byte order mark */
	size_t weight;
	size_t weight_max;
	size_t depth;
	size_t members[JSON_READ_DEPTH_MAX + 1]; /* so far, of the object at each level */
	struct buf
	    copy; /* of the text up to `copied`, with numbers written anew; empty: none was */
	size_t copied;
	struct change *changes;
	size_t change_count;
	struct err *err;
};

/* ---- errors ---- */

/* WHY, at byte AT of the text, counted from 1. */
static int wrong_at(struct reading *r, enum err_kind kind, size_t at, const char *why)
{
	size_t line = 1;
	size_t column = 0;

	for (size_t i = 0; i < at && i < r->len; i++) {
		line += r->text[i] == '\n';
		column = r->text[i] == '\n' ? 0 : column + ((r->text[i] & 0xC0) != 0x80);
	}
	return err_set(r->err, kind, "%s is not JSON: line %zu, column %zu (byte %zu): %s", r->what,
	    line, column, at + r->mark, why);
}

static size_t place_in_text(const struct reading *r, size_t at)
{
	size_t extra = 0;

	for (size_t i = 0; i < r->change_count && r->changes[i].at <= at; i++)
		extra = r->changes[i].extra;
	return at - extra;
}

static int jansson_refused(struct reading *r, const json_error_t *error)
{
	size_t at = error->position > 0 ? (size_t)error->position : 0;

	return wrong_at(r, ERR_INPUT, place_in_text(r, at), error->text);
}

/* ---- numbers ---- */

static size_t digits(const char *text)
{
	return strspn(text, "0123456789");
}

/* TEXT as RFC 8259 writes a number; *WHOLE: without a point and an exponent. */
static bool is_number(const char *text, bool *whole)
{
	const char *at = text + (*text == '-');

	if (!digits(at) || (*at == '0' && digits(at) > 1))
		return false;
	at += digits(at);
	*whole = *at == '\0';
	if (*at == '.' && !digits(++at))
		return false;
	at += digits(at);
	if (*at != 'e' && *at != 'E')
		return *at == '\0';
	at++;
	at += *at == '+' || *at == '-';
	return digits(at) && at[digits(at)] == '\0';
}

/* NUMBER anew into OUT of SIZE bytes, when jansson would not take it. */
static bool write_anew(const char *number, char *out, size_t size)
{
	bool whole = false;
	double real;

	if (!is_number(number, &whole))
		return false;
	errno = 0;
	if (whole && (strtoll(number, NULL, 10), errno != ERANGE))
		return false;
	real = strtod(number, NULL);
	if (!whole && isfinite(real))
		return false;
	if (!isfinite(real))
		real = copysign(JSON_READ_BEYOND, real);
	snprintf(out, size, "%.17g", real); /* with an exponent always: it is over 2^63 */
	return true;
}

static void copy_until(struct reading *r, size_t end)
{
	buf_add(&r->copy, r->text + r->copied, end - r->copied);
	r->copied = end;
}

/* The number of LEN characters at AT. */
static void look_at_number(struct reading *r, size_t at, size_t len)
{
	char *number;
	char anew[40];

	if (len < INT64_DIGITS && !memchr(r->text + at, 'e', len) &&
	    !memchr(r->text + at, 'E', len))
		return;
	number = mem_textn(r->text + at, len);
	if (write_anew(number, anew, sizeof(anew))) {
		copy_until(r, at);
		buf_adds(&r->copy, anew);
		r->copied = at + len;
		MEM_PUSH_ROOM(r->changes, r->change_count);
		r->changes[r->change_count++] =
		    (struct change){.at = r->copy.len, .extra = r->copy.len - r->copied};
	}
	free(number);
}

/* ---- the first look ---- */

/* Where the string whose quote is at AT ends: behind its closing quote. */
static size_t string_end(const char *text, size_t len, size_t at)
{
	for (at++; at < len && text[at] != '"'; at++)
		at += text[at] == '\\';
	return at < len ? at + 1 : len;
}

static size_t number_len(const struct reading *r, size_t at)
{
	size_t end = at;

	while (end < r->len && r->text[end] && strchr(NUMBER_CHARS, r->text[end]))
		end++;
	return end - at;
}

static size_t weigh(char c)
{
	return c == ','   ? VALUE_BYTES
	       : c == ':' ? MEMBER_BYTES
	       : c == '[' ? LIST_BYTES
	                  : OBJECT_BYTES;
}

/* Each member costs a look through the table of its object, which no longer fits a cache when it is that large. */
static int count_member(struct reading *r, char c, size_t at)
{
	char why[100];

	if (c == '{')
		r->members[r->depth] = 0;
	if (c != ':' || ++r->members[r->depth] <= JSON_READ_MEMBERS_MAX)
		return 0;
	snprintf(why, sizeof(why), "an object of over %d members (JSON_READ_MEMBERS_MAX)",
	    JSON_READ_MEMBERS_MAX);
	return wrong_at(r, ERR_LIMIT, at + 1, why);
}

static int look_at_mark(struct reading *r, size_t at)
{
	char c = r->text[at];
	char why[100];

	r->depth += c == '[' || c == '{';
	r->depth -= (c == ']' || c == '}') && r->depth;
	if (r->depth > JSON_READ_DEPTH_MAX) {
		snprintf(why, sizeof(why), "nested over %d levels deep (JSON_READ_DEPTH_MAX)",
		    JSON_READ_DEPTH_MAX);
		return wrong_at(r, ERR_LIMIT, at + 1, why);
	}
	if (count_member(r, c, at) < 0)
		return -1;
	r->weight += c == ']' || c == '}' ? 0 : weigh(c);
	if (r->weight <= r->weight_max)
		return 0;
	snprintf(why, sizeof(why), "more values than %zu MiB can hold (JSON_READ_GROWTH)",
	    r->weight_max / 1024 / 1024);
	return wrong_at(r, ERR_LIMIT, at + 1, why);
}

static int look_over(struct reading *r)
{
	for (size_t at = 0, next; at < r->len; at = next) {
		size_t number = number_len(r, at);

		next = at + (number ? number : 1);
		if (number)
			look_at_number(r, at, number);
		else if (r->text[at] == '"')
			next = string_end(r->text, r->len, at);
		else if (!r->text[at]) /* jansson passes over one behind a number */
			return wrong_at(r, ERR_INPUT, at + 1, "a zero byte");
		else if (strchr("[]{},:", r->text[at]) && look_at_mark(r, at) < 0)
			return -1;
	}
	if (r->copied)
		copy_until(r, r->len);
	return 0;
}

/* ---- keys that are there twice ---- */

/* TEXT with blanks for all that is in a list: what is left of it is where it was. A new text. */
static char *without_lists(const char *text, size_t len)
{
	char *out = mem_textn(text, len);
	size_t lists = 0;

	for (size_t at = 0, next; at < len; at = next) {
		next = text[at] == '"' ? string_end(text, len, at) : at + 1;
		lists -= text[at] == ']' && lists;
		if (lists)
			memset(out + at, ' ', next - at);
		lists += text[at] == '[';
	}
	return out;
}

/* TEXT is JSON; does an object that is in no list have a key twice? Only jansson can tell: a key may be
 * written with escapes. */
static int check_above_lists(struct reading *r, const char *text, size_t len)
{
	char *rest = without_lists(text, len);
	json_error_t error;
	json_t *value = json_loadb(
	    rest, len, JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, &error);

	free(rest);
	json_decref(value);
	return value ? 0 : jansson_refused(r, &error);
}

/* ---- the whole ---- */

static bool begins(const struct reading *r, const char *bytes, size_t len)
{
	return r->len >= len && memcmp(r->text, bytes, len) == 0;
}

/* A byte order mark, or the zero byte that half of every character of ASCII is in UTF-16. */
static int check_encoding(struct reading *r)
{
	if (begins(r, "\xEF\xBB\xBF", 3)) {
		r->mark = 3;
		r->text += 3;
		r->len -= 3;
	}
	if (begins(r, "\xFE\xFF", 2) || begins(r, "\xFF\xFE", 2) ||
	    (r->len >= 2 && (!r->text[0] || !r->text[1])))
		return err_set(r->err, ERR_INPUT,
		    "%s is not JSON: it is in UTF-16 or UTF-32, and JSON is UTF-8: convert it "
		    "(iconv)",
		    r->what);
	return 0;
}

static int check_size(struct reading *r, size_t max)
{
	size_t blank = 0;

	if (r->len > max)
		return err_set(r->err, ERR_LIMIT,
		    "%s is over %zu bytes, the most that is read as JSON", r->what, max);
	while (blank < r->len && r->text[blank] && strchr(" \t\r\n", r->text[blank]))
		blank++;
	if (blank == r->len)
		return err_set(r->err, ERR_INPUT, "%s is not JSON: it is empty", r->what);
	return 0;
}

static json_t *read_text(
    const char *what, const char *text, size_t len, size_t max, size_t twice, struct err *err)
{
	struct reading r = {.what = what, .text = text, .len = len, .err = err};
	json_t *value = NULL;
	json_error_t error;
	const char *whole;
	size_t whole_len;

	r.weight_max = max > SIZE_MAX / JSON_READ_GROWTH ? SIZE_MAX : max * JSON_READ_GROWTH;
	buf_init(&r.copy, SIZE_MAX / 4);
	if (check_encoding(&r) < 0 || check_size(&r, max) < 0 || look_over(&r) < 0)
		goto out;
	whole = r.copied ? r.copy.data : r.text;
	whole_len = r.copied ? r.copy.len : r.len;
	value = json_loadb(whole, whole_len, JSON_DECODE_ANY | JSON_ALLOW_NUL | twice, &error);
	if (!value) {
		jansson_refused(&r, &error);
	} else if (!twice && check_above_lists(&r, whole, whole_len) < 0) {
		json_decref(value);
		value = NULL;
	}
out:
	buf_release(&r.copy);
	free(r.changes);
	return value;
}

json_t *json_read(const char *what, const char *text, size_t len, size_t max, struct err *err)
{
	return read_text(what, text, len, max, JSON_REJECT_DUPLICATES, err);
}

json_t *json_read_last(const char *what, const char *text, size_t len, size_t max, struct err *err)
{
	return read_text(what, text, len, max, 0, err);
}
