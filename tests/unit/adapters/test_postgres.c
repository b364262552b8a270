/* The postgres adapter: what it parses and prints, a real server, and servers that misbehave. */
#include "data_harness.h"

#include <fcntl.h>
#include <libpq-fe.h>
#include <sys/resource.h>

#include "adapters/postgres/postgres.h"

extern const struct adapter adapter_postgres;

static int port;
static pid_t server;
static char *folder;
static char *passfile;

/* --- without a server --- */

static const struct {
	const char *yaml;
	const char *args; /* NULL: a problem */
	const char *why;
} forms[] = {
    {"ping", "{\"ping\":true}", NULL},
    {"SELECT 1", "{\"query\":\"SELECT 1\"}", NULL},
    {"{query: ping, database: x}", "{\"database\":\"x\",\"ping\":true}", NULL},
    {"{query: 'SELECT $1', params: [1, ~, \"${v}\", true]}",
        "{\"params\":[1,null,\"${v}\",true],\"query\":\"SELECT $1\"}", NULL},
    {"{query: SELECT 1, database: \"${db}\"}", "{\"database\":\"${db}\",\"query\":\"SELECT 1\"}",
        NULL},
    {"SELECT '$${x}'", "{\"query\":\"SELECT '$${x}'\"}", NULL},
    {"SELECT * FROM t WHERE a = '${v}'", NULL, "lets a value become SQL: write $1"},
    {"{query: 'SELECT ${v}'}", NULL, "params"},
    {"{params: [1]}", NULL, "query"},
    {"{query: SELECT 1, parms: [1]}", NULL, "did you mean 'params'"},
    {"{query: SELECT 1, params: [[1]]}", NULL, "a parameter must be a single value, not a list"},
    {"{query: SELECT 1, params: 1}", NULL, "params"},
    {"[SELECT, 1]", NULL, "text"},
    {"SELECT 1; SELECT 2", NULL, "a second statement"},
    {"''", NULL, "1:1: postgres: the SQL is empty"},
};

static void forms_of_the_action(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(forms); i++) {
		json_t *args = parsed(adapter_postgres.parse, forms[i].yaml);
		char *text = args ? json_dumps(args, JSON_COMPACT | JSON_SORT_KEYS) : NULL;

		if (forms[i].args && (!text || strcmp(text, forms[i].args) != 0))
			fail_msg("%s: %s%s", forms[i].yaml, text ? text : "", problems_text);
		if (!forms[i].args && (text || !strstr(problems_text, forms[i].why)))
			fail_msg("%s: %s%s", forms[i].yaml, text ? text : "", problems_text);
		free(text);
		json_decref(args);
	}
}

static const struct {
	const char *conninfo;
	const char *why; /* NULL: it is fine */
} conninfos[] = {
    {"dbname=x host=db port=5433 user=u", NULL},
    {"postgresql://u@db:5433/x?sslmode=verify-full", NULL},
    {"postgres://db/x", NULL},
    {"service=prod", NULL},
    {"flight_search", NULL},
    {"", NULL},
    {"dbname=${env.DB}", NULL},
    {"dbname=x password=geheim", "~/.pgpass"},
    {"postgres://u:geheim@db/x", "~/.pgpass"},
    {"postgres://db/x?password=geheim", "~/.pgpass"},
    {"host=db sslpassword=geheim", "~/.pgpass"},
    {"dbname=x nosuch=1", "nosuch"},
    {"dbname='x", "not valid"},
    {"postgres://[::1/x", "not valid"},
};

static void targets(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(conninfos); i++) {
		char *yaml = mem_printf("postgres: \"%s\"\n", conninfos[i].conninfo);
		json_t *target = parsed(adapter_postgres.target_parse, yaml);

		if (conninfos[i].why ? target || !strstr(problems_text, conninfos[i].why) : !target)
			fail_msg("%s: %s", conninfos[i].conninfo, problems_text);
		assert_null(strstr(problems_text, "geheim"));
		json_decref(target);
		free(yaml);
	}
	assert_null(parsed(adapter_postgres.target_parse, "postgres: x\nregion: y\n"));
	assert_said(problems_text, "region");
}

