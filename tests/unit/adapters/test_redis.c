/* The parts of the redis adapter that need no server: effects, targets, INFO, printing, command lines. */
#include "data_harness.h"

#include "adapters/redis/redis.h"
#include "fsops/text.h"

extern const struct adapter adapter_redis;

static json_t *words_of(const char *text)
{
	struct words words;
	json_t *list = json_array();

	assert_int_equal(words_split(text, &words, NULL), 0);
	for (size_t i = 0; i < words.count; i++)
		json_array_append_new(list, json_string(words.items[i]));
	words_release(&words);
	return list;
}

static const struct {
	enum effect effect;
	const char *command;
} effects[] = {
    {EFFECT_READ, "PING"},
    {EFFECT_READ, "info memory"},
    {EFFECT_READ, "GET key"},
    {EFFECT_READ, "get flushall"},
    {EFFECT_READ, "DBSIZE"},
    {EFFECT_READ, "CONFIG GET maxmemory"},
    {EFFECT_READ, "config get *"},
    {EFFECT_READ, "CLIENT LIST"},
    {EFFECT_READ, "SLOWLOG GET 10"},
    {EFFECT_READ, "LATENCY LATEST"},
    {EFFECT_READ, "MEMORY USAGE key"},
    {EFFECT_READ, "MEMORY DOCTOR"},
    {EFFECT_READ, "CLUSTER INFO"},
    {EFFECT_READ, "COMMAND"},
    {EFFECT_READ, "COMMAND COUNT"},
    {EFFECT_READ, "SCAN 0 MATCH ${pattern}"},
    {EFFECT_READ, "EVAL_RO 'return 1' 0"},
    {EFFECT_READ, "XINFO STREAM s"},
    {EFFECT_READ, "OBJECT FREQ k"},
    {EFFECT_CHANGE, "SET key value"},
    {EFFECT_CHANGE, "DEL key"},
    {EFFECT_CHANGE, "DEL ${key}"},
    {EFFECT_CHANGE, "UNLINK key"},
    {EFFECT_CHANGE, "CONFIG SET maxmemory 1gb"},
    {EFFECT_CHANGE, "CONFIG RESETSTAT"},
    {EFFECT_CHANGE, "CONFIG REWRITE"},
    {EFFECT_CHANGE, "CONFIG"},
    {EFFECT_CHANGE, "CLIENT KILL ID 5"},
    {EFFECT_CHANGE, "SLOWLOG RESET"},
    {EFFECT_CHANGE, "LATENCY RESET"},
    {EFFECT_CHANGE, "MEMORY PURGE"},
    {EFFECT_CHANGE, "EVAL 'return redis.call(\"GET\", KEYS[1])' 1 k"},
    {EFFECT_CHANGE, "FCALL f 0"},
    {EFFECT_CHANGE, "BGSAVE"},
    {EFFECT_CHANGE, "PUBLISH c m"},
    {EFFECT_CHANGE, "SORT k STORE d"},
    {EFFECT_CHANGE, "REPLICAOF NO ONE"},
    {EFFECT_CHANGE, "FT.SEARCH idx hello"},
    {EFFECT_CHANGE, "GETT key"},
    {EFFECT_CHANGE, "COMMAND FROB"},
    {EFFECT_CHANGE, "CLUSTER FAILOVER"},
    {EFFECT_DESTROY, "FLUSHALL"},
    {EFFECT_DESTROY, "flushdb async"},
    {EFFECT_DESTROY, "SHUTDOWN NOSAVE"},
    {EFFECT_DESTROY, "SWAPDB 0 1"},
    {EFFECT_DESTROY, "DEBUG SEGFAULT"},
    {EFFECT_DESTROY, "CLUSTER RESET HARD"},
    {EFFECT_DESTROY, "script flush"},
    {EFFECT_DESTROY, "REPLICAOF 10.0.0.1 6379"},
    {EFFECT_DESTROY, "${command} key"},
    {EFFECT_DESTROY, "FLUSH${what}"},
    {EFFECT_DESTROY, "CONFIG ${verb} maxmemory"},
    {EFFECT_DESTROY, "SCRIPT ${verb}"},
};

static void effects_by_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(effects); i++) {
		json_t *words = words_of(effects[i].command);

		if (redis_effect(words) != effects[i].effect)
			fail_msg("%s: effect %d", effects[i].command, redis_effect(words));
		json_decref(words);
	}
}

