/*
 * Texts with `${…}` in them, cut into literal pieces and expressions.
 *
 * Invariant: the pieces, in order, cover the text; `$${` is the literal piece "${".
 */
#include "fsops/template.h"

#include <string.h>

#include "fsops/text.h"

static int give(template_fn *fn, void *ctx, const char *text, size_t len)
{
	return fn && len ? fn(ctx, text, len) : 0;
}

/* The first place at or after TEXT that is not literal as it stands: "$${", "${" or the end. */
static const char *next_mark(const char *text)
{
	for (text = strchr(text, '$'); text; text = strchr(text + 1, '$'))
		if (text[1] == '{' || (text[1] == '$' && text[2] == '{'))
			return text;
	return NULL;
}

int template_each(const char *text, template_fn *literal, template_fn *hole, void *ctx)
{
	const char *mark;
	int result = 0;

	while (result == 0 && (mark = next_mark(text))) {
		size_t len = mark[1] == '$' ? 3 : text_template_len(mark);

		result = give(literal, ctx, text, (size_t)(mark - text));
		if (result == 0 && !len)
			return TEMPLATE_OPEN;
		if (result == 0 && mark[1] == '$')
			result = give(literal, ctx, mark + 1, 2);
		else if (result == 0 && hole)
			result = hole(ctx, mark + 2, len - 3);
		text = mark + len;
	}
	return result ? result : give(literal, ctx, text, strlen(text));
}

bool template_is_single(const char *text, const char **expr, size_t *len)
{
	size_t whole = text[0] == '$' && text[1] == '{' ? text_template_len(text) : 0;

	if (!whole || text[whole])
		return false;
	if (expr)
		*expr = text + 2;
	if (len)
		*len = whole - 3;
	return true;
}

bool template_any(const char *text)
{
	return next_mark(text) != NULL;
}
