/* SQL as the postgres adapter reads it: effects, one statement only, parameters, places. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/postgres/postgres.h"
#include "fsops/mem.h"

static const struct {
	enum effect effect;
	const char *sql;
} effects[] = {
    /* plain reads */
    {EFFECT_READ, "SELECT 1"},
    {EFFECT_READ, "select count(*) from pg_stat_activity"},
    {EFFECT_READ, "  \n\t SELECT 1;"},
    {EFFECT_READ, "SHOW max_connections"},
    {EFFECT_READ, "TABLE users"},
    {EFFECT_READ, "VALUES (1), (2)"},
    {EFFECT_READ, "(SELECT 1) UNION (SELECT 2)"},
    {EFFECT_READ, "((SELECT 1))"},
    {EFFECT_READ, "EXPLAIN SELECT 1"},
    {EFFECT_READ, "EXPLAIN DELETE FROM users"},
    {EFFECT_READ, "EXPLAIN (FORMAT json) DELETE FROM users"},
    {EFFECT_READ, "EXPLAIN ANALYZE SELECT 1"},
    {EFFECT_READ, "EXPLAIN (ANALYZE, BUFFERS) SELECT 1"},
    {EFFECT_READ, "EXPLAIN VERBOSE SELECT 1"},
    {EFFECT_READ, "WITH t AS (SELECT 1) SELECT * FROM t"},
    {EFFECT_READ, "WITH RECURSIVE t(n) AS (VALUES (1) UNION ALL SELECT n+1 FROM t) TABLE t"},
    {EFFECT_READ, "SELECT substring(x for 3) FROM t"},
    /* words that only look like changes */
    {EFFECT_READ, "SELECT 'DROP TABLE users'"},
    {EFFECT_READ, "SELECT 'it''s; DELETE FROM users'"},
    {EFFECT_READ, "SELECT $$DELETE FROM users$$"},
    {EFFECT_READ, "SELECT $x$ DROP $$ TABLE $x$"},
    {EFFECT_READ, "SELECT E'it\\'s INTO'"},
    {EFFECT_READ, "SELECT \"delete\", \"into\" FROM \"drop\""},
    {EFFECT_READ, "SELECT 1 -- DELETE FROM users"},
    {EFFECT_READ, "-- DELETE FROM users\nSELECT 1"},
    {EFFECT_READ, "/* DROP /* nested */ TABLE */ SELECT 1"},
    {EFFECT_READ, "SELECT max(update) FROM t"},
    {EFFECT_READ, "SELECT t.into, 1 AS into FROM t"},
    {EFFECT_READ, "SELECT 1 AS drop, 2 AS delete"},
    {EFFECT_READ, "SELECT pg_terminate_backend FROM t"},
    {EFFECT_READ, "SELECT 'pg_terminate_backend(1)'"},
    {EFFECT_READ, "SELECT \"PG_TERMINATE_BACKEND\"(1)"},
    {EFFECT_READ, "SELECT deleted_at, updated FROM inserts"},
    {EFFECT_READ, "SELECT a$b, $1 FROM t"},
    {EFFECT_READ, "SELECT pg_sleep(1)"},
    {EFFECT_READ, "SELECT 5 --"},
    /* changes */
    {EFFECT_CHANGE, "INSERT INTO t VALUES (1)"},
    {EFFECT_CHANGE, "UPDATE t SET a = 1"},
    {EFFECT_CHANGE, "MERGE INTO t USING s ON true WHEN MATCHED THEN DELETE"},
    {EFFECT_CHANGE, "DELETE FROM t WHERE id = 1"},
    {EFFECT_CHANGE, "DELETE FROM t USING s WHERE t.id = s.id RETURNING *"},
    {EFFECT_CHANGE, "VACUUM ANALYZE"},
    {EFFECT_CHANGE, "ANALYZE"},
    {EFFECT_CHANGE, "REINDEX INDEX CONCURRENTLY i"},
    {EFFECT_CHANGE, "ALTER TABLE t ADD COLUMN c int"},
    {EFFECT_CHANGE, "ALTER TABLE t ALTER c DROP NOT NULL"},
    {EFFECT_CHANGE, "CREATE INDEX ON t (a)"},
    {EFFECT_CHANGE, "GRANT ALL ON t TO u"},
    {EFFECT_CHANGE, "CALL refresh()"},
    {EFFECT_CHANGE, "DO $$ BEGIN DELETE FROM t; END $$"},
    {EFFECT_CHANGE, "REFRESH MATERIALIZED VIEW v"},
    {EFFECT_CHANGE, "SET work_mem = '1GB'"},
    {EFFECT_CHANGE, "CHECKPOINT"},
    {EFFECT_CHANGE, "frobnicate the database"},
    /* changes that begin like reads */
    {EFFECT_CHANGE, "SELECT * INTO copy FROM t"},
    {EFFECT_CHANGE, "SELECT * FROM t FOR UPDATE"},
    {EFFECT_CHANGE, "SELECT * FROM t FOR NO KEY UPDATE SKIP LOCKED"},
    {EFFECT_CHANGE, "SELECT * FROM t FOR SHARE"},
    {EFFECT_CHANGE, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"},
    {EFFECT_CHANGE, "SELECT pg_catalog.pg_cancel_backend (42)"},
    {EFFECT_CHANGE, "SELECT PG_RELOAD_CONF()"},
    {EFFECT_CHANGE, "SELECT \"pg_reload_conf\"()"},
    {EFFECT_CHANGE, "SELECT U&\"pg_reload\\005fconf\"()"},
    {EFFECT_CHANGE, "SELECT pg_switch_wal/* so */()"},
    {EFFECT_CHANGE, "SELECT nextval('s')"},
    {EFFECT_CHANGE, "SELECT query_to_xml('SELECT pg_terminate_backend(1)', true, false, '')"},
    {EFFECT_CHANGE, "SELECT * FROM ts_stat('SELECT Nextval(''s'')')"},
    {EFFECT_READ, "SELECT query_to_xml(format('SELECT count(*) FROM %I', relname), true, false, "
                  "'') FROM pg_class"},
    {EFFECT_CHANGE, "SELECT dblink_exec('dbname=x', 'DROP TABLE t')"},
    {EFFECT_CHANGE, "SELECT pg_stat_reset()"},
    {EFFECT_CHANGE, "SELECT pg_stat_statements_reset()"},
    {EFFECT_CHANGE, "EXPLAIN ANALYZE UPDATE t SET a = 1"},
    {EFFECT_CHANGE, "EXPLAIN (VERBOSE, ANALYZE) INSERT INTO t VALUES (1)"},
    {EFFECT_CHANGE, "WITH x AS (INSERT INTO t VALUES (1) RETURNING *) SELECT * FROM x"},
    {EFFECT_CHANGE, "WITH x AS MATERIALIZED (UPDATE t SET a = 1 RETURNING *) TABLE x"},
    {EFFECT_CHANGE, "WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x"},
    {EFFECT_CHANGE, "WITH x AS (SELECT 1) UPDATE t SET a = 1"},
    {EFFECT_CHANGE, "WITH x AS (DELETE FROM t WHERE a = 1 RETURNING *) SELECT * FROM x"},
    /* destruction, plain and hidden */
    {EFFECT_DESTROY, "DROP TABLE t"},
    {EFFECT_DESTROY, "drop database prod"},
    {EFFECT_DESTROY, "TRUNCATE t"},
    {EFFECT_DESTROY, "DELETE FROM t"},
    {EFFECT_DESTROY, "DELETE FROM t;"},
    {EFFECT_DESTROY, "DELETE FROM t -- WHERE id = 1"},
    {EFFECT_DESTROY, "DELETE FROM t /* WHERE id = 1 */"},
    {EFFECT_DESTROY, "DELETE FROM t AS \"where\""},
    {EFFECT_DESTROY, "DELETE FROM t USING (SELECT 1 WHERE true) x"},
    {EFFECT_DESTROY, "DELETE FROM t RETURNING 1 AS where"},
    {EFFECT_DESTROY, "DELETE FROM t RETURNING t.where"},
    {EFFECT_DESTROY, "DELETE FROM t RETURNING 'WHERE'"},
    {EFFECT_DESTROY, "WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x WHERE a = 1"},
    {EFFECT_DESTROY, "WITH x AS (SELECT 1 WHERE true) DELETE FROM t"},
    {EFFECT_DESTROY, "/* SELECT */ DROP TABLE t"},
    {EFFECT_DESTROY, "EXPLAIN ANALYZE DELETE FROM t"},
    {EFFECT_DESTROY, "ALTER TABLE t DROP COLUMN c"},
    {EFFECT_DESTROY, "SELECT 'open"},
    {EFFECT_DESTROY, "SELECT 1 /* open"},
    {EFFECT_DESTROY, "SELECT $x$ open $y$"},
    {EFFECT_DESTROY, ""},
};

