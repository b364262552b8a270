/* The redis adapter against a real server, and against servers that misbehave. */
#include "data_harness.h"

#include <fcntl.h>
#include <sys/resource.h>

#include "adapters/redis/redis.h"

extern const struct adapter adapter_redis;

static int port;
static pid_t server;
static char *folder;

static json_t *target_at(int where)
{
	char *url = mem_printf("redis://127.0.0.1:%d", where);
	json_t *target = json_pack("{s:s}", "url", url);

	free(url);
	return target;
}

static json_t *command(const char *yaml)
{
	json_t *args = parsed(adapter_redis.parse, yaml);

	if (!args)
		fail_msg("%s: %s", yaml, problems_text);
	return args;
}

static void ask_at(const char *yaml, json_t *target, enum effect effect)
{
	attempt((struct attempt){&adapter_redis, command(yaml), target, effect, 0, 0});
}

static void ask(const char *yaml)
{
	ask_at(yaml, target_at(port), EFFECT_DESTROY);
}

static void assert_result(const char *json)
{
	char *text = json_dumps(seen.result, JSON_COMPACT | JSON_SORT_KEYS);

	if (seen.failed)
		fail_msg("%s", seen.why);
	assert_string_equal(text, json);
	free(text);
}

/* --- the real server --- */

static void wait_for_server(int where)
{
	for (int i = 0; i < 200; i++) {
		redisContext *c = redisConnect("127.0.0.1", where);
		bool up = c && !c->err;

		redisFree(c);
		if (up)
			return;
		usleep(50000);
	}
	fail_msg("redis-server does not start: see %s", folder);
}

static pid_t redis_server(int where, const char *key, const char *value)
{
	char *port_text = mem_printf("%d", where);
	char *log = mem_printf("%s/log", folder);
	char *sock = mem_printf("%s/redis.sock", folder);
	const char *argv[] = {"redis-server", "--port", port_text, "--bind", "127.0.0.1", "--save",
	    "", "--dir", folder, key ? key : "--unixsocket", key ? value : sock, NULL};
	pid_t pid = spawn(argv, NULL, log);

	wait_for_server(where);
	free(port_text);
	free(log);
	free(sock);
	return pid;
}

static int set_up(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	unsetenv("FSOPS_REDIS_PASSWORD");
	unsetenv("REDISCLI_AUTH");
	folder = temp_folder();
	port = free_port();
	server = redis_server(port, NULL, NULL);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	server_stop(server, SIGTERM);
	remove_folder(folder);
	seen_clear();
	buf_release(&seen.out);
	buf_release(&seen.err);
	return 0;
}

static void kinds_of_replies(void **state)
{
	(void)state;
	ask("PING");
	assert_result("{\"info\":null,\"reply\":\"PONG\"}");
	assert_string_equal(seen.out.data, "PONG\n");
	ask("[SET, 'a key', 'two words']");
	assert_result("{\"info\":null,\"reply\":\"OK\"}");
	ask("GET 'a key'");
	assert_result("{\"info\":null,\"reply\":\"two words\"}");
	ask("GET nothing");
	assert_result("{\"info\":null,\"reply\":null}");
	ask("RPUSH l a b c");
	assert_result("{\"info\":null,\"reply\":3}");
	ask("LRANGE l 0 -1");
	assert_result("{\"info\":null,\"reply\":[\"a\",\"b\",\"c\"]}");
	ask("[EVAL, 'return {1, {2, {\"x\"}}, false}', 0]");
	assert_result("{\"info\":null,\"reply\":[1,[2,[\"x\"]],null]}");
}

static void info_has_numbers(void **state)
{
	const json_t *info;

	(void)state;
	ask("SET k v");
	ask("INFO");
	info = json_object_get(seen.result, "info");
	assert_true(json_is_integer(json_object_get(info, "used_memory")));
	assert_true(json_integer_value(json_object_get(json_object_get(info, "db0"), "keys")) >= 1);
	assert_int_equal(json_integer_value(json_object_get(info, "tcp_port")), port);
	assert_true(json_is_string(json_object_get(info, "redis_version")));
	assert_said(seen.out.data, "# Server");
}

