/* What is computed from a secret. Invariant: a text in which all secrets of its origins can still be seen is
 * none by itself: they are masked where they stand in it, and the rest stays readable. */
#include "derived.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"

/* What the texts hold together of which one was made. */
struct origin {
	struct redact_seen seen;
	bool marked;
	bool literal; /* a literal is like the beginning of a secret: by chance */
};

static struct origin origin_of(
    const struct redact *redact, const struct expr_text *from, size_t count)
{
	struct origin origin = {0};

	for (size_t i = 0; i < count; i++) {
		struct redact_seen seen = redact_look(redact, from[i].data, from[i].len);

		origin.marked |= from[i].secret;
		origin.seen.whole += seen.whole;
		origin.seen.cut |= seen.cut && !from[i].literal;
		origin.literal |= seen.cut && from[i].literal;
	}
	return origin;
}

/* The beginning of a secret is no secret that can be seen: it would be masked at the end of a text, and shown as
 * soon as something follows. */
static bool shows_all(const struct origin *from, const struct redact_seen *made)
{
	return made->whole >= from->seen.whole &&
	       (made->cut == from->seen.cut || (made->cut && from->literal));
}

/* As many are not the same: what was made of one may look like another. */
static bool keeps_each(const struct redact *redact, const struct expr_text *from, size_t count,
    const struct expr_text *made)
{
	for (size_t i = 0; i < count; i++)
		if (!redact_keeps_all(redact, from[i].data, from[i].len, made->data, made->len))
			return false;
	return true;
}

bool derived_is_secret(const struct redact *redact, const struct expr_text *from, size_t count,
    const struct expr_text *made)
{
	struct origin origin = origin_of(redact, from, count);
	struct redact_seen seen;

	if (!made->len || origin.marked || !(origin.seen.whole || origin.seen.cut))
		return made->len && origin.marked;
	seen = redact_look(redact, made->data, made->len);
	if (shows_all(&origin, &seen) && keeps_each(redact, from, count, made))
		return false;
	for (size_t i = 0; i < count; i++)
		if (redact_is_open(redact, from[i].data, from[i].len, made->data, made->len))
			return false;
	return true;
}

/* What so many other texts are, too. */
static bool is_common(const char *text)
{
	static const char *const words[] = {"true", "false", "null", "none", "http", "https"};

	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (strcasecmp(text, words[i]) == 0)
			return true;
	return strlen(text) < DERIVED_DIGITS_MIN && text[strspn(text, "0123456789.,+- ")] == '\0';
}

int derived_keep(struct redact *redact, const struct expr_text *text)
{
	char *copy = mem_textn(text->data, text->len);
	int result = 0;

	if (strlen(copy) != text->len)
		result = redact_addn(redact, text->data, text->len);
	else if (!is_common(copy))
		result = redact_add(redact, copy);
	explicit_bzero(copy, text->len);
	free(copy);
	return text->len > DERIVED_DIGITS_MIN ? result : 0; /* too short is no error */
}

bool derived_holds_secret(const struct redact *redact, const json_t *value)
{
	json_t *masked = redact_value(redact, value);
	bool holds = !json_equal(masked, value);

	json_decref(masked);
	return holds;
}