static void effects_by_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(effects); i++)
		if (sql_effect(effects[i].sql) != effects[i].effect)
			fail_msg("%s: effect %d, not %d", effects[i].sql,
			    sql_effect(effects[i].sql), effects[i].effect);
}

static const struct {
	const char *sql;
	const char *why; /* a part of it; NULL: none */
} checks[] = {
    {"SELECT 1", NULL},
    {"SELECT 1 ; ; -- end", NULL},
    {"SELECT ';'", NULL},
    {"SELECT $$a;b$$", NULL},
    {"SELECT 1 /* a; b */", NULL},
    {"DO $$ BEGIN PERFORM 1; PERFORM 2; END $$", NULL},
    {"SELECT 1; SELECT 2",
        "a second statement (write one statement for each action) at line 1, column 11"},
    {"SELECT 1;\n  DROP TABLE t", "line 2, column 3"},
    {"SELECT 'a''; DROP TABLE t", "a string that is never closed at line 1, column 8"},
    {"SELECT \"a", "a quoted name that is never closed"},
    {"SELECT 1 /* a /* b */", "a comment that is never closed at line 1, column 10"},
    {"SELECT $a$ b", "a string that is never closed"},
    {"SELECT E'a\\'", "a string that is never closed"},
    {"", "the SQL is empty"},
    {" -- nothing", "the SQL is empty"},
    {";", "the SQL is empty"},
    {"BEGIN", "BEGIN can't be used here: each action is a transaction of its own"},
    {"copy t to stdout", "copy can't be used here"},
    {"LISTEN x", "session of its own"},
    {"\\! rm -rf /", "a command of psql"},
};