static const struct {
	const char *yaml;
	const char *conninfo; /* NULL: no target */
	enum effect effect;
	const char *words; /* as a shell splits the command line */
} commands[] = {
    {"ping", "host=db dbname=x", EFFECT_READ, "[pg_isready][-d][host=db dbname=x]"},
    {"ping", NULL, EFFECT_READ, "[pg_isready]"},
    {"SELECT 'it''s' FROM \"$HOME\"", "postgres://db/x", EFFECT_READ,
        "[psql][-X][-q][-v][ON_ERROR_STOP=1][-d][postgres://db/x][-c][BEGIN READ ONLY][-c]"
        "[SELECT 'it''s' FROM \"$HOME\"]"},
    /* raised by the runbook: a function that writes */
    {"SELECT refresh()", NULL, EFFECT_CHANGE,
        "[psql][-X][-q][-v][ON_ERROR_STOP=1][-c][SELECT refresh()]"},
    {"VACUUM ANALYZE", NULL, EFFECT_CHANGE,
        "[psql][-X][-q][-v][ON_ERROR_STOP=1][-c][VACUUM ANALYZE]"},
    {"{query: 'UPDATE t SET a = $1 WHERE b = $2', params: [\"O'Brien; `x`\", 5], database: 'o db'}",
        "postgres://u@h:1/x?sslmode=require", EFFECT_CHANGE,
        "[psql][-X][-q][-v][ON_ERROR_STOP=1][-d][user=u host=h port=1 sslmode=require "
        "dbname='o db'][-c][UPDATE t SET a = 'O''Brien; `x`' WHERE b = '5']"},
    {"{query: SELECT 1, database: y}", "x", EFFECT_READ,
        "[psql][-X][-q][-v][ON_ERROR_STOP=1][-d][dbname=y][-c][BEGIN READ ONLY][-c][SELECT 1]"},
};

static void command_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(commands); i++) {
		json_t *args = parsed(adapter_postgres.parse, commands[i].yaml);
		json_t *target = commands[i].conninfo
		                     ? json_pack("{s:s}", "conninfo", commands[i].conninfo)
		                     : NULL;
		char *text = described(&adapter_postgres, args, target, commands[i].effect);
		char *words = shell_words(text);

		assert_string_equal(words, commands[i].words);
		free(words);
		free(text);
		json_decref(target);
		json_decref(args);
	}
}

/* --- the real server --- */

static json_t *target_of(const char *rest)
{
	char *conninfo =
	    mem_printf("host=127.0.0.1 port=%d user=fsops dbname=postgres %s", port, rest);
	json_t *target = json_pack("{s:s}", "conninfo", conninfo);

	free(conninfo);
	return target;
}

static json_t *sql(const char *text)
{
	return json_pack("{s:s}", "query", text);
}

static void ask_at(json_t *args, json_t *target, enum effect effect)
{
	attempt((struct attempt){&adapter_postgres, args, target, effect, 0, 20000});
}

static void ask(const char *text)
{
	ask_at(sql(text), target_of(""), sql_effect(text));
}

static void assert_result(const char *json)
{
	char *text =
	    json_dumps(seen.result, JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION(15));

	if (seen.failed)
		fail_msg("%s", seen.why);
	assert_string_equal(text, json);
	free(text);
}

static char *server_program(const char *name)
{
	char *pattern = mem_printf("/usr/lib/postgresql/*/bin/%s", name);
	char *path = mem_text(name);
	glob_t found;

	if (glob(pattern, 0, NULL, &found) == 0) {
		free(path);
		path = mem_text(found.gl_pathv[found.gl_pathc - 1]);
	}
	globfree(&found);
	free(pattern);
	return path;
}

