/*
 * What a query answers: typed values as JSON, and a table like psql's for people.
 *
 * Invariant: never more than PG_ROWS_MAX rows and PG_BYTES_MAX bytes are held; when there are
 * more, `over` is set and the result is refused, not cut short.
 */
#include "postgres.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/json_read.h"
#include "fsops/mem.h"
#include "fsops/value.h"

/* What a cell weighs besides its text: JSON value, hash entry, key. */
#define CELL_WEIGHT 96

/* A column wider than this is not padded to: one long value must not widen every row. */
#define COLUMN_MAX 80

#define PRINT_BLOCK (32 * 1024)

void pg_rows_init(struct pg_rows *rows)
{
	*rows = (struct pg_rows){.list = json_array()};
}

void pg_rows_release(struct pg_rows *rows)
{
	json_decref(rows->names);
	json_decref(rows->list);
	free(rows->tag);
	*rows = (struct pg_rows){0};
}

/* --- values --- */

static json_t *cell_int(const char *text, size_t len)
{
	char *end;
	long long number;

	errno = 0;
	number = strtoll(text, &end, 10);
	return errno || *end || end == text ? value_text(text, len) : json_integer(number);
}

/* NaN and infinity have no JSON number: json_real() says NULL, and they stay text. */
static json_t *cell_real(const char *text, size_t len)
{
	char *end;
	double number = strtod(text, &end);
	json_t *value = *end || end == text ? NULL : json_real(number);

	return value ? value : value_text(text, len);
}

static json_t *cell_numeric(const char *text, size_t len)
{
	return strpbrk(text, ".eEnNiI") || len > 18 ? cell_real(text, len) : cell_int(text, len);
}

static json_t *cell_bool(const char *text, size_t len)
{
	(void)len;
	return json_boolean(text[0] == 't');
}

static json_t *cell_json(const char *text, size_t len)
{
	json_t *value = json_read("the cell", text, len, PG_BYTES_MAX, NULL);

	return value ? value : value_text(text, len);
}

/* By the types' fixed OIDs (pg_type.dat); a type that is not here is text. */
static const struct {
	Oid type;
	json_t *(*make)(const char *text, size_t len);
} cell_types[] = {
    {16, cell_bool},      /* bool */
    {20, cell_int},       /* int8 */
    {21, cell_int},       /* int2 */
    {23, cell_int},       /* int4 */
    {26, cell_int},       /* oid */
    {28, cell_int},       /* xid */
    {700, cell_real},     /* float4 */
    {701, cell_real},     /* float8 */
    {1700, cell_numeric}, /* numeric */
    {114, cell_json},     /* json */
    {3802, cell_json},    /* jsonb */
    {5069, cell_int},     /* xid8 */
};

static json_t *cell(const PGresult *result, int row, int col)
{
	const char *text = PQgetvalue(result, row, col);
	size_t len = (size_t)PQgetlength(result, row, col);
	Oid type = PQftype(result, col);

	if (PQgetisnull(result, row, col))
		return json_null();
	for (size_t i = 0; i < COUNT_OF(cell_types); i++)
		if (cell_types[i].type == type)
			return cell_types[i].make(text, len);
	return value_text(text, len);
}

/* --- rows --- */

static bool has_name(const json_t *names, const char *name)
{
	size_t index;
	json_t *item;

	json_array_foreach(names, index, item)
		if (strcmp(json_string_value(item), name) == 0)
			return true;
	return false;
}

/* SELECT 1 AS a, 2 AS a: a, a_2. */
static void names_make(struct pg_rows *rows, const PGresult *result)
{
	rows->names = json_array();
	for (int col = 0; col < PQnfields(result); col++) {
		const char *given = PQfname(result, col);
		json_t *clean = value_text(given, strlen(given));
		char *name = mem_text(json_string_value(clean));

		for (int n = 2; has_name(rows->names, name); n++) {
			free(name);
			name = mem_printf("%s_%d", json_string_value(clean), n);
		}
		json_array_append_new(rows->names, json_string(name));
		json_decref(clean);
		free(name);
	}
}

static int over(struct pg_rows *rows, struct err *err, const char *what)
{
	rows->over = true;
	return err_set(
	    err, ERR_LIMIT, "the result is over %s: add a LIMIT, or ask for fewer columns", what);
}

int pg_rows_too_big(struct pg_rows *rows, struct err *err)
{
	return over(rows, err, "8 MiB");
}

static void row_add(struct pg_rows *rows, const PGresult *result, int row)
{
	json_t *object = json_object();
	int cols = PQnfields(result);

	for (int col = 0; col < cols; col++) {
		json_t *value = cell(result, row, col);

		if (!rows->first)
			rows->first = value;
		json_object_set_new(
		    object, json_string_value(json_array_get(rows->names, (size_t)col)), value);
	}
	json_array_append_new(rows->list, object);
}

static size_t row_weight(const PGresult *result, int row)
{
	size_t weight = CELL_WEIGHT;

	for (int col = 0; col < PQnfields(result); col++)
		weight += (size_t)PQgetlength(result, row, col) + CELL_WEIGHT;
	return weight;
}

static void take_tag(struct pg_rows *rows, PGresult *result)
{
	free(rows->tag);
	rows->tag = mem_text(PQcmdStatus(result));
	rows->affected = strtoll(PQcmdTuples(result), NULL, 10);
}