static void commands_that_cannot_be(void **state)
{
	static const char *const commands[] = {"MONITOR", "subscribe a", "PSUBSCRIBE *", "SYNC",
	    "HELLO 3", "AUTH secret", "SELECT 1", "MULTI", "CLIENT REPLY OFF", "RESET", "\"\""};
	static const char *const fine[] = {
	    "BLPOP list 0", "CLIENT LIST", "XREAD BLOCK 0 STREAMS s $", "QUIT", "GET monitor"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(commands); i++) {
		assert_null(parsed(adapter_redis.parse, commands[i]));
		assert_said(problems_text, "redis");
	}
	for (size_t i = 0; i < COUNT_OF(fine); i++)
		json_decref(parsed(adapter_redis.parse, fine[i]));
	assert_null(parsed(adapter_redis.parse, "MONITOR"));
	assert_string_equal(problems_text,
	    "1:1: redis: monitor can't be used here: it never ends; use "
	    "`exec: redis-cli MONITOR` with a timeout\n");
}

static const struct {
	const char *url;
	const char *place; /* "where db user"; NULL: refused */
	const char *why;
} urls[] = {
    {"redis://cache", "cache:6379 0 -", NULL},
    {"redis://cache:6380/2", "cache:6380 2 -", NULL},
    {"redis://cache/", "cache:6379 0 -", NULL},
    {"redis://ops@cache:1", "cache:1 0 ops", NULL},
    {"redis://@cache", "cache:6379 0 -", NULL},
    {"redis://[::1]:6380/1", "[::1]:6380 1 -", NULL},
    {"redis://[fe80::1]", "[fe80::1]:6379 0 -", NULL},
    {"unix:///run/redis.sock", "/run/redis.sock 0 -", NULL},
    {"unix:///run/redis.sock?db=3", "/run/redis.sock 3 -", NULL},
    {"/run/redis.sock", "/run/redis.sock 0 -", NULL},
    {"redis://:secret@cache", NULL, "a password does not belong"},
    {"redis://ops:secret@cache", NULL, "FSOPS_REDIS_PASSWORD"},
    {"redis://ops:se@cret@cache", NULL, "FSOPS_REDIS_PASSWORD"},
    {"rediss://cache", NULL, "has no TLS"},
    {"redis://cache:0", NULL, "not a port"},
    {"redis://cache:99999", NULL, "not a port"},
    {"redis://cache:12ab", NULL, "not a port"},
    {"redis://cache/x", NULL, "not the number of a database"},
    {"redis://cache/-1", NULL, "not the number of a database"},
    {"redis://", NULL, "no host"},
    {"redis://:6379", NULL, "no host"},
    {"redis://[::1", NULL, "never closed"},
    {"redis://cache?x=1", NULL, "write the target as"},
    {"unix://relative", NULL, "unix:///path"},
    {"unix:///s?password=x", NULL, "only ?db=N"},
    {"cache:6379", NULL, "write the target as"},
    {"http://cache", NULL, "write the target as"},
    {"", NULL, "write the target as"},
};

static void targets(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(urls); i++) {
		struct redis_place place;
		struct err err = {0};
		struct buf out;

		if (redis_place_parse(&place, urls[i].url, &err) < 0) {
			if (urls[i].place || !strstr(err.text, urls[i].why))
				fail_msg("%s: %s", urls[i].url, err.text);
			assert_null(strstr(err.text, "secret"));
			continue;
		}
		buf_init(&out, BUF_TEXT_MAX);
		redis_place_show(&place, &out);
		buf_addf(&out, " %d %s", place.db, place.user ? place.user : "-");
		if (!urls[i].place || strcmp(out.data, urls[i].place) != 0)
			fail_msg("%s: %s", urls[i].url, out.data);
		buf_release(&out);
		redis_place_release(&place);
	}
}

static void target_problems_have_places(void **state)
{
	json_t *target;

	(void)state;
	assert_null(parsed(adapter_redis.target_parse, "redis: redis://:pw@h\n"));
	assert_said(problems_text, "1:8: redis: a password does not belong");
	assert_null(parsed(adapter_redis.target_parse, "redis: redis://h\nregion: x\n"));
	assert_said(problems_text, "region");
	target = parsed(
	    adapter_redis.target_parse, "redis: redis://${env.H}:1\ntunnel: svc/redis:6379\n");
	assert_string_equal(value_get_text(target, "url"), "redis://${env.H}:1");
	json_decref(target);
}

static const char info_text[] = "# Server\r\nredis_version:7.0.15\r\nprocess_id:123\r\n"
                                "executable:/usr/bin/redis\r\nconfig_file:\r\n\r\n# Memory\r\n"
                                "mem_fragmentation_ratio:1.25\r\nmaster_repl_offset:-1\r\n"
                                "run_id:0123456789012345678901234567890123456789\r\n"
                                "# Keyspace\r\ndb0:keys=5,expires=2,avg_ttl=0\r\n"
                                "cmdstat_get:calls=3,usec=10,usec_per_call=3.33\r\n"
                                "io:a:b\r\nlist:x,y=1\r\nnocolon\r\n:x\r\nlast:1";

