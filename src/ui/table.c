/* Aligned tables. Invariant: a cell's text is harmless from the moment it is added, so that its
 * width can be counted. */
#include "table.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "safe.h"

#define GAP         2
#define COLUMNS_MAX 16
#define LAST_GOOD   20 /* columns that the last one should have to be read */
#define LAST_LEAST  8  /* with fewer it stands below its row */

struct cell {
	char *text;
	int width;
	enum role role;
	bool whole; /* not cut: on a line of its own when it does not fit */
};

struct table {
	const struct look *look;
	size_t columns;
	bool right[COLUMNS_MAX];
	bool gone[COLUMNS_MAX];     /* left out, for want of room */
	size_t may_go[COLUMNS_MAX]; /* columns, in this order */
	size_t may_go_count;
	int widths[COLUMNS_MAX];
	int least[COLUMNS_MAX]; /* what rows that are gone needed */
	struct cell *cells;
	size_t count;
};

struct table *table_new(const struct look *look, size_t columns)
{
	struct table *table = mem_alloc(sizeof(*table));

	table->look = look;
	table->columns = columns < COLUMNS_MAX ? columns : COLUMNS_MAX;
	return table;
}

const struct look *table_look(const struct table *table)
{
	return table->look;
}

static void forget_cells(struct table *table)
{
	for (size_t i = 0; i < table->count; i++)
		free(table->cells[i].text);
}

void table_free(struct table *table)
{
	if (!table)
		return;
	forget_cells(table);
	free(table->cells);
	free(table);
}

void table_cell(struct table *table, enum role role, const char *text)
{
	struct buf safe;
	struct cell *cell;

	buf_init(&safe, BUF_TEXT_MAX);
	safe_adds(&safe, text);
	MEM_PUSH_ROOM(table->cells, table->count);
	cell = &table->cells[table->count++];
	*cell = (struct cell){.width = safe_width(safe.data, safe.len), .role = role};
	cell->text = buf_detach(&safe);
}

void table_cellf(struct table *table, enum role role, const char *fmt, ...)
{
	struct buf text;
	va_list args;

	buf_init(&text, BUF_TEXT_MAX);
	va_start(args, fmt);
	buf_vaddf(&text, fmt, args);
	va_end(args);
	table_cell(table, role, text.data);
	buf_release(&text);
}

void table_keep_whole(struct table *table)
{
	if (table->count)
		table->cells[table->count - 1].whole = true;
}

void table_align_right(struct table *table, size_t column)
{
	table->right[column] = true;
}

void table_may_go(struct table *table, size_t column)
{
	table->may_go[table->may_go_count++] = column;
}

static int column_width(const struct table *table, size_t column)
{
	int width = table->least[column];

	for (size_t i = column; i < table->count; i += table->columns)
		if (table->cells[i].width > width)
			width = table->cells[i].width;
	return width;
}

void table_measure(struct table *table)
{
	for (size_t i = 0; i < table->columns; i++)
		table->least[i] = column_width(table, i);
	forget_cells(table);
	table->count = 0;
}

static void pad(struct buf *out, int count)
{
	while (count-- > 0)
		buf_addc(out, ' ');
}

/* Is there nothing but empty cells from I to the end of its row? Then no blanks are trailed. */
static bool rest_empty(const struct table *table, size_t i)
{
	for (; i < table->count; i++) {
		if (table->cells[i].width && !table->gone[i % table->columns])
			return false;
		if (i % table->columns == table->columns - 1)
			break;
	}
	return true;
}

/* On a line of its own below its row: a command that is there to be typed, or what has no room in it. */
static void add_below(
    struct buf *out, const struct table *table, const struct cell *cell, const char *indent)
{
	int room = table->look->width - (int)strlen(indent) - 2 * GAP;

	while (out->len && out->data[out->len - 1] == ' ')
		out->data[--out->len] = '\0';
	buf_addf(out, "\n%s%*s", indent, 2 * GAP, "");
	look_on(out, table->look, cell->role);
	safe_add_cut(out, cell->text, strlen(cell->text),
	    cell->whole         ? 0
	    : room > LAST_LEAST ? room
	                        : LAST_LEAST,
	    table->look->utf8);
	look_off(out, table->look, cell->role);
}

/* LEFT: columns that remain on the line, 0 for no limit. */
static void add_cell(struct buf *out, const struct table *table, size_t i, int width, int left)
{
	const struct cell *cell = &table->cells[i];
	bool last = rest_empty(table, i + 1) || i % table->columns == table->columns - 1;

	if (table->right[i % table->columns])
		pad(out, width - cell->width);
	look_on(out, table->look, cell->role);
	safe_add_cut(out, cell->text, strlen(cell->text), last ? left : 0, table->look->utf8);
	look_off(out, table->look, cell->role);
	if (last)
		return;
	if (!table->right[i % table->columns])
		pad(out, width - cell->width);
	pad(out, GAP);
}

/* Of all columns but the last, with the gaps behind them. */
static int used_before_last(const struct table *table)
{
	int used = 0;

	for (size_t i = 0; i + 1 < table->columns; i++)
		if (!table->gone[i])
			used += table->widths[i] + GAP;
	return used;
}

static void make_room(struct table *table, int indent)
{
	int last = table->widths[table->columns - 1];
	int room = table->look->width - indent - (last < LAST_GOOD ? last : LAST_GOOD);

	for (size_t i = 0; i < table->may_go_count && used_before_last(table) > room; i++)
		table->gone[table->may_go[i]] = true;
}

/* LEFT: columns that remain on the line, where it has a width. */
static void print_cell(
    struct buf *out, const struct table *table, size_t i, int left, const char *indent)
{
	const struct cell *cell = &table->cells[i];
	size_t column = i % table->columns;
	bool last = column == table->columns - 1;
	bool fits = !table->look->width || cell->width <= left;

	if (rest_empty(table, i))
		return;
	if (!fits && (cell->whole || (last && left < LAST_LEAST)))
		add_below(out, table, cell, indent);
	else
		add_cell(out, table, i, table->widths[column], fits ? 0 : left);
}

void table_print(struct buf *out, struct table *table, const char *indent)
{
	int used = 0;

	for (size_t i = 0; i < table->columns; i++)
		table->widths[i] = column_width(table, i);
	if (table->look->width)
		make_room(table, (int)strlen(indent));
	for (size_t i = 0; i < table->count; i++) {
		size_t column = i % table->columns;

		if (column == 0) {
			buf_adds(out, indent);
			used = (int)strlen(indent);
		}
		if (!table->gone[column]) {
			print_cell(out, table, i, table->look->width - used, indent);
			used += table->widths[column] + GAP;
		}
		if (column == table->columns - 1 || i + 1 == table->count)
			buf_addc(out, '\n');
	}
}
