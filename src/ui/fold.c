/* Paragraphs folded to a width. Invariant: only blanks become line ends; a word that is longer
 * than a line (a URL, a command) is never broken, so that it can still be copied. */
#include <string.h>

#include "fsops/ui.h"
#include "safe.h"

/* One line of the paragraph: TEXT is harmless. */
static void fold_line(struct buf *out, const char *text, size_t len, int width, const char *indent)
{
	int column = 0;

	buf_adds(out, indent);
	for (size_t i = 0; i < len;) {
		size_t word = i;
		int columns;

		while (word < len && text[word] != ' ')
			word++;
		columns = safe_width(text + i, word - i);
		if (column && width && column + 1 + columns > width) {
			buf_addf(out, "\n%s", indent);
			column = 0;
		}
		if (column)
			buf_addc(out, ' ');
		buf_add(out, text + i, word - i);
		column += columns + (column > 0);
		i = word;
		while (i < len && text[i] == ' ')
			i++;
	}
	buf_addc(out, '\n');
}

void print_folded(struct buf *out, const char *text, int width, const char *indent)
{
	const char *at = text;
	const char *line;
	size_t len;
	int left = width > (int)strlen(indent) + 20 ? width - (int)strlen(indent) : width;

	while (next_line(&at, text + strlen(text), &line, &len)) {
		struct buf safe;

		buf_init(&safe, UI_TEXT_MAX);
		safe_add(&safe, line, len);
		fold_line(out, safe.data, safe.len, left, indent);
		buf_release(&safe);
	}
}