static void error_replies(void **state)
{
	(void)state;
	ask("LPUSH k x");
	assert_false(seen.failed);
	assert_said(seen.why, "WRONGTYPE");
	assert_said(seen.why, "TYPE tells which");
	ask("NOSUCH a");
	assert_said(seen.why, "unknown command");
	assert_said(seen.why, "127.0.0.1");
}

static void socket_and_database(void **state)
{
	char *url = mem_printf("unix://%s/redis.sock?db=3", folder);

	(void)state;
	ask_at("SET only-in-3 x", json_pack("{s:s}", "url", url), EFFECT_CHANGE);
	assert_result("{\"info\":null,\"reply\":\"OK\"}");
	ask("EXISTS only-in-3");
	assert_result("{\"info\":null,\"reply\":0}");
	free(url);
	url = mem_printf("redis://localhost:%d/3", port);
	ask_at("EXISTS only-in-3", json_pack("{s:s}", "url", url), EFFECT_READ);
	assert_result("{\"info\":null,\"reply\":1}");
	free(url);
	url = mem_printf("redis://localhost:%d/99", port);
	ask_at("DEL only-in-3", json_pack("{s:s}", "url", url), EFFECT_CHANGE);
	assert_true(seen.failed);
	assert_said(seen.why, "no such database");
	free(url);
}

static void passwords(void **state)
{
	int other = free_port();
	pid_t pid = redis_server(other, "--requirepass", "s3cret");

	(void)state;
	ask_at("GET k", target_at(other), EFFECT_READ);
	assert_said(seen.why, "NOAUTH");
	assert_said(seen.why, "FSOPS_REDIS_PASSWORD");
	setenv("REDISCLI_AUTH", "s3cret", 1);
	ask_at("PING", target_at(other), EFFECT_READ);
	assert_result("{\"info\":null,\"reply\":\"PONG\"}");
	setenv("FSOPS_REDIS_PASSWORD", "wrong", 1);
	ask_at("PING", target_at(other), EFFECT_READ);
	assert_true(seen.failed);
	assert_said(seen.why, "WRONGPASS");
	assert_null(strstr(seen.why, "wrong "));
	unsetenv("REDISCLI_AUTH");
	ask("PING"); /* a server without one */
	assert_true(seen.failed);
	assert_said(seen.why, "the server has no password");
	unsetenv("FSOPS_REDIS_PASSWORD");
	server_stop(pid, SIGTERM);
}

static void never_more_than_approved(void **state)
{
	(void)state;
	ask("SET k v");
	attempt((struct attempt){&adapter_redis, json_pack("{s:[s]}", "words", "FLUSHALL"),
	    target_at(port), EFFECT_CHANGE, 0, 0});
	assert_true(seen.failed);
	attempt((struct attempt){&adapter_redis, json_pack("{s:[s]}", "words", "MONITOR"),
	    target_at(port), EFFECT_DESTROY, 0, 0});
	assert_true(seen.failed);
	ask("EXISTS k");
	assert_result("{\"info\":null,\"reply\":1}");
}

static void cancel_of_a_blocking_command(void **state)
{
	(void)state;
	attempt((struct attempt){
	    &adapter_redis, command("BLPOP empty 0"), target_at(port), EFFECT_CHANGE, 200, 0});
	assert_true(seen.gone);
	assert_true(seen.took < 1000);
	usleep(100000);
	ask("INFO clients");
	assert_int_equal(json_integer_value(json_object_get(
	                     json_object_get(seen.result, "info"), "blocked_clients")),
	    0);
}

static void too_large(void **state)
{
	(void)state;
	ask("[EVAL, 'return string.rep(\"x\", 20*1024*1024)', 0]");
	assert_true(seen.failed);
	assert_int_equal(seen.kind, ERR_LIMIT);
	assert_said(seen.why, "over 16 MiB");
	ask("[EVAL, 'local t = {} for i = 1, 500000 do t[i] = i end return t', 0]");
	assert_int_equal(seen.kind, ERR_LIMIT);
	ask("[EVAL, 'return string.rep(\"x\", 15*1024*1024)', 0]");
	assert_false(seen.failed);
	assert_int_equal(seen.out.len, 15 * 1024 * 1024 + 1);
}