static void write_file(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void cluster_make(const char *data, const char *log)
{
	char *initdb = server_program("initdb");
	char *hba = mem_printf("%s/pg_hba.conf", data);
	const char *argv[] = {initdb, "-D", data, "-U", "fsops", "-A", "trust", "-N", "-E", "UTF8",
	    "--no-locale", "--no-instructions", NULL};

	if (run(argv, plain_user(), log) != 0)
		fail_msg("initdb failed: is postgresql installed? see %s", log);
	write_file(hba,
	    "host all secret all scram-sha-256\nhost all barred all reject\n"
	    "local all all trust\nhost all all all trust\n",
	    0600);
	free(initdb);
	free(hba);
}

static pid_t cluster_start(const char *data, const char *log)
{
	char *postgres = server_program("postgres");
	char *port_text = mem_printf("%d", port);
	const char *argv[] = {postgres, "-D", data, "-p", port_text, "-k", folder, "-c",
	    "listen_addresses=localhost", "-c", "fsync=off", "-c", "max_connections=20", "-c",
	    "autovacuum=off", NULL};
	pid_t pid = spawn(argv, plain_user(), log);
	char *conninfo = mem_printf("host=127.0.0.1 port=%d user=fsops dbname=postgres", port);
	PGPing up = PQPING_NO_RESPONSE;

	for (int i = 0; i < 400 && up != PQPING_OK; i++) {
		usleep(25000);
		up = PQping(conninfo);
	}
	assert_int_equal(up, PQPING_OK);
	free(conninfo);
	free(port_text);
	free(postgres);
	return pid;
}

static int set_up(void **state)
{
	static const char *const ignored[] = {"PGHOST", "PGPORT", "PGUSER", "PGDATABASE",
	    "PGPASSWORD", "PGSERVICE", "PGOPTIONS", "PGHOSTADDR", "PGSSLMODE"};
	char *data, *log;

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < COUNT_OF(ignored); i++)
		unsetenv(ignored[i]);
	folder = temp_folder();
	passfile = mem_printf("%s/pgpass", folder);
	setenv("PGPASSFILE", passfile, 1);
	if (plain_user())
		assert_int_equal(chown(folder, plain_user()->pw_uid, plain_user()->pw_gid), 0);
	port = free_port();
	data = mem_printf("%s/data", folder);
	log = mem_printf("%s/log", folder);
	cluster_make(data, log);
	server = cluster_start(data, log);
	ask("CREATE ROLE secret LOGIN PASSWORD 'geheim'");
	ask("CREATE ROLE barred LOGIN");
	free(data);
	free(log);
	return seen.failed ? -1 : 0;
}

static int tear_down(void **state)
{
	(void)state;
	server_stop(server, SIGINT);
	remove_folder(folder);
	free(passfile);
	seen_clear();
	buf_release(&seen.out);
	buf_release(&seen.err);
	return 0;
}

static void pings(void **state)
{
	json_t *ping = json_pack("{s:b}", "ping", 1);

	(void)state;
	ask_at(json_incref(ping), target_of(""), EFFECT_READ);
	assert_result("{\"count\":0,\"rows\":[],\"value\":\"accepting\"}");
	assert_said(seen.out.data, " - accepting connections\n");
	assert_string_equal(seen.why, "");
	/* Without credentials, with a database that is not there: it answers all the same. */
	ask_at(json_incref(ping), target_of("user=secret"), EFFECT_READ);
	assert_result("{\"count\":0,\"rows\":[],\"value\":\"accepting\"}");
	ask_at(json_incref(ping), target_of("dbname=nosuch"), EFFECT_READ);
	assert_result("{\"count\":0,\"rows\":[],\"value\":\"accepting\"}");
	ask_at(json_incref(ping), target_of("port=1"), EFFECT_READ);
	assert_result("{\"count\":0,\"rows\":[],\"value\":\"no answer\"}");
	assert_said(seen.why,
	    "127.0.0.1:1 (database 'postgres', user 'fsops'): Connection refused: is "
	    "the server running there");
	json_decref(ping);
}

static const struct {
	const char *query;
	const char *value;
} types[] = {
    {"SELECT 1", "1"},
    {"SELECT 9007199254740993::bigint", "9007199254740993"},
    {"SELECT 1.5", "1.5"},
    {"SELECT 3::numeric", "3"},
    {"SELECT 0.1::float8", "0.1"},
    {"SELECT 'NaN'::float8", "\"NaN\""},
    {"SELECT 'NaN'::numeric", "\"NaN\""},
    {"SELECT '-Infinity'::float8", "\"-Infinity\""},
    {"SELECT true", "true"},
    {"SELECT NULL::int", "null"},
    {"SELECT '{\"a\": [1, null]}'::jsonb", "{\"a\":[1,null]}"},
    {"SELECT '7'::json", "7"},
    {"SELECT 'é'", "\"é\""},
    {"SELECT '2026-01-02'::date", "\"2026-01-02\""},
    {"SELECT ARRAY[1,2]", "\"{1,2}\""},
    {"SELECT interval '1 day'", "\"1 day\""},
    {"SELECT 42::oid", "42"},
    {"SELECT", "null"},
    {"SELECT 1 WHERE false", "null"},
};

