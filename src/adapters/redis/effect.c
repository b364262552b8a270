/*
 * What Redis commands do, from the flags that a Redis 7.0 server gives them (COMMAND INFO): its
 * read-only ones, and of those without a flag the ones that only look.
 *
 * Invariant: a command that is not in a table is a change, and one whose deciding word is not
 * known yet destroys: more consent is asked for than may be needed, never less.
 */
#include "redis.h"

#include <string.h>
#include <strings.h>

#include "fsops/mem.h"

static const char *const reads[] = {
    /* flagged readonly */
    "bitcount",
    "bitfield_ro",
    "bitpos",
    "dbsize",
    "dump",
    "eval_ro",
    "evalsha_ro",
    "exists",
    "expiretime",
    "fcall_ro",
    "geodist",
    "geohash",
    "geopos",
    "georadius_ro",
    "georadiusbymember_ro",
    "geosearch",
    "get",
    "getbit",
    "getrange",
    "hexists",
    "hget",
    "hgetall",
    "hkeys",
    "hlen",
    "hmget",
    "hrandfield",
    "hscan",
    "hstrlen",
    "hvals",
    "keys",
    "lcs",
    "lindex",
    "llen",
    "lolwut",
    "lpos",
    "lrange",
    "memory usage",
    "mget",
    "object encoding",
    "object freq",
    "object idletime",
    "object refcount",
    "pexpiretime",
    "pfcount",
    "pttl",
    "randomkey",
    "scan",
    "scard",
    "sdiff",
    "sinter",
    "sintercard",
    "sismember",
    "smembers",
    "smismember",
    "sort_ro",
    "srandmember",
    "sscan",
    "strlen",
    "substr",
    "sunion",
    "touch",
    "ttl",
    "type",
    "xinfo consumers",
    "xinfo groups",
    "xinfo stream",
    "xlen",
    "xpending",
    "xrange",
    "xread",
    "xrevrange",
    "zcard",
    "zcount",
    "zdiff",
    "zinter",
    "zintercard",
    "zlexcount",
    "zmscore",
    "zrandmember",
    "zrange",
    "zrangebylex",
    "zrangebyscore",
    "zrank",
    "zrevrange",
    "zrevrangebylex",
    "zrevrangebyscore",
    "zrevrank",
    "zscan",
    "zscore",
    "zunion",
    /* without the flag, but they only look */
    "acl cat",
    "acl dryrun",
    "acl genpass",
    "acl getuser",
    "acl help",
    "acl list",
    "acl users",
    "acl whoami",
    "client getname",
    "client getredir",
    "client help",
    "client id",
    "client info",
    "client list",
    "client trackinginfo",
    "cluster count-failure-reports",
    "cluster countkeysinslot",
    "cluster getkeysinslot",
    "cluster help",
    "cluster info",
    "cluster keyslot",
    "cluster links",
    "cluster myid",
    "cluster myshardid",
    "cluster nodes",
    "cluster replicas",
    "cluster shards",
    "cluster slaves",
    "cluster slots",

    "command count",
    "command docs",
    "command getkeys",
    "command getkeysandflags",
    "command help",
    "command info",
    "command list",
    "config get",
    "config help",
    "echo",
    "function dump",
    "function help",
    "function list",
    "function stats",
    "info",
    "lastsave",
    "latency doctor",
    "latency graph",
    "latency help",
    "latency histogram",
    "latency history",
    "latency latest",
    "memory doctor",
    "memory help",
    "memory malloc-stats",
    "memory stats",
    "module help",
    "module list",
    "object help",
    "ping",
    "pubsub channels",
    "pubsub help",
    "pubsub numpat",
    "pubsub numsub",
    "pubsub shardchannels",
    "pubsub shardnumsub",
    "quit",
    "role",
    "script exists",
    "script help",
    "slowlog get",
    "slowlog help",
    "slowlog len",
    "time",
    "wait",
    "xgroup help",
    "xinfo help",
};

/* Commands after which data, or the server, is gone. */
static const char *const destroys[] = {
    "flushall", "flushdb", "shutdown", "swapdb", "debug", "cluster reset", "cluster flushslots",
    "script flush", "function flush", "function restore", "xgroup destroy", "replicaof",
    "slaveof", /* a new replica throws its own data away */
};

/* Commands whose second word decides. */
static const char *const containers[] = {
    "acl",
    "client",
    "cluster",

    "config",
    "function",
    "latency",
    "memory",
    "module",
    "object",
    "pubsub",
    "script",
    "slowlog",
    "xgroup",
    "xinfo",
};

