/*
 * An aligned table.
 *
 *	struct table *table = table_new(look, 3);
 *	table_cell(table, ROLE_DIM, "NAME"); …      // row by row
 *	table_print(out, table, "  ");
 *	table_free(table);
 *
 * The last column is not padded; with a width it is cut to what is left. When that is too little to be
 * read, the columns of table_may_go() make room, and at last it stands below its row: no line is longer
 * than the width for the last column's sake.
 */
#ifndef FSOPS_UI_TABLE_H
#define FSOPS_UI_TABLE_H

#include "look.h"

struct table;

struct table *table_new(const struct look *look, size_t columns);
void table_free(struct table *table);
const struct look *table_look(const struct table *table);
void table_cell(struct table *table, enum role role, const char *text);
void table_cellf(struct table *table, enum role role, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* The last cell of a row, just added: never cut, but put below its row when it does not fit. */
void table_keep_whole(struct table *table);
/* Numbers stand at the right of their column. */
void table_align_right(struct table *table, size_t column);
/* It is left out where there is no room, the one that was named first before the others. */
void table_may_go(struct table *table, size_t column);
void table_print(struct buf *out, struct table *table, const char *indent);
/* The rows that are there are measured and forgotten: columns stay as wide as they need, for rows that come later. */
void table_measure(struct table *table);

#endif