static void types_of_values(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(types); i++) {
		char *text;

		ask(types[i].query);
		if (seen.failed)
			fail_msg("%s: %s", types[i].query, seen.why);
		text = json_dumps(json_object_get(seen.result, "value"),
		    JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
		if (strcmp(text, types[i].value) != 0)
			fail_msg("%s: %s", types[i].query, text);
		free(text);
	}
}

static void rows_and_their_table(void **state)
{
	(void)state;
	ask("SELECT n, 'x' || n AS name, NULL AS n FROM generate_series(9, 10) n");
	assert_result(
	    "{\"count\":2,\"rows\":[{\"n\":9,\"n_2\":null,\"name\":\"x9\"},{\"n\":10,\"n_2\":"
	    "null,\"name\":\"x10\"}],\"value\":9}");
	assert_string_equal(seen.out.data,
	    "  n | name | n_2\n----+------+-----\n  9 | x9   |    \n "
	    "10 | x10  |    \n(2 rows)\n");
	ask("SELECT E'a\\nb\\x1b[2J' AS t");
	assert_said(seen.out.data, " a\\nb\\x1b[2J\n");
	ask("SHOW max_connections");
	assert_result("{\"count\":1,\"rows\":[{\"max_connections\":\"20\"}],\"value\":\"20\"}");
}

static void params_reach_the_server(void **state)
{
	(void)state;
	ask_at(json_pack("{s:s, s:[s,i,n,b]}", "query",
	           "SELECT $1::text, $2::int + 1 AS b, $3::text AS c, $4::bool AS d", "params",
	           "'; DROP TABLE x; --", 41, 1),
	    target_of(""), EFFECT_READ);
	assert_result(
	    "{\"count\":1,\"rows\":[{\"b\":42,\"c\":null,\"d\":true,\"text\":\"'; DROP TABLE "
	    "x; --\"}],\"value\":\"'; DROP TABLE x; --\"}");
	ask_at(
	    json_pack("{s:s, s:s}", "query", "SELECT current_database()", "database", "template1"),
	    target_of(""), EFFECT_READ);
	assert_said(seen.out.data, "template1");
	ask_at(
	    json_pack("{s:s, s:s}", "query", "SELECT 1", "database", "host=evil dbname=template1"),
	    target_of(""), EFFECT_READ);
	assert_said(seen.why, "database \"host=evil dbname=template1\" does not exist");
}

static void changes_and_reads(void **state)
{
	(void)state;
	ask("CREATE TABLE t (a int)");
	assert_string_equal(seen.out.data, "CREATE TABLE\n");
	ask("INSERT INTO t SELECT generate_series(1, 5)");
	assert_result("{\"count\":5,\"rows\":[],\"value\":null}");
	ask("DELETE FROM t WHERE a > 3 RETURNING a");
	assert_result("{\"count\":2,\"rows\":[{\"a\":4},{\"a\":5}],\"value\":4}");
	ask("VACUUM ANALYZE t"); /* can't run in a transaction */
	assert_result("{\"count\":0,\"rows\":[],\"value\":null}");
	/* Judged a read by mistake: the server refuses. */
	ask("CREATE FUNCTION sly() RETURNS int LANGUAGE sql AS 'DELETE FROM t RETURNING a'");
	ask("SELECT sly()");
	assert_true(seen.failed);
	assert_said(seen.why, "read-only transaction");
	assert_said(seen.why, "say `effect: change`");
	ask_at(sql("SELECT set_config('transaction_read_only', 'off', false), sly()"),
	    target_of(""), EFFECT_CHANGE);
	assert_false(seen.failed);
	ask("SELECT count(*) FROM t");
	assert_result("{\"count\":1,\"rows\":[{\"count\":0}],\"value\":0}");
	attempt((struct attempt){
	    &adapter_postgres, sql("DROP TABLE t"), target_of(""), EFFECT_CHANGE, 0, 0});
	assert_said(seen.why, "more than was approved");
	ask("DO $$ BEGIN RAISE NOTICE 'so far so good'; END $$");
	assert_said(seen.err.data, "NOTICE:  so far so good\n");
}

