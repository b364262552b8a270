/* What `tunnel:` says, and what adapters make of a tunnel. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/adapter.h"
#include "fsops/mem.h"
#include "fsops/tunnel.h"

static const char *shown(const struct tunnel_way *way)
{
	static char text[200];

	snprintf(text, sizeof(text), "%s%s|%s|%s", way->automatic ? "auto|" : "",
	    way->namespace ? way->namespace : "-", way->resource ? way->resource : "-",
	    way->port ? way->port : "-");
	return text;
}

static const struct {
	const char *text;
	const char *way; /* NULL: an error */
} ways[] = {
    {"svc/postgres:5432", "-|svc/postgres|5432"},
    {"monitoring/svc/grafana:80", "monitoring|svc/grafana|80"},
    {"auto", "auto|-|-|-"},
    {"auto svc/redis:6379", "auto|-|svc/redis|6379"},
    {"auto  cache/svc/redis:6379", "auto|cache|svc/redis|6379"},
    {"pod/db-0:postgres", "-|pod/db-0|postgres"},
    {"svc/${name}:${port}", "-|svc/${name}|${port}"},
    {"automatic", NULL},
    {"auto svc/redis", NULL},
    {"5432", NULL},
    {"postgres:5432", NULL},
    {"svc/:5432", NULL},
    {"/postgres:5432", NULL},
    {"svc/postgres:", NULL},
    {"svc/postgres:0", NULL},
    {"svc/postgres:65536", NULL},
    {"svc/postgres:-1", NULL},
    {"svc/-n:5432", NULL},
    {"--context/svc/x:1", NULL},
    {"svc/a b:1", NULL},
    {"", NULL},
};

static void test_ways(void **state)
{
	struct tunnel_way way;
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(ways); i++) {
		int result = tunnel_way_parse(&way, ways[i].text, &err);

		if (!ways[i].way) {
			assert_int_equal(result, -1);
			assert_non_null(strstr(err.text, "svc/postgres:5432"));
			continue;
		}
		assert_int_equal(result, 0);
		assert_string_equal(shown(&way), ways[i].way);
		tunnel_way_release(&way);
	}
}

static const struct {
	const char *host;
	const char *way; /* NULL: no service's name */
} hosts[] = {
    {"redis", "-|svc/redis|6379"},
    {"redis.cache", "cache|svc/redis|6379"},
    {"redis.cache.svc", "cache|svc/redis|6379"},
    {"redis.cache.svc.cluster.local", "cache|svc/redis|6379"},
    {"api.flightsearch.com", NULL},
    {"redis.", NULL},
    {"-redis", NULL},
    {"", NULL},
    {"Redis", NULL},
    {"[::1]", NULL},
};

static void test_hosts(void **state)
{
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(hosts); i++) {
		struct tunnel_way way = {0};
		int result = tunnel_way_from_host(&way, hosts[i].host, "6379", &err);

		assert_int_equal(result, hosts[i].way ? 0 : -1);
		if (hosts[i].way)
			assert_string_equal(shown(&way), hosts[i].way);
		tunnel_way_release(&way);
	}
}

#define AT "\"hostaddr\":\"127.0.0.1\",\"port\":\"${tunnel.t.port}\"}"

