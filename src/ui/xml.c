/* Text in XML. Invariant: what is added can end neither an attribute nor an element, and is made of
 * characters that XML 1.0 allows. */
#include "xml.h"

#include <string.h>

#include "fsops/ui.h"
#include "safe.h"

static const char *const marks[128] = {
    ['&'] = "&amp;",
    ['<'] = "&lt;",
    ['>'] = "&gt;",
    ['"'] = "&quot;",
    ['\''] = "&apos;",
};

/* U+FFFE and U+FFFF, the only ones that safe text may hold and XML may not. */
static bool is_no_character(const char *at)
{
	return memcmp(at, "\xEF\xBF\xBE", 3) == 0 || memcmp(at, "\xEF\xBF\xBF", 3) == 0;
}

static void add_escaped(struct buf *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c < 128 && marks[c]) {
			buf_adds(out, marks[c]);
		} else if (c == 0xEF && len - i >= 3 && is_no_character(text + i)) {
			buf_addf(out, "\\u%s", text[i + 2] == '\xBE' ? "fffe" : "ffff");
			i += 2;
		} else {
			buf_addc(out, text[i]);
		}
	}
}

static void add_line(struct buf *out, const char *text, size_t len)
{
	struct buf safe;

	buf_init(&safe, UI_TEXT_MAX);
	safe_add(&safe, text, len);
	add_escaped(out, safe.data, safe.len);
	out->full = out->full || safe.full;
	buf_release(&safe);
}

void xml_text(struct buf *out, const char *text)
{
	if (text)
		add_line(out, text, strlen(text));
}

void xml_lines(struct buf *out, const char *text, size_t len)
{
	const char *at = text;
	const char *line;
	size_t size;

	while (next_line(&at, text + len, &line, &size)) {
		add_line(out, line, size);
		buf_addc(out, '\n');
	}
}

void xml_attribute(struct buf *out, const char *name, const char *text)
{
	buf_addf(out, " %s=\"", name);
	xml_text(out, text);
	buf_addc(out, '"');
}