static const struct {
	const char *query;
	const char *target;
	enum err_kind kind;
	const char *why;
} mistakes[] = {
    {"SELECT 1,\n  FROM t", "", ERR_REMOTE,
        "syntax error at or near \"FROM\" at line 2, column 3 of the SQL [42601]: correct the SQL"},
    {"SELECT * FROM nosuch", "", ERR_REMOTE,
        "relation \"nosuch\" does not exist at line 1, column 15"},
    {"SELECT 1/0", "", ERR_REMOTE, "division by zero [22012]"},
    {"SELECT nosuch()", "", ERR_REMOTE, "check the function's name"},
    {"SELECT $1::int", "", ERR_REMOTE, "does the number of params match"},
    {"SELECT 1", "dbname=nosuch", ERR_REMOTE,
        "(database 'nosuch', user 'fsops'): database \"nosuch\" does not exist: check the "
        "database's name"},
    {"SELECT 1", "user=nobody_here", ERR_REMOTE, "role \"nobody_here\" does not exist"},
    {"SELECT 1", "user=secret", ERR_REMOTE, "no password supplied: put it into ~/.pgpass"},
    {"SELECT 1", "user=barred", ERR_REMOTE, "pg_hba.conf lets it in from here"},
    {"SELECT 1", "sslmode=require", ERR_REMOTE, "does not support SSL"},
    {"SELECT 1", "port=1", ERR_REMOTE, "Connection refused: is the server running there"},
    {"SELECT 1", "host=/nowhere", ERR_REMOTE,
        "No such file or directory: is the server running on this machine"},
    {"SELECT 1", "host=no-such-host.invalid", ERR_REMOTE,
        "the host 'no-such-host.invalid' is unknown"},
    {"SELECT 1", "service=nosuch", ERR_INPUT, "definition of service \"nosuch\" not found"},
    {"SELECT 1", "sslmode=nosuch", ERR_REMOTE, NULL},
    {"SELECT 1", "target_session_attrs=standby", ERR_REMOTE, "target_session_attrs"},
};

static void mistakes_as_sentences(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(mistakes); i++) {
		ask_at(sql(mistakes[i].query), target_of(mistakes[i].target), EFFECT_READ);
		print_message("  %s\n", seen.why);
		assert_true(seen.failed);
		assert_null(strchr(seen.why, '\n'));
		if (!mistakes[i].why)
			continue;
		assert_int_equal(seen.kind, mistakes[i].kind);
		assert_said(seen.why, mistakes[i].why);
	}
}

static void passwords(void **state)
{
	char *lines = mem_printf("localhost:%d:*:secret:geheim\n", port);

	(void)state;
	/* .pgpass is matched with the name, although libpq is given the address. */
	write_file(passfile, lines, 0600);
	ask_at(sql("SELECT current_user"), target_of("host=localhost user=secret"), EFFECT_READ);
	assert_result(
	    "{\"count\":1,\"rows\":[{\"current_user\":\"secret\"}],\"value\":\"secret\"}");
	unlink(passfile);
	setenv("PGPASSWORD", "wrong", 1);
	ask_at(sql("SELECT 1"), target_of("user=secret"), EFFECT_READ);
	assert_said(seen.why, "user 'secret'): password authentication failed for user \"secret\": "
	                      "check the password in ~/.pgpass");
	unsetenv("PGPASSWORD");
	free(lines);
}