static void one_statement_only(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(checks); i++) {
		struct err err = {0};
		int result = sql_check(checks[i].sql, &err);

		if (checks[i].why ? result == 0 || !strstr(err.text, checks[i].why) : result < 0)
			fail_msg("%s: %s", checks[i].sql, err.text);
	}
}

static void parameters_as_literals(void **state)
{
	json_t *params = json_pack("[s,i,n,s,b]", "O'Brien", 5, "C:\\", 1);
	struct buf out;

	(void)state;
	buf_init(&out, BUF_TEXT_MAX);
	sql_fill("SELECT $1, '$1', $2::int, $3, $$ $1 $$, $4, \"$1\", $9 -- $1", params, &out);
	assert_string_equal(out.data,
	    "SELECT 'O''Brien', '$1', '5'::int, NULL, $$ $1 $$,  E'C:\\\\', \"$1\", $9 -- $1");
	buf_release(&out);
	json_decref(params);
}

static const struct {
	const char *sql;
	const char *object;
} objects[] = {
    {"DROP TABLE IF EXISTS public.users CASCADE", "public.users"},
    {"drop materialized view \"My View\"", "\"My View\""},
    {"DROP INDEX CONCURRENTLY i, j", "i"},
    {"TRUNCATE ONLY t", "t"},
    {"DELETE FROM /* all */ app . log", "app . log"},
    {"WITH x AS (DELETE FROM t RETURNING 1) TABLE x", NULL},
    {"DROP TABLE", NULL},
    {"DROP TABLE 'x", NULL},
    {"SELECT 1", NULL},
    {"", NULL},
};

static void what_is_destroyed(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(objects); i++) {
		char *object = sql_object(objects[i].sql);

		if (!object != !objects[i].object ||
		    (object && strcmp(object, objects[i].object) != 0))
			fail_msg("%s: %s", objects[i].sql, object ? object : "(none)");
		free(object);
	}
}

static void places(void **state)
{
	int line, col;

	(void)state;
	sql_place("SELECT\n  nope", 10, &line, &col);
	assert_int_equal(line, 2);
	assert_int_equal(col, 3);
	sql_place("SELECT 'é', x", 13, &line, &col); /* characters, not bytes */
	assert_int_equal(line, 1);
	assert_int_equal(col, 13);
	sql_place("a", 100, &line, &col);
	assert_int_equal(col, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(effects_by_words),
	    cmocka_unit_test(one_statement_only),
	    cmocka_unit_test(parameters_as_literals),
	    cmocka_unit_test(what_is_destroyed),
	    cmocka_unit_test(places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