/* Changes of data alone: whoever's connection it came by, that is as before. */
static const char *const plain_changes[] = {
    "append",
    "bitfield",
    "bitop",
    "copy",
    "decr",
    "decrby",
    "del",
    "expire",
    "expireat",
    "flushall",
    "flushdb",
    "geoadd",
    "getdel",
    "getex",
    "getset",
    "hdel",
    "hincrby",
    "hincrbyfloat",
    "hmset",
    "hset",
    "hsetnx",
    "incr",
    "incrby",
    "incrbyfloat",
    "linsert",
    "lmove",
    "lpop",
    "lpush",
    "lpushx",
    "lrem",
    "lset",
    "ltrim",
    "move",
    "mset",
    "msetnx",
    "persist",
    "pexpire",
    "pexpireat",
    "pfadd",
    "pfmerge",
    "psetex",
    "publish",
    "rename",
    "renamenx",
    "restore",
    "rpop",
    "rpoplpush",
    "rpush",
    "rpushx",
    "sadd",
    "sdiffstore",
    "set",
    "setbit",
    "setex",
    "setnx",
    "setrange",
    "sinterstore",
    "smove",
    "spop",
    "srem",
    "sunionstore",
    "unlink",
    "xadd",
    "xdel",
    "xtrim",
    "zadd",
    "zdiffstore",
    "zincrby",
    "zinterstore",
    "zpopmax",
    "zpopmin",
    "zrangestore",
    "zrem",
    "zremrangebylex",
    "zremrangebyrank",
    "zremrangebyscore",
    "zunionstore",
};

static const struct {
	const char *name;
	const char *why;
} refused[] = {
    {"monitor", "it never ends; use `exec: redis-cli MONITOR` with a timeout"},
    {"subscribe", "it never ends; use `exec: redis-cli SUBSCRIBE …` with a timeout"},
    {"psubscribe", "it never ends; use `exec: redis-cli PSUBSCRIBE …` with a timeout"},
    {"ssubscribe", "it never ends; use `exec: redis-cli SSUBSCRIBE …` with a timeout"},
    {"unsubscribe", "each action has a session of its own, with no subscription"},
    {"punsubscribe", "each action has a session of its own, with no subscription"},
    {"sunsubscribe", "each action has a session of its own, with no subscription"},
    {"sync", "it turns the connection into a replication stream"},
    {"psync", "it turns the connection into a replication stream"},
    {"replconf", "it belongs to a replication stream"},
    {"hello",
        "it changes the protocol; user and password come from the target and the environment"},
    {"reset", "each action has a session of its own, already fresh"},
    {"auth", "a password does not belong into a runbook: put it into FSOPS_REDIS_PASSWORD"},
    {"select", "each action has a session of its own: name the database in the target's URL, "
               "redis://host/1"},
    {"multi", "each action has a session of its own; use EVAL for several commands at once"},
    {"exec", "each action has a session of its own; use EVAL for several commands at once"},
    {"discard", "each action has a session of its own"},
    {"watch", "each action has a session of its own"},
    {"unwatch", "each action has a session of its own"},
    {"client reply", "the server would not answer"},
    {"script debug", "it changes the protocol"},
};

/* Is WORD, or WORD and SUB, the entry? The first letter tells most of them apart. */
static bool names(const char *entry, const char *word, const char *sub)
{
	size_t len;

	if ((*entry | 0x20) != (*word | 0x20))
		return false;
	len = strlen(word);
	if (strncasecmp(entry, word, len) != 0)
		return false;
	if (!entry[len])
		return true;
	return entry[len] == ' ' && sub && strcasecmp(entry + len + 1, sub) == 0;
}

static bool in_table(const char *const *table, size_t count, const char *word, const char *sub)
{
	for (size_t i = 0; i < count; i++)
		if (names(table[i], word, sub))
			return true;
	return false;
}

static const char *word_at(const json_t *words, size_t index)
{
	return json_string_value(json_array_get(words, index));
}

static bool unknown(const char *word)
{
	return word && strstr(word, "${");
}

/* REPLICAOF NO ONE keeps the data. */
static bool promotes(const char *word, const char *sub)
{
	return (strcasecmp(word, "replicaof") == 0 || strcasecmp(word, "slaveof") == 0) && sub &&
	       strcasecmp(sub, "no") == 0;
}

enum effect redis_effect(const json_t *words)
{
	const char *word = word_at(words, 0);
	const char *sub = word_at(words, 1);

	if (!word || unknown(word))
		return EFFECT_DESTROY;
	if (unknown(sub) && in_table(containers, COUNT_OF(containers), word, NULL))
		return EFFECT_DESTROY;
	if (promotes(word, sub))
		return EFFECT_CHANGE;
	if (in_table(destroys, COUNT_OF(destroys), word, sub))
		return EFFECT_DESTROY;
	if (strcasecmp(word, "command") == 0 && !sub)
		return EFFECT_READ; /* the list of all commands */
	return in_table(reads, COUNT_OF(reads), word, sub) ? EFFECT_READ : EFFECT_CHANGE;
}

bool redis_leaves_nothing(const json_t *words)
{
	const char *word = word_at(words, 0);
	const char *sub = word_at(words, 1);

	return word && strcasecmp(word, "quit") != 0 &&
	       (in_table(reads, COUNT_OF(reads), word, sub) ||
	           in_table(plain_changes, COUNT_OF(plain_changes), word, sub));
}

int redis_check(const json_t *words, struct err *err)
{
	const char *word = word_at(words, 0);
	const char *sub = word_at(words, 1);

	if (!word || !*word)
		return err_set(err, ERR_INPUT, "redis: the command is empty");
	for (size_t i = 0; i < COUNT_OF(refused); i++)
		if (names(refused[i].name, word, sub))
			return err_set(err, ERR_INPUT, "redis: %s can't be used here: %s",
			    refused[i].name, refused[i].why);
	return 0;
}