static void info_as_a_map(void **state)
{
	json_t *info = redis_info(info_text);
	char *text = json_dumps(info, JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION(5));

	(void)state;
	assert_string_equal(text,
	    "{\"cmdstat_get\":{\"calls\":3,\"usec\":10,\"usec_per_call\":3.33},\"config_file\":"
	    "\"\","
	    "\"db0\":{\"avg_ttl\":0,\"expires\":2,\"keys\":5},\"executable\":\"/usr/bin/redis\","
	    "\"io\":\"a:b\",\"last\":1,\"list\":\"x,y=1\",\"master_repl_offset\":-1,"
	    "\"mem_fragmentation_ratio\":1.25,\"process_id\":123,\"redis_version\":\"7.0.15\","
	    "\"run_id\":\"0123456789012345678901234567890123456789\"}");
	free(text);
	json_decref(info);
}

static const struct {
	const char *wire;
	const char *printed;
	const char *value;
} replies[] = {
    {"+PONG\r\n", "PONG\n", "\"PONG\""},
    {":42\r\n", "(integer) 42\n", "42"},
    {"$-1\r\n", "(nil)\n", "null"},
    {"$5\r\nhe\"lo\r\n", "he\"lo\n", "\"he\\\"lo\""},
    {"$0\r\n\r\n", "\n", "\"\""},
    {"*0\r\n", "(empty array)\n", "[]"},
    {"-ERR no\r\n", "(error) ERR no\n", "\"ERR no\""},
    {"*3\r\n$4\r\na\x1b\"b\r\n:1\r\n*2\r\n+x\r\n$-1\r\n",
        "1) \"a\\x1b\\\"b\"\n2) (integer) 1\n3) 1) x\n   2) (nil)\n",
        "[\"a\\u001B\\\"b\",1,[\"x\",null]]"},
    {"$3\r\na\xff"
     "b\r\n",
        "a\xff"
        "b\n",
        "\"a\xef\xbf\xbd"
        "b\""},
};

static void replies_printed_and_as_values(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(replies); i++) {
		redisReader *reader = redisReaderCreate();
		void *reply = NULL;
		struct buf out;
		json_t *value;
		char *text;

		redisReaderFeed(reader, replies[i].wire, strlen(replies[i].wire));
		assert_int_equal(redisReaderGetReply(reader, &reply), REDIS_OK);
		buf_init(&out, BUF_TEXT_MAX);
		redis_reply_print(reply, &out);
		assert_string_equal(out.data, replies[i].printed);
		value = redis_reply_value(reply);
		text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
		assert_string_equal(text, replies[i].value);
		free(text);
		json_decref(value);
		buf_release(&out);
		freeReplyObject(reply);
		redisReaderFree(reader);
	}
}

static void command_lines(void **state)
{
	json_t *args =
	    parsed(adapter_redis.parse, "[SET, \"a key\", \"it's $HOME `x`\", \"\", \"*\"]");
	json_t *target = json_pack("{s:s}", "url", "redis://ops@cache:6380/2");
	char *text;
	char *words;

	(void)state;
	unsetenv("FSOPS_REDIS_PASSWORD");
	text = described(&adapter_redis, args, target, EFFECT_CHANGE);
	assert_string_equal(text, "redis-cli -h cache -p 6380 -n 2 --user ops SET 'a key' "
	                          "'it'\\''s $HOME `x`' '' '*'");
	words = shell_words(text);
	assert_string_equal(words,
	    "[redis-cli][-h][cache][-p][6380][-n][2][--user][ops][SET][a key]"
	    "[it's $HOME `x`][][*]");
	free(words);
	free(text);
	setenv("FSOPS_REDIS_PASSWORD", "hidden", 1);
	text = described(&adapter_redis, args, target, EFFECT_CHANGE);
	assert_null(strstr(text, "hidden"));
	assert_int_equal(strncmp(text, "REDISCLI_AUTH=\"$FSOPS_REDIS_PASSWORD\" redis-cli", 47), 0);
	free(text);
	unsetenv("FSOPS_REDIS_PASSWORD");
	json_decref(target);
	target = json_pack(
	    "{s:s, s:s, s:s}", "url", "unix:///s.sock", "hostaddr", "127.0.0.1", "port", "7000");
	text = described(&adapter_redis, args, target, EFFECT_CHANGE);
	assert_int_equal(strncmp(text, "redis-cli -h 127.0.0.1 -p 7000 SET", 34), 0);
	free(text);
	json_decref(target);
	json_decref(args);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(effects_by_table),
	    cmocka_unit_test(commands_that_cannot_be),
	    cmocka_unit_test(targets),
	    cmocka_unit_test(target_problems_have_places),
	    cmocka_unit_test(info_as_a_map),
	    cmocka_unit_test(replies_printed_and_as_values),
	    cmocka_unit_test(command_lines),
	};

	/* Used by the tests with servers only. */
	(void)attempt;
	(void)open_fds;
	(void)free_port;
	(void)fake_start;
	(void)fake_stop;
	(void)temp_folder;
	(void)remove_folder;
	(void)server_stop;
	(void)plain_user;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
