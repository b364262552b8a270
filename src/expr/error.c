/* Errors of this library. Invariant: the text is one sentence and always terminated. */
#include "error.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define SHOWN_MAX    80 /* bytes of a value that an error shows */
#define LISTED_MAX   12 /* as many names are listed when none is near */
#define NAME_LEN_MAX 64 /* longer names are never suggested */

int expr_error_set(
    struct expr_error *error, enum expr_error_kind kind, struct place place, const char *fmt, ...)
{
	va_list args;

	if (!error)
		return -1;
	error->kind = kind;
	error->offset = place.offset;
	error->length = place.length;
	va_start(args, fmt);
	vsnprintf(error->text, sizeof(error->text), fmt, args);
	va_end(args);
	return -1;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static int differs(char a, char b)
{
	return tolower((unsigned char)a) != tolower((unsigned char)b);
}

/* Edit distance where two neighbours swapped count as one; case does not count. */
static size_t distance(const char *a, const char *b)
{
	size_t rows[3][NAME_LEN_MAX + 1];
	size_t *two = rows[0], *one = rows[1], *row = rows[2];
	size_t alen = strlen(a), blen = strlen(b);

	for (size_t j = 0; j <= blen; j++)
		one[j] = j;
	for (size_t i = 1; i <= alen; i++) {
		size_t *spare = two;

		row[0] = i;
		for (size_t j = 1; j <= blen; j++) {
			row[j] = least(one[j - 1] + (size_t)differs(a[i - 1], b[j - 1]),
			    least(one[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && !differs(a[i - 1], b[j - 2]) &&
			    !differs(a[i - 2], b[j - 1]))
				row[j] = least(row[j], two[j - 2] + 1);
		}
		two = one;
		one = row;
		row = spare;
	}
	return one[blen];
}

static const char *nearest(const char *name, const char *const *names, size_t count)
{
	size_t best = strlen(name) / 3 > 1 ? strlen(name) / 3 + 1 : 2;
	const char *found = NULL;

	if (strlen(name) > NAME_LEN_MAX)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		size_t d = strlen(names[i]) > NAME_LEN_MAX ? best : distance(name, names[i]);

		if (d < best) {
			best = d;
			found = names[i];
		}
	}
	return found;
}

__attribute__((format(printf, 2, 3))) static void add_text(
    struct expr_error *error, const char *fmt, ...)
{
	size_t len = strlen(error->text);
	va_list args;

	va_start(args, fmt);
	vsnprintf(error->text + len, sizeof(error->text) - len, fmt, args);
	va_end(args);
}

void expr_error_suggest(
    struct expr_error *error, const char *name, const char *const *names, size_t count)
{
	const char *found = error ? nearest(name, names, count) : NULL;

	if (found)
		add_text(error, "; did you mean '%s'?", found);
}

void expr_error_suggest_all(
    struct expr_error *error, const char *name, const char *const *names, size_t count)
{
	if (!error)
		return;
	if (nearest(name, names, count) || count == 0 || count > LISTED_MAX) {
		expr_error_suggest(error, name, names, count);
		return;
	}
	for (size_t i = 0; i < count; i++)
		add_text(error,
		    i == 0          ? "; it has %s"
		    : i + 1 < count ? ", %s"
		                    : " and %s",
		    names[i]);
}

int expr_error_shown(const char *text, size_t len)
{
	if (len <= SHOWN_MAX)
		return (int)len;
	for (len = SHOWN_MAX; len > 0 && ((unsigned char)text[len] & 0xC0) == 0x80;)
		len--;
	return (int)len;
}
