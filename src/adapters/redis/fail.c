/*
 * What went wrong with Redis as one sentence: what, where, why, and what to do.
 *
 * Invariant: a sentence never holds a password; Redis itself repeats none in its errors.
 */
#include "redis.h"

#include <stdio.h>
#include <string.h>

#include "fsops/mem.h"

struct advice {
	const char *sign;
	const char *text;
};

/* By the beginning of an error reply. */
static const struct advice by_reply[] = {
    {"NOAUTH", "the server wants a password: put it into FSOPS_REDIS_PASSWORD (or REDISCLI_AUTH)"},
    {"WRONGPASS", "check FSOPS_REDIS_PASSWORD (or REDISCLI_AUTH) and the user in the target's URL"},
    {"ERR AUTH", "the server has no password: unset FSOPS_REDIS_PASSWORD and REDISCLI_AUTH, or "
                 "check the target"},
    {"ERR invalid password", "check FSOPS_REDIS_PASSWORD (or REDISCLI_AUTH)"},
    {"ERR Client sent AUTH",
        "the server has no password: unset FSOPS_REDIS_PASSWORD and REDISCLI_AUTH"},
    {"NOPERM", "this user may not run it: grant it with ACL SETUSER, or name another user in the "
               "target's URL"},
    {"LOADING", "the server is reading its data from disk: wait until it has ended"},
    {"READONLY", "this is a replica: name the primary in the target (ROLE tells where it is)"},
    {"OOM", "the server has reached maxmemory: free or raise it, or set an eviction policy"},
    {"MISCONF", "the server can't save to disk and refuses writes: look at its log and its disk"},
    {"MOVED", "this is a cluster, and the key is on the node that is named: make that the target"},
    {"ASK", "this is a cluster, and the slot is being moved: try again later"},
    {"CLUSTERDOWN", "the cluster is down: CLUSTER INFO tells which slots are missing"},
    {"CROSSSLOT", "in a cluster all keys of one command must share a slot"},
    {"BUSY", "a script or function runs too long: SCRIPT KILL (or FUNCTION KILL) ends it"},
    {"MASTERDOWN", "the replica has lost its primary: look at INFO replication"},
    {"NOREPLICAS", "too few replicas are connected (min-replicas-to-write)"},
    {"NOSCRIPT", "the script is not loaded on this server: use EVAL"},
    {"WRONGTYPE", "the key holds another type: TYPE tells which"},
    {"DENIED", "the server is in protected mode: connect from its own machine, or set a password"},
    {"ERR unknown command", "check its spelling against this server's version (COMMAND LIST)"},
    {"ERR unknown subcommand", "check its spelling against this server's version"},
    {"ERR wrong number of arguments", "correct the command in the runbook"},
    {"ERR syntax error", "correct the command in the runbook"},
    {"ERR max number of clients", "the server is at maxclients: CLIENT LIST tells who they are"},
    {"ERR DB index", "there is no such database: check the number in the target's URL"},
    {NULL, NULL},
};

/* By a part of the system's or hiredis' words. */
static const struct advice by_text[] = {
    {"Connection refused", "is the server running there, and is the port right?"},
    {"No such file", "is the server running on this machine, and is the socket's path right?"},
    {"Permission denied", "this user may not open the socket"},
    {"No route to host", "check the network, VPN or tunnel"},
    {"Network is unreachable", "check the network, VPN or tunnel"},
    {"no answer", "check the network, firewall or tunnel, and whether the server hangs"},
    {"timed out", "check the network, firewall or tunnel"},
    {"unknown host", "check the name, DNS and VPN"},
    {"Protocol error", "is that port really a Redis server's, and one without TLS?"},
    {"out of range", "is that port really a Redis server's?"},
    {"Bad integer", "is that port really a Redis server's?"},
    {"No support for nested", "ask for less"},
    {NULL, NULL},
};

static const char *advice_for(const struct advice *table, const char *text, bool beginning)
{
	for (; table->sign; table++)
		if (beginning ? strncmp(text, table->sign, strlen(table->sign)) == 0
		              : strstr(text, table->sign) != NULL)
			return table->text;
	return NULL;
}

static void sentence(const char *before, const struct redis_place *place, const char *after,
    const char *why, const char *advice, struct err *err)
{
	struct buf where;

	buf_init(&where, BUF_TEXT_MAX);
	redis_place_show(place, &where);
	err_set(err, ERR_REMOTE, "%s%s%s: %.400s%s%s", before, where.data, after, why,
	    advice ? ": " : "", advice ? advice : "");
	buf_release(&where);
}

void redis_fail_reply(const struct redis_place *place, const char *reply, struct err *err)
{
	sentence("redis at ", place, "", reply, advice_for(by_reply, reply, true), err);
}

void redis_fail_large(const struct redis_place *place, struct err *err)
{
	char why[64];

	snprintf(why, sizeof(why), "the reply is over %zu MiB", REDIS_REPLY_MAX >> 20);
	sentence("redis at ", place, "", why, "ask for less (SCAN, LRANGE, GETRANGE …)", err);
	err->kind = ERR_LIMIT;
}

void redis_fail_connect(const struct redis_place *place, const char *why, struct err *err)
{
	sentence(
	    "unable to connect to redis at ", place, "", why, advice_for(by_text, why, false), err);
	if (strstr(why, "no answer") || strstr(why, "timed out"))
		err->kind = ERR_TIMEOUT;
}

void redis_fail_lost(const struct redis_place *place, const char *why, bool change, struct err *err)
{
	/* With too many clients the server says so and hangs up, before anything was asked. */
	const char *advice = advice_for(by_reply, why, true);

	if (!advice)
		advice = advice_for(by_text, why, false);
	if (!advice)
		advice = change ? "look whether the change was made before it is tried again"
		                : "look at the server's log";
	sentence("the connection to redis at ", place, " broke before the reply was whole", why,
	    advice, err);
}
