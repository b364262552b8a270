/*
 * The redis adapter: one command, through hiredis' async interface.
 *
 * Invariant: the command is a list of words from the runbook to the wire; no value can become two
 * words or another command than the one whose effect was approved.
 *
 * Arguments: {"words": […]}.
 * Target: {"url": text}; a tunnel adds "hostaddr" and "port" (texts), which win over it.
 * The password is FSOPS_REDIS_PASSWORD, else REDISCLI_AUTH.
 */
#include "redis.h"

#include <stdlib.h>
#include <string.h>

#include "fsops/value.h"

static const struct adapter_field fields[] = {
    {"reply", "any", "the reply: text, int, list or null"},
    {"info", "map", "an INFO reply as a map: info.used_memory, info.db0.keys"},
    {NULL, NULL, NULL},
};

static json_t *parse(const struct node *value, struct problems *list)
{
	json_t *words = node_want_words(value, "the redis command", list);
	const char *word;
	struct err err;

	if (!words)
		return NULL;
	word = json_string_value(json_array_get(words, 0));
	/* A name that is not known yet is looked at when it is. */
	if (!(word && strstr(word, "${")) && redis_check(words, &err) < 0) {
		NODE_PROBLEM(list, value, "%s", err.text);
		json_decref(words);
		return NULL;
	}
	return json_pack("{s:o}", "words", words);
}

static const struct node_key target_keys[] = {
    {"redis", WANT_TEXT, true, "redis://[user@]host[:port][/db] or unix:///path"},
    {"tunnel", WANT_TEXT, false, "through kubectl port-forward"},
    {NULL, WANT_ANY, false, NULL},
};

static json_t *target_parse(const struct node *map, struct problems *list)
{
	const struct node *node;
	struct redis_place place;
	struct err err;

	if (node_check_map(map, target_keys, "a redis target", list))
		return NULL;
	node = node_get(map, "redis");
	/* With a template in it, it is checked when it is filled in. */
	if (!strstr(node->text, "${")) {
		if (redis_place_parse(&place, node->text, &err) < 0) {
			NODE_PROBLEM(list, node, "%s", err.text);
			return NULL;
		}
		redis_place_release(&place);
	}
	return json_pack("{s:s}", "url", node->text);
}

static enum effect effect(const json_t *args)
{
	return redis_effect(json_object_get(args, "words"));
}

/* PORT: a tunnel's, which may not be known yet; or NULL. */
static void describe_place(const struct redis_place *place, const char *port, struct buf *out)
{
	buf_adds(out, place->socket ? " -s " : " -h ");
	buf_add_shell_word(out, place->socket ? place->socket : place->host);
	if (!place->socket && port) {
		buf_adds(out, " -p ");
		buf_add_shell_word(out, port);
	} else if (!place->socket) {
		buf_addf(out, " -p %d", place->port);
	}
	if (place->db)
		buf_addf(out, " -n %d", place->db);
	if (place->user) {
		buf_adds(out, " --user ");
		buf_add_shell_word(out, place->user);
	}
}

static void describe_target(const json_t *target, struct buf *out)
{
	const char *url = value_get_text(target, "url");
	struct redis_place place;

	if (url && strstr(url, "${")) { /* not known yet */
		buf_adds(out, " -u ");
		buf_add_shell_word(out, url);
	} else if (redis_place_init(&place, target, NULL) == 0) {
		describe_place(&place, value_get_text(target, "port"), out);
		redis_place_release(&place);
	}
}

static void describe(const json_t *args, const json_t *target, enum effect effect, struct buf *out)
{
	const char *password = getenv("FSOPS_REDIS_PASSWORD");
	size_t index;
	json_t *word;

	(void)effect;
	/* redis-cli knows REDISCLI_AUTH only; by name, so that the password is not shown. */
	if (password && *password)
		buf_adds(out, "REDISCLI_AUTH=\"$FSOPS_REDIS_PASSWORD\" ");
	buf_adds(out, "redis-cli");
	describe_target(target, out);
	json_array_foreach(json_object_get(args, "words"), index, word) {
		char *text = value_to_text(word);

		buf_addc(out, ' ');
		buf_add_shell_word(out, text);
		free(text);
	}
}

const struct adapter adapter_redis = {
    .name = "redis",
    .help = "Run one Redis command",
    .forms = "a command as words, [list, of, words]",
    .fields = fields,
    .succeeds = "no error reply",
    .decides = "reply",
    .takes = ADAPTER_TEXT | ADAPTER_LIST,
    .target_kind = "redis",
    .target_keys = target_keys,
    .target_needed = true,
    .parse = parse,
    .target_parse = target_parse,
    .place = redis_place_of,
    .effect = effect,
    .describe = describe,
    .start = redis_start,
    .cancel = redis_cancel,
    .release = redis_release,
};
