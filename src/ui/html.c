/* HTML. Invariant: a text that is filled in holds no character that means anything in markup, none
 * that moves or hides text, and only well-formed UTF-8. */
#include "html.h"

#include <assert.h>
#include <stdarg.h>
#include <string.h>

#include "safe.h"

static const char *const marks[128] = {
    ['&'] = "&amp;",
    ['<'] = "&lt;",
    ['>'] = "&gt;",
    ['"'] = "&quot;",
    ['\''] = "&#39;",
};

/* TEXT is harmless, but for markup. */
static void add_escaped(struct buf *out, const char *text)
{
	for (;;) {
		size_t plain = strcspn(text, "&<>\"'");

		buf_add(out, text, plain);
		if (!text[plain])
			return;
		buf_adds(out, marks[(unsigned char)text[plain]]);
		text += plain + 1;
	}
}

static void add_text(struct html *html, const char *text, size_t len)
{
	struct buf safe;

	buf_init(&safe, html->out->max);
	safe_add(&safe, text, len);
	add_escaped(html->out, safe.data);
	html->out->full = html->out->full || safe.full;
	buf_release(&safe);
}

void html_lines(struct html *html, const char *text, size_t len)
{
	const char *at = text;
	const char *line;
	size_t line_len;

	/* No text is no address either, to which something could be added. */
	while (len && next_line(&at, text + len, &line, &line_len)) {
		add_text(html, line, line_len);
		if (at[-1] == '\n')
			buf_addc(html->out, '\n');
	}
}

void html_append(struct html *html, const struct html *other)
{
	buf_add(html->out, other->out->data, other->out->len);
	html->out->full = html->out->full || other->out->full;
}

/* ---- markup with what is filled in ---- */

struct field {
	const char *name; /* as it stands behind the '%' */
	void (*add)(struct html *html, va_list *args);
};

static void add_string(struct html *html, va_list *args)
{
	const char *text = va_arg(*args, const char *);

	if (text)
		add_text(html, text, strlen(text));
}

static void add_int(struct html *html, va_list *args)
{
	buf_addf(html->out, "%d", va_arg(*args, int));
}

static void add_size(struct html *html, va_list *args)
{
	buf_addf(html->out, "%zu", va_arg(*args, size_t));
}

static void add_double(struct html *html, va_list *args)
{
	buf_addf(html->out, "%.2f", va_arg(*args, double));
}

static void add_whole(struct html *html, va_list *args)
{
	buf_addf(html->out, "%.0f", va_arg(*args, double));
}

static void add_percent(struct html *html, va_list *args)
{
	(void)args;
	buf_addc(html->out, '%');
}

static const struct field fields[] = {
    {"s", add_string},
    {"d", add_int},
    {"zu", add_size},
    {".0f", add_whole},
    {".2f", add_double},
    {"%", add_percent},
    {NULL, NULL},
};

static const struct field *field_at(const char *markup)
{
	const struct field *field = fields;

	while (field->name && strncmp(markup, field->name, strlen(field->name)) != 0)
		field++;
	return field;
}

void html_add(struct html *html, const char *markup, ...)
{
	const char *percent;
	va_list args;

	va_start(args, markup);
	while ((percent = strchr(markup, '%'))) {
		const struct field *field = field_at(percent + 1);

		assert(field->name);
		buf_add(html->out, markup, (size_t)(percent - markup));
		field->add(html, &args);
		markup = percent + 1 + strlen(field->name);
	}
	buf_adds(html->out, markup);
	va_end(args);
}
