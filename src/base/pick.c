/* Which name is meant. Invariant: a guess is only ever suggested, never taken: what is taken is
 * alike, or the beginning of one name and of no other. */
#include <ctype.h>
#include <stdlib.h>

#include "fsops/buf.h"
#include "fsops/mem.h"
#include "fsops/text.h"

static bool silent(char c)
{
	return c == ' ' || c == '-' || c == '_';
}

/* The next character that counts, as a small letter; 0 at the end. */
static int next(const char **at)
{
	while (silent(**at))
		(*at)++;
	return **at ? tolower((unsigned char)*(*at)++) : 0;
}

/* Is what counts of A what counts of B, or, with BEGIN, of B's beginning? */
static bool same(const char *a, const char *b, bool begin)
{
	for (;;) {
		int one = next(&a);
		int other = next(&b);

		if (one == 0)
			return begin || other == 0;
		if (one != other)
			return false;
	}
}

bool text_alike(const char *a, const char *b)
{
	return same(a, b, false);
}

/* The index of the only name that fits; -1: none; -2: several. */
static int only(const char *name, const char *const *names, size_t count, bool begin)
{
	int found = -1;

	for (size_t i = 0; i < count; i++) {
		if (!same(name, names[i], begin))
			continue;
		if (found >= 0)
			return -2;
		found = (int)i;
	}
	return found;
}

static void say_several(const char *name, const char *const *names, size_t count, struct err *err)
{
	struct buf text;

	buf_init(&text, ERR_TEXT_MAX / 2);
	for (size_t i = 0; i < count; i++)
		if (same(name, names[i], true))
			buf_addf(&text, "%s%s", text.len ? ", " : "", names[i]);
	err_set(err, ERR_USAGE, "'%s' can be %s; say which", name, text.data);
	buf_release(&text);
}

/* What counts of a text, so that capitals and blanks are no distance. */
static char *folded(const char *text)
{
	char *copy = mem_text(text);
	size_t len = 0;
	int c;

	while ((c = next(&text)))
		copy[len++] = (char)c;
	copy[len] = '\0';
	return copy;
}

const char *text_similar(const char *name, const char *const *names, size_t count)
{
	char **copies = mem_alloc((count + 1) * sizeof(*copies));
	char *typed = folded(name);
	const char *found = NULL;
	const char *near;

	for (size_t i = 0; i < count; i++)
		copies[i] = folded(names[i]);
	near = text_nearest(typed, (const char *const *)copies, count);
	for (size_t i = 0; i < count; i++) {
		if (near == copies[i])
			found = names[i];
		free(copies[i]);
	}
	free(copies);
	free(typed);
	return found;
}

static void say_none(
    const char *name, const char *const *names, size_t count, const char *what, struct err *err)
{
	const char *near = text_similar(name, names, count);

	if (near)
		err_set(
		    err, ERR_USAGE, "there is no %s '%s'; did you mean '%s'?", what, name, near);
	else
		err_set(err, ERR_USAGE, "there is no %s '%s'", what, name);
}

int text_pick(
    const char *name, const char *const *names, size_t count, const char *what, struct err *err)
{
	int found = only(name, names, count, false);

	if (found == -1 && *name)
		found = only(name, names, count, true);
	if (found >= 0)
		return found;
	if (found == -2)
		say_several(name, names, count, err);
	else
		say_none(name, names, count, what, err);
	return -1;
}