static void stopped_and_died(void **state)
{
	int other = free_port();
	pid_t pid = redis_server(other, NULL, NULL);

	(void)state;
	kill(pid, SIGSTOP);
	attempt((struct attempt){
	    &adapter_redis, command("PING"), target_at(other), EFFECT_READ, 300, 0});
	assert_true(seen.gone);
	assert_true(seen.took < 1000);
	server_stop(pid, SIGKILL);
	ask_at("PING", target_at(other), EFFECT_READ);
	assert_said(seen.why, "Connection refused: is the server running there");
}

/* What the table says of a command against the flags that this server gives it. */
static void compare_flags(const redisReply *command)
{
	json_t *words = json_array();
	char *name = mem_text(command->element[0]->str);
	char *bar = strchr(name, '|');
	bool reads = false;

	if (bar)
		*bar = '\0';
	json_array_append_new(words, json_string(name));
	if (bar)
		json_array_append_new(words, json_string(bar + 1));
	for (size_t i = 0; i < command->element[2]->elements; i++) {
		const char *flag = command->element[2]->element[i]->str;

		reads |= strcmp(flag, "readonly") == 0;
		if (strcmp(flag, "write") == 0 && redis_effect(words) == EFFECT_READ)
			fail_msg("%s writes", command->element[0]->str);
	}
	if (reads && redis_effect(words) != EFFECT_READ)
		fail_msg("%s only reads", command->element[0]->str);
	json_decref(words);
	free(name);
	if (command->elements > 9)
		for (size_t i = 0; i < command->element[9]->elements; i++)
			compare_flags(command->element[9]->element[i]);
}

static void effects_agree_with_the_server(void **state)
{
	redisContext *c = redisConnect("127.0.0.1", port);
	redisReply *all = redisCommand(c, "COMMAND");

	(void)state;
	assert_non_null(all);
	assert_true(all->elements > 200);
	for (size_t i = 0; i < all->elements; i++)
		compare_flags(all->element[i]);
	freeReplyObject(all);
	redisFree(c);
}

/* --- servers that misbehave --- */

static const struct {
	const char *name;
	struct fake how;
	msec cancel_after; /* it must hang until then; 0: it must end by itself */
	bool good;
	const char *why;
} faults[] = {
    {"hang", {.hold = true}, 300, false, NULL},
    {"close at once", {0}, 0, false, "broke before the reply was whole"},
    {"reset", {.skip = 1, .reset = true}, 0, false, "broke before the reply was whole"},
    {"close after the command", {.skip = 1}, 0, false, "look whether the change was made"},
    {"half a reply, then close", {.skip = 1, .bytes = "$100\r\nhalf", .len = 10}, 0, false,
        "closed"},
    {"half a reply, then hang", {.skip = 1, .bytes = "*3\r\n:1\r\n", .len = 8, .hold = true}, 300,
        false, NULL},
    {"garbage", {.skip = 1, .bytes = "HTTP/1.1 400 Bad Request\r\n\r\n", .len = 28}, 0, false,
        "is that port really a Redis"},
    {"binary garbage", {.skip = 1, .bytes = "\x15\x03\x01\x00\x02\x02\x50", .len = 7}, 0, false,
        "is that port really a Redis"},
    {"slow", {.skip = 1, .bytes = "$5\r\nhello\r\n", .len = 11, .slow_ms = 5}, 0, true, NULL},
    {"greeting before the command", {.bytes = "+HELLO\r\n+AGAIN\r\n", .len = 16, .hold = true}, 0,
        true, NULL},
    {"two replies", {.skip = 1, .bytes = "+OK\r\n+OK\r\n", .len = 10, .hold = true}, 0, true, NULL},
    {"replies for ever", {.skip = 1, .bytes = "+OK\r\n", .len = 5, .repeat = 100000}, 0, true,
        NULL},
    {"too many clients", {.bytes = "-ERR max number of clients reached\r\n", .len = 36}, 0, true,
        "maxclients"},
    {"endless bulk", {.skip = 1, .bytes = "$99999999999\r\n", .len = 14, .hold = true}, 300, false,
        NULL},
    {"huge list", {.skip = 1, .bytes = "*2147483647\r\n", .len = 13, .hold = true}, 0, false,
        "over 16 MiB"},
    {"negative length", {.skip = 1, .bytes = "$-5\r\n", .len = 5}, 0, false,
        "out of range: is that port"},
    {"deep lists",
        {.skip = 1,
            .bytes = "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n",
            .len = 44},
        0, false, "nested"},
    {"loading", {.skip = 1, .bytes = "-LOADING Redis is loading\r\n", .len = 27}, 0, true,
        "reading its data"},
    {"moved", {.skip = 1, .bytes = "-MOVED 42 10.0.0.1:7000\r\n", .len = 25}, 0, true,
        "make that the target"},
};