static void settings_from_everywhere(void **state)
{
	char *service = mem_printf("%s/services", folder);
	char *text =
	    mem_printf("[mine]\nhost=%s\nport=%d\nuser=fsops\ndbname=template1\n", folder, port);
	char *port_text = mem_printf("%d", port);
	json_t *tunnel = json_pack("{s:s, s:s, s:s}", "conninfo",
	    "host=db.invalid port=1 user=fsops dbname=postgres", "hostaddr", "127.0.0.1", "port",
	    port_text);

	(void)state;
	write_file(service, text, 0644);
	setenv("PGSERVICEFILE", service, 1);
	ask_at(sql("SELECT current_database(), current_setting('application_name') AS app"),
	    json_pack("{s:s}", "conninfo", "service=mine"), EFFECT_READ);
	assert_result(
	    "{\"count\":1,\"rows\":[{\"app\":\"fsops\",\"current_database\":\"template1\"}],"
	    "\"value\":\"template1\"}");
	setenv("PGSERVICE", "mine", 1);
	ask_at(sql("SELECT 1"), NULL, EFFECT_READ);
	assert_false(seen.failed);
	ask_at(sql("SELECT current_database()"), json_pack("{s:s}", "conninfo", "postgres"),
	    EFFECT_READ);
	assert_said(seen.out.data, "postgres");
	unsetenv("PGSERVICE");
	ask_at(sql("SELECT 1"), tunnel, EFFECT_READ);
	if (seen.failed)
		fail_msg("%s", seen.why);
	/* Several hosts: the first that answers. */
	ask_at(sql("SELECT 1"), target_of("host=/nowhere,no.invalid,localhost"), EFFECT_READ);
	if (seen.failed)
		fail_msg("%s", seen.why);
	free(port_text);
	free(service);
	free(text);
}

static void statement_timeout_is_told(void **state)
{
	(void)state;
	ask("SELECT current_setting('statement_timeout')::interval < interval '22 s' AS v");
	assert_true(json_is_true(json_object_get(seen.result, "value")));
	ask("SHOW transaction_read_only");
	assert_said(seen.out.data, "on");
	ask_at(sql("SHOW transaction_read_only"), target_of(""), EFFECT_CHANGE);
	assert_said(seen.out.data, "off");
}

/* How many of our sleepers the server still has. */
static json_int_t sleepers(void)
{
	ask("SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE "
	    "'%pg_sleep%' "
	    "AND pid <> pg_backend_pid()");
	assert_false(seen.failed);
	return json_integer_value(json_object_get(seen.result, "value"));
}

static void cancel_ends_the_query_on_the_server(void **state)
{
	(void)state;
	attempt((struct attempt){
	    &adapter_postgres, sql("SELECT pg_sleep(60)"), target_of(""), EFFECT_READ, 300, 0});
	assert_true(seen.gone);
	print_message("  gone after %lld ms\n", (long long)seen.took - 300);
	assert_true(seen.took < 300 + PG_CANCEL_MAX);
	assert_int_equal(sleepers(), 0);
	attempt((struct attempt){&adapter_postgres, sql("DO $$ BEGIN PERFORM pg_sleep(60); END $$"),
	    target_of(""), EFFECT_CHANGE, 300, 0});
	assert_true(seen.gone);
	assert_int_equal(sleepers(), 0);
}

static void cancel_at_every_moment(void **state)
{
	(void)state;
	for (msec wait = 1; wait < 40; wait += 3)
		attempt((struct attempt){&adapter_postgres, sql("SELECT pg_sleep(60)"),
		    target_of("host=localhost"), EFFECT_READ, wait, 0});
	assert_int_equal(sleepers(), 0);
}

static void results_too_large(void **state)
{
	struct rusage before, after;

	(void)state;
	getrusage(RUSAGE_SELF, &before);
	ask("SELECT generate_series(1, 10000)");
	assert_false(seen.failed);
	ask("SELECT generate_series(1, 100000000)");
	assert_int_equal(seen.kind, ERR_LIMIT);
	assert_said(seen.why, "over 10,000 rows: add a LIMIT");
	ask("SELECT repeat('x', 1000000) FROM generate_series(1, 100)");
	assert_int_equal(seen.kind, ERR_LIMIT);
	assert_said(seen.why, "over 8 MiB");
	ask("SELECT repeat('x', 200000000)"); /* one cell */
	assert_int_equal(seen.kind, ERR_LIMIT);
	getrusage(RUSAGE_SELF, &after);
	print_message("  peak memory grew by %ld KiB\n", after.ru_maxrss - before.ru_maxrss);
	/* A change is made all the same, and that is said. */
	ask("CREATE TABLE big AS SELECT generate_series(1, 20000) AS n");
	ask("UPDATE big SET n = -1 RETURNING n");
	assert_int_equal(seen.kind, ERR_LIMIT);
	assert_said(seen.why, "the change was made (UPDATE 20000)");
	ask("SELECT count(*) FROM big WHERE n = -1");
	assert_said(seen.out.data, "20000");
	ask("DROP TABLE big");
}