static const struct {
	const char *adapter;
	const char *args;
	const char *target;
	const char *line; /* how it begins */
} lines[] = {
    {"postgres", "{\"ping\":true}", "{\"conninfo\":\"host=db port=5433 user=u\"," AT,
        "pg_isready -d 'user=u host=db hostaddr=127.0.0.1 port=${tunnel.t.port}'"},
    {"postgres", "{\"ping\":true}",
        "{\"conninfo\":\"postgres://u@db:5433/x?sslmode=verify-full\"," AT,
        "pg_isready -d 'user=u dbname=x host=db sslmode=verify-full hostaddr=127.0.0.1 "
        "port=${tunnel.t.port}'"},
    {"postgres", "{\"ping\":true,\"database\":\"y\"}", "{\"conninfo\":\"x\"," AT,
        "pg_isready -d 'hostaddr=127.0.0.1 port=${tunnel.t.port} dbname=y'"},
    {"postgres", "{\"ping\":true}", "{\"conninfo\":\"x\"," AT,
        "pg_isready -d 'dbname=x hostaddr=127.0.0.1 port=${tunnel.t.port}'"},
    {"redis", "{\"words\":[\"PING\"]}", "{\"url\":\"redis://u@redis:6379/2\"," AT,
        "redis-cli -h 127.0.0.1 -p '${tunnel.t.port}' -n 2 --user u PING"},
    {"http", "{\"method\":\"GET\",\"url\":\"/x\"}", "{\"url\":\"https://web/v1\"," AT,
        "curl -sS --fail --connect-to 'web:443:127.0.0.1:${tunnel.t.port}' https://web/v1/x"},
    {"prometheus", "{\"query\":\"up\"}", "{\"url\":\"http://[fd00::1]:9090\"," AT,
        "curl -sS --fail --connect-to '[fd00::1]:9090:127.0.0.1:${tunnel.t.port}' "
        "--data-urlencode query=up 'http://[fd00::1]:9090/api/v1/query'"},
    {"s3", "{\"verb\":\"ls\"}", "{\"s3\":\"s3://b\",\"endpoint\":\"https://minio:9000\"," AT,
        "aws s3 ls s3://b --recursive --endpoint-url 'https://127.0.0.1:${tunnel.t.port}'"},
};

static void test_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		json_t *args = json_loads(lines[i].args, 0, NULL);
		json_t *target = json_loads(lines[i].target, 0, NULL);
		struct buf out;

		assert_non_null(target);
		buf_init(&out, BUF_TEXT_MAX);
		adapter_find(lines[i].adapter)->describe(args, target, EFFECT_READ, &out);
		assert_string_equal(out.data, lines[i].line);
		buf_release(&out);
		json_decref(target);
		json_decref(args);
	}
}

static const struct {
	const char *adapter;
	const char *args;
	const char *target;
	const char *place; /* NULL: the call goes elsewhere */
} places[] = {
    {"postgres", "{}", "{\"conninfo\":\"host=db port=5433\"}", "db 5433"},
    {"postgres", "{}", "{\"conninfo\":\"postgres://db/x\"}", "db 5432"},
    {"postgres", "{}", "{\"conninfo\":\"host=db hostaddr=10.0.0.1\"}", "10.0.0.1 5432"},
    {"postgres", "{}", "{\"conninfo\":\"host=/run/postgresql\"}", "- 5432"},
    {"redis", "{}", "{\"url\":\"redis://redis/0\"}", "redis 6379"},
    {"redis", "{}", "{\"url\":\"unix:///s.sock\"}", "- -"},
    {"prometheus", "{}", "{\"url\":\"http://p:9090/x\"}", "p 9090"},
    {"prometheus", "{}", "{\"url\":\"http://${host}/\"}", "- -"},
    {"http", "{\"url\":\"/x\"}", "{\"url\":\"https://web/\"}", "web 443"},
    {"http", "{\"url\":\"https://WEB:443/x\"}", "{\"url\":\"https://web/\"}", "web 443"},
    {"http", "{\"url\":\"http://web/x\"}", "{\"url\":\"https://web/\"}", NULL},
    {"http", "{\"url\":\"https://other/x\"}", "{\"url\":\"https://web/\"}", NULL},
    {"s3", "{}", "{\"s3\":\"s3://b\",\"endpoint\":\"http://minio:9000\"}", "minio 9000"},
    {"s3", "{}", "{\"s3\":\"s3://b\"}", "- -"},
};

static void test_places(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(places); i++) {
		json_t *args = json_loads(places[i].args, 0, NULL);
		json_t *target = json_loads(places[i].target, 0, NULL);
		char *host = NULL;
		char *port = NULL;
		char text[200];
		bool own = adapter_find(places[i].adapter)->place(args, target, &host, &port);

		snprintf(text, sizeof(text), "%s %s", host ? host : "-", port ? port : "-");
		assert_int_equal(own, places[i].place != NULL);
		if (own)
			assert_string_equal(text, places[i].place);
		free(host);
		free(port);
		json_decref(target);
		json_decref(args);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_ways),
	    cmocka_unit_test(test_hosts),
	    cmocka_unit_test(test_lines),
	    cmocka_unit_test(test_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