int pg_rows_add(struct pg_rows *rows, const PGresult *result, struct err *err)
{
	if (PQresultStatus(result) != PGRES_SINGLE_TUPLE)
		take_tag(rows, (PGresult *)result); /* libpq only reads it */
	if (!rows->names && PQnfields(result))
		names_make(rows, result);
	for (int row = 0; row < PQntuples(result) && !rows->over; row++) {
		rows->bytes += row_weight(result, row);
		if (rows->bytes > PG_BYTES_MAX)
			return pg_rows_too_big(rows, err);
		if (json_array_size(rows->list) >= PG_ROWS_MAX)
			return over(rows, err, "10,000 rows");
		row_add(rows, result, row);
	}
	return 0;
}

json_t *pg_rows_result(const struct pg_rows *rows)
{
	json_int_t count = rows->names ? (json_int_t)json_array_size(rows->list) : rows->affected;

	return json_pack("{s:O, s:O?, s:I}", "rows", rows->list, "value",
	    rows->first ? rows->first : json_null(), "count", count);
}

/* --- the table --- */

/* How wide TEXT is on a terminal: characters, not bytes. */
static size_t width_of(const char *text)
{
	size_t width = 0;

	for (; *text; text++)
		width += ((unsigned char)*text & 0xC0) != 0x80;
	return width;
}

/* As text on one line; what a terminal would obey is made visible. A new text. */
static char *cell_text(const json_t *value)
{
	char *text = value_to_text(value);
	struct buf clean;

	if (!strpbrk(text,
	        "\x01\x02\x03\x04\x05\x06\x07\x08\t\n\x0b\x0c\r\x0e\x0f\x10\x11\x12\x13\x14"
	        "\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f\x7f"))
		return text;
	buf_init(&clean, strlen(text) * 4 + 1);
	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		if (*c == '\n' || *c == '\t')
			buf_adds(&clean, *c == '\n' ? "\\n" : "\\t");
		else if (*c < 0x20 || *c == 0x7f)
			buf_addf(&clean, "\\x%02x", *c);
		else
			buf_addc(&clean, (char)*c);
	}
	free(text);
	return buf_detach(&clean);
}

struct column {
	const char *name;
	size_t width;
	bool right; /* all numbers */
};

static void measure(struct column *column, const json_t *list)
{
	size_t index;
	json_t *row;

	column->width = width_of(column->name);
	column->right = json_array_size(list) > 0;
	json_array_foreach(list, index, row) {
		const json_t *value = json_object_get(row, column->name);
		char *text = cell_text(value);
		size_t width = width_of(text);

		if (width > column->width)
			column->width = width < COLUMN_MAX ? width : COLUMN_MAX;
		if (!json_is_number(value) && !json_is_null(value))
			column->right = false;
		free(text);
	}
}

static void pad(struct buf *out, size_t width, size_t have)
{
	for (; have < width; have++)
		buf_addc(out, ' ');
}

static void print_cell(struct buf *out, const struct column *column, const char *text, bool last)
{
	size_t have = width_of(text);

	buf_addc(out, ' ');
	if (column->right)
		pad(out, column->width, have);
	buf_adds(out, text);
	if (!column->right && !last)
		pad(out, column->width, have);
	buf_adds(out, last ? "\n" : " |");
}

static void print_rule(struct buf *out, const struct column *columns, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < columns[i].width + 2; j++)
			buf_addc(out, '-');
		buf_addc(out, i + 1 < count ? '+' : '\n');
	}
}

static void flush(struct buf *out, struct call *call, size_t least)
{
	if (out->len < least || !out->len)
		return;
	call_output(call, CHILD_STDOUT, out->data, out->len);
	buf_clear(out);
}

static void print_body(const struct pg_rows *rows, struct buf *out, const struct column *columns,
    size_t count, struct call *call)
{
	size_t index;
	json_t *row;

	json_array_foreach(rows->list, index, row) {
		for (size_t i = 0; i < count; i++) {
			char *text = cell_text(json_object_get(row, columns[i].name));

			print_cell(out, &columns[i], text, i + 1 == count);
			free(text);
		}
		flush(out, call, PRINT_BLOCK);
	}
	buf_addf(out, "(%zu row%s)\n", index, index == 1 ? "" : "s");
}

void pg_rows_print(const struct pg_rows *rows, struct call *call)
{
	size_t count = json_array_size(rows->names);
	struct column *columns = mem_alloc((count + 1) * sizeof(*columns));
	struct buf out;

	/* One row is at most PG_BYTES_MAX, four times that with every byte shown as \xNN. */
	buf_init(&out, PG_BYTES_MAX * 5);
	for (size_t i = 0; i < count; i++) {
		columns[i].name = json_string_value(json_array_get(rows->names, i));
		measure(&columns[i], rows->list);
	}
	for (size_t i = 0; i < count; i++)
		print_cell(&out, &columns[i], columns[i].name, i + 1 == count);
	if (count) {
		print_rule(&out, columns, count);
		print_body(rows, &out, columns, count, call);
	} else if (rows->tag && rows->tag[0]) {
		buf_addf(&out, "%s\n", rows->tag);
	}
	flush(&out, call, 0);
	buf_release(&out);
	free(columns);
}
