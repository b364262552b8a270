/* Go's text/tabwriter as kubectl sets it up. Invariant: a cell that ends with a tab is padded to the width of its
 * block of lines, the last of a line is not. */
#include "fsops/kube_print.h"

#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"

#define WIDTH_MIN 6
#define PADDING   3

struct kube_cell {
	size_t len;   /* bytes */
	size_t width; /* characters */
};

void kube_tabs_init(struct kube_tabs *tabs, size_t max)
{
	*tabs = (struct kube_tabs){.width_min = WIDTH_MIN, .padding = PADDING};
	buf_init(&tabs->text, max);
}

void kube_tabs_release(struct kube_tabs *tabs)
{
	buf_release(&tabs->text);
	free(tabs->cells);
	free(tabs->lines);
	*tabs = (struct kube_tabs){0};
}

static void begin_cell(struct kube_tabs *tabs)
{
	MEM_PUSH_ROOM(tabs->cells, tabs->cell_count);
	tabs->cells[tabs->cell_count++] = (struct kube_cell){0};
}

static void begin_line(struct kube_tabs *tabs)
{
	MEM_PUSH_ROOM(tabs->lines, tabs->line_count);
	tabs->lines[tabs->line_count++] = tabs->cell_count;
	begin_cell(tabs);
}

static void add_plain(struct kube_tabs *tabs, const char *text, size_t len)
{
	struct kube_cell *cell = &tabs->cells[tabs->cell_count - 1];

	buf_add(&tabs->text, text, len);
	cell->len += len;
	for (size_t i = 0; i < len; i++)
		cell->width += ((unsigned char)text[i] & 0xC0) != 0x80;
}

void kube_tabs_add(struct kube_tabs *tabs, const char *text, size_t len)
{
	const char *end = text + len;

	if (!tabs->line_count)
		begin_line(tabs);
	while (text < end) {
		const char *stop = text;

		while (
		    stop < end && *stop != '\t' && *stop != '\v' && *stop != '\n' && *stop != '\f')
			stop++;
		add_plain(tabs, text, (size_t)(stop - text));
		if (stop < end && (*stop == '\n' || *stop == '\f'))
			begin_line(tabs);
		else if (stop < end)
			begin_cell(tabs);
		text = stop + 1;
	}
}

void kube_tabs_cell(struct kube_tabs *tabs, const char *text, size_t len)
{
	const char *end = text + len;
	bool cut = false;

	for (const char *at = text; at < end; at++)
		if (*at == '\n' || *at == '\r' || *at == '\f') {
			end = at;
			cut = true;
		}
	while (text < end) {
		const char *escape = memchr(text, 0x1b, (size_t)(end - text));
		const char *stop = escape ? escape : end;

		kube_tabs_add(tabs, text, (size_t)(stop - text));
		if (escape)
			kube_tabs_add(tabs, "^[", 2);
		text = stop + (escape != NULL);
	}
	if (cut)
		kube_tabs_add(tabs, "...", 3);
}

/* ---- laying out ---- */

static size_t cells_of(const struct kube_tabs *tabs, size_t line)
{
	size_t end = line + 1 < tabs->line_count ? tabs->lines[line + 1] : tabs->cell_count;

	return end - tabs->lines[line];
}

/* The width of the block that LINE is in at COLUMN: all lines next to each other that have a cell there which
 * ends with a tab. FROM: how far blocks are known for the column (line, width). */
struct block {
	size_t end; /* the first line that is not in it */
	size_t width;
};

static struct block find_block(const struct kube_tabs *tabs, size_t line, size_t column)
{
	struct block block = {line, tabs->width_min};

	for (; block.end < tabs->line_count && cells_of(tabs, block.end) > column + 1;
	     block.end++) {
		size_t width = tabs->cells[tabs->lines[block.end] + column].width + tabs->padding;

		if (width > block.width)
			block.width = width;
	}
	return block;
}

static void add_blanks(struct buf *out, size_t count)
{
	static const char blanks[] = "                                ";

	for (; count > 32 && !out->full; count -= 32)
		buf_add(out, blanks, 32);
	buf_add(out, blanks, count < 32 ? count : 32);
}

static size_t columns_of(const struct kube_tabs *tabs)
{
	size_t most = 0;

	for (size_t i = 0; i < tabs->line_count; i++)
		if (cells_of(tabs, i) > most)
			most = cells_of(tabs, i);
	return most;
}

void kube_tabs_flush(struct kube_tabs *tabs, struct buf *out)
{
	struct block *blocks = mem_alloc((columns_of(tabs) + 1) * sizeof(*blocks));
	const char *text = tabs->text.data;

	/* One long cell makes all lines long. */
	for (size_t line = 0; line < tabs->line_count && !out->full; line++) {
		size_t count = cells_of(tabs, line);

		for (size_t column = 0; column < count; column++) {
			const struct kube_cell *cell = &tabs->cells[tabs->lines[line] + column];

			buf_add(out, text, cell->len);
			text += cell->len;
			if (column + 1 == count)
				continue;
			if (blocks[column].end <= line)
				blocks[column] = find_block(tabs, line, column);
			add_blanks(out, blocks[column].width - cell->width);
		}
		if (line + 1 < tabs->line_count)
			buf_addc(out, '\n');
	}
	free(blocks);
	buf_clear(&tabs->text);
	tabs->cell_count = 0;
	tabs->line_count = 0;
}