static void server_dies_in_the_middle(void **state)
{
	PGconn *admin;
	char *conninfo = mem_printf("host=127.0.0.1 port=%d user=fsops dbname=postgres", port);
	pid_t killer;

	(void)state;
	killer = fork();
	if (killer == 0) {
		usleep(300000);
		admin = PQconnectdb(conninfo);
		PQclear(
		    PQexec(admin, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
		                  "query LIKE '%pg_sleep(59)%' AND pid <> pg_backend_pid()"));
		_exit(0);
	}
	ask("SELECT pg_sleep(59)");
	waitpid(killer, NULL, 0);
	assert_true(seen.failed);
	print_message("  %s\n", seen.why);
	assert_said(seen.why, "terminating connection due to administrator command");
	free(conninfo);
}

static void server_full(void **state)
{
	char *conninfo = mem_printf("host=127.0.0.1 port=%d user=fsops dbname=postgres", port);
	PGconn *held[30];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(held); i++)
		held[i] = PQconnectdb(conninfo);
	ask("SELECT 1");
	assert_true(seen.failed);
	assert_said(seen.why, "too many clients already: free connections");
	for (size_t i = 0; i < COUNT_OF(held); i++)
		PQfinish(held[i]);
	usleep(200000);
	free(conninfo);
}

static void server_stopped(void **state)
{
	(void)state;
	kill(server, SIGSTOP); /* the postmaster: it accepts no connection */
	attempt((struct attempt){
	    &adapter_postgres, sql("SELECT 1"), target_of(""), EFFECT_READ, 300, 0});
	assert_true(seen.gone);
	assert_true(seen.took < 1000);
	ask_at(sql("SELECT 1"), target_of("connect_timeout=1"), EFFECT_READ);
	assert_int_equal(seen.kind, ERR_TIMEOUT);
	assert_said(seen.why, "no answer within 1 s");
	kill(server, SIGCONT);
	ask("SELECT 1");
	assert_false(seen.failed);
}

static void cancel_of_a_stopped_server_is_bounded(void **state)
{
	pid_t stopper = fork();

	(void)state;
	if (stopper == 0) {
		usleep(300000);
		kill(server, SIGSTOP);
		_exit(0);
	}
	attempt((struct attempt){
	    &adapter_postgres, sql("SELECT pg_sleep(5)"), target_of(""), EFFECT_READ, 600, 0});
	waitpid(stopper, NULL, 0);
	print_message("  gone after %lld ms\n", (long long)seen.took - 600);
	assert_true(seen.gone);
	assert_true(seen.took < 600 + PG_CANCEL_MAX + 500);
	kill(server, SIGCONT);
}

/* --- servers that misbehave --- */

static const char starting[] =
    "E\0\0\0\x3eSFATAL\0VFATAL\0C57P03\0Mthe database system is starting "
    "up\0\0";
static const char auth_ok[] = "R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I";