static void servers_that_misbehave(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(faults); i++) {
		int where;
		pid_t pid = fake_start(&faults[i].how, &where);

		print_message("  %s\n", faults[i].name);
		attempt((struct attempt){&adapter_redis, command("SET a b"), target_at(where),
		    EFFECT_CHANGE, faults[i].cancel_after, 0});
		fake_stop(pid);
		assert_int_equal(seen.gone, faults[i].cancel_after != 0);
		assert_true(seen.took < 5000);
		if (!seen.gone && seen.failed == faults[i].good)
			fail_msg("%s: %s", faults[i].name, seen.why);
		if (faults[i].why)
			assert_said(seen.why, faults[i].why);
	}
}

static void endless_bulk_has_a_ceiling(void **state)
{
	static char block[65536];
	struct fake how = {.skip = 1, .bytes = block, .len = sizeof(block), .repeat = 4000};
	struct rusage before, after;
	int where;
	pid_t pid;

	(void)state;
	memset(block, 'x', sizeof(block));
	memcpy(block, "$999999999\r\n", 12);
	getrusage(RUSAGE_SELF, &before);
	pid = fake_start(&how, &where);
	ask_at("GET a", target_at(where), EFFECT_READ);
	fake_stop(pid);
	getrusage(RUSAGE_SELF, &after);
	assert_int_equal(seen.kind, ERR_LIMIT);
	assert_said(seen.why, "over 16 MiB");
	print_message("  peak memory grew by %ld KiB\n", after.ru_maxrss - before.ru_maxrss);
}

static void cancel_at_every_moment(void **state)
{
	(void)state;
	for (msec wait = 1; wait < 12; wait++)
		attempt((struct attempt){&adapter_redis, command("BLPOP empty 0"), target_at(port),
		    EFFECT_CHANGE, wait, 0});
	assert_true(seen.gone);
}

static void unknown_hosts(void **state)
{
	(void)state;
	ask_at("PING", json_pack("{s:s}", "url", "redis://no-such-host.invalid"), EFFECT_READ);
	assert_true(seen.failed);
	assert_said(seen.why, "no-such-host.invalid");
	assert_said(seen.why, "unknown host");
	ask_at("PING", json_pack("{s:s}", "url", "unix:///no/such.sock"), EFFECT_READ);
	assert_said(seen.why, "No such file");
	ask_at("PING", json_pack("{s:s}", "url", "redis://ops@127.0.0.1"), EFFECT_READ);
	assert_said(seen.why, "no password for the user 'ops'");
}

static void no_descriptor_is_left(void **state)
{
	int before;

	(void)state;
	ask("PING");
	before = open_fds();
	for (int i = 0; i < 20; i++) {
		ask("PING");
		ask_at("PING", target_at(1), EFFECT_READ);
		attempt((struct attempt){&adapter_redis, command("BLPOP empty 0"), target_at(port),
		    EFFECT_CHANGE, 5, 0});
	}
	assert_int_equal(open_fds(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(endless_bulk_has_a_ceiling), /* first: it looks at peak memory */
	    cmocka_unit_test(kinds_of_replies),
	    cmocka_unit_test(info_has_numbers),
	    cmocka_unit_test(error_replies),
	    cmocka_unit_test(socket_and_database),
	    cmocka_unit_test(passwords),
	    cmocka_unit_test(effects_agree_with_the_server),
	    cmocka_unit_test(never_more_than_approved),
	    cmocka_unit_test(cancel_of_a_blocking_command),
	    cmocka_unit_test(too_large),
	    cmocka_unit_test(stopped_and_died),
	    cmocka_unit_test(servers_that_misbehave),
	    cmocka_unit_test(cancel_at_every_moment),
	    cmocka_unit_test(unknown_hosts),
	    cmocka_unit_test(no_descriptor_is_left),
	};

	(void)shell_words;
	(void)described;
	(void)run;
	(void)plain_user;
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