static const struct {
	const char *name;
	struct fake how;
	msec cancel_after;
	const char *why;
	const char *ping;
} faults[] = {
    {"hang", {.hold = true}, 300, NULL, NULL},
    {"close at once", {0}, 0,
        "server closed the connection unexpectedly: the server or something in front", "no answer"},
    {"close after hello", {.skip = 1}, 0, "server closed the connection", "no answer"},
    {"reset", {.skip = 1, .reset = true}, 0, "hung up", "no answer"},
    {"garbage", {.skip = 1, .bytes = "HTTP/1.1 400 Bad Request\r\n\r\n", .len = 28}, 0,
        "is that port really a PostgreSQL", "no answer"},
    {"half an answer", {.skip = 1, .bytes = "R\0\0", .len = 3}, 0, "closed the connection",
        "no answer"},
    {"half an answer, then hang", {.skip = 1, .bytes = "R\0\0", .len = 3, .hold = true}, 300, NULL,
        NULL},
    {"slow", {.skip = 1, .bytes = starting, .len = sizeof(starting) - 1, .slow_ms = 3}, 0,
        "starting up: wait until it is up", "rejecting"},
    {"starting up", {.skip = 1, .bytes = starting, .len = sizeof(starting) - 1}, 0,
        "starting up: wait until it is up", "rejecting"},
    {"let in, then closed", {.skip = 1, .bytes = auth_ok, .len = sizeof(auth_ok) - 1}, 0, "broke",
        "accepting"},
    {"let in, then hang", {.skip = 1, .bytes = auth_ok, .len = sizeof(auth_ok) - 1, .hold = true},
        300, NULL, NULL},
};

static void servers_that_misbehave(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(faults); i++) {
		int where;
		pid_t pid = fake_start(&faults[i].how, &where);
		char *rest = mem_printf("port=%d sslmode=disable", where);

		attempt((struct attempt){&adapter_postgres, sql("SELECT 1"), target_of(rest),
		    EFFECT_READ, faults[i].cancel_after, 0});
		print_message("  %s: %s\n", faults[i].name, seen.why);
		assert_int_equal(seen.gone, faults[i].cancel_after != 0);
		assert_true(seen.took < 5000);
		if (faults[i].why)
			assert_said(seen.why, faults[i].why);
		if (faults[i].ping) {
			ask_at(json_pack("{s:b}", "ping", 1), target_of(rest), EFFECT_READ);
			assert_string_equal(value_get_text(seen.result, "value"), faults[i].ping);
		}
		fake_stop(pid);
		free(rest);
	}
}

static void hanging_host_is_passed_by(void **state)
{
	struct fake how = {.hold = true};
	int where;
	pid_t pid = fake_start(&how, &where);
	char *rest =
	    mem_printf("host=127.0.0.1,127.0.0.1 port=%d,%d connect_timeout=1", where, port);

	(void)state;
	ask_at(sql("SELECT 1"), target_of(rest), EFFECT_READ);
	if (seen.failed)
		fail_msg("%s", seen.why);
	assert_true(seen.took < 2500);
	fake_stop(pid);
	free(rest);
}

static void no_descriptor_is_left(void **state)
{
	int before;

	(void)state;
	ask("SELECT 1");
	before = open_fds();
	for (int i = 0; i < 10; i++) {
		ask("SELECT 1");
		ask("SELECT nosuch");
		ask_at(sql("SELECT 1"), target_of("port=1"), EFFECT_READ);
		attempt((struct attempt){&adapter_postgres, sql("SELECT pg_sleep(9)"),
		    target_of(""), EFFECT_READ, 20, 0});
	}
	assert_int_equal(open_fds(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(results_too_large), /* first: it looks at peak memory */
	    cmocka_unit_test(forms_of_the_action),
	    cmocka_unit_test(targets),
	    cmocka_unit_test(command_lines),
	    cmocka_unit_test(pings),
	    cmocka_unit_test(types_of_values),
	    cmocka_unit_test(rows_and_their_table),
	    cmocka_unit_test(params_reach_the_server),
	    cmocka_unit_test(changes_and_reads),
	    cmocka_unit_test(mistakes_as_sentences),
	    cmocka_unit_test(passwords),
	    cmocka_unit_test(settings_from_everywhere),
	    cmocka_unit_test(statement_timeout_is_told),
	    cmocka_unit_test(cancel_ends_the_query_on_the_server),
	    cmocka_unit_test(cancel_at_every_moment),
	    cmocka_unit_test(server_dies_in_the_middle),
	    cmocka_unit_test(server_full),
	    cmocka_unit_test(server_stopped),
	    cmocka_unit_test(cancel_of_a_stopped_server_is_bounded),
	    cmocka_unit_test(servers_that_misbehave),
	    cmocka_unit_test(hanging_host_is_passed_by),
	    cmocka_unit_test(no_descriptor_is_left),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
