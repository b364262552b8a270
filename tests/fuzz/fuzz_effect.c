/*
 * Fuzzing what tells what a command would do: SQL, Redis commands, kubectl's words, and pipes in shell scripts. The
 * input's first byte chooses which.
 *
 * Invariant: whatever the words are, there is an answer; and neither case nor white space nor comments, nor what follows
 * a destroying statement, make less of it.
 */
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/kubectl/kubectl.h"
#include "adapters/postgres/postgres.h"
#include "adapters/redis/redis.h"
#include "fsops/buf.h"
#include "fsops/mem.h"
#include "fsops/script.h"
#include "fsops/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define WORDS_MAX 24

/* A blank stands where anything that separates words may stand. */
static const char *const destroying[] = {"DROP TABLE x", "TRUNCATE TABLE x", "TRUNCATE x",
    "DELETE FROM x", "DROP DATABASE x", "DROP SCHEMA x CASCADE", "ALTER TABLE x DROP COLUMN y",
    "EXPLAIN ANALYZE DELETE FROM x", "WITH a AS (DELETE FROM x RETURNING *) SELECT * FROM a"};
static const char *const changing[] = {"INSERT INTO x VALUES (1)", "UPDATE x SET a = 1 WHERE b = 2",
    "CREATE TABLE x (a int)", "VACUUM x", "GRANT ALL ON x TO y", "SELECT 1 INTO x", "CALL f()",
    "SELECT 1 FOR UPDATE"};

/* TEXT with the case of its letters and its blanks chosen by DATA; a new string. */
static char *varied(const char *text, const uint8_t *data, size_t size)
{
	static const char *const gaps[] = {" ", "\n", "\t", "  ", "/* a */", " -- a\n",
	    "/* a /* b */ -- */", "\r\n", "\f", "/**/"};
	struct buf out;
	size_t at = 0;

	buf_init(&out, BUF_TEXT_MAX);
	for (; *text; text++) {
		uint8_t choice = size ? data[at++ % size] : 0;

		if (*text == ' ')
			buf_adds(&out, gaps[choice % COUNT_OF(gaps)]);
		else
			buf_addc(&out, choice & 1 ? (char)tolower((unsigned char)*text) : *text);
	}
	return buf_detach(&out);
}

static void check_varied(const char *text, enum effect least, const uint8_t *data, size_t size)
{
	char *sql = varied(text, data, size);

	if (sql_effect(text) < least || sql_effect(sql) != sql_effect(text))
		abort();
	free(sql);
}

static void try_sql(const uint8_t *data, size_t size)
{
	char *sql = mem_textn((const char *)data, size);
	char *more = mem_printf("DROP TABLE x; %s", sql);
	struct err err;
	uint8_t which = size ? data[0] : 0;

	if (sql_effect(sql) > EFFECT_DESTROY || sql_effect(more) != EFFECT_DESTROY)
		abort();
	sql_check(sql, &err);
	free(sql_object(sql));
	check_varied(destroying[which % COUNT_OF(destroying)], EFFECT_DESTROY, data, size);
	check_varied(changing[which % COUNT_OF(changing)], EFFECT_CHANGE, data, size);
	free(more);
	free(sql);
}

/* The input's lines as words. */
static size_t split(char *text, char **words)
{
	size_t count = 0;

	for (char *at = text; at && *at && count < WORDS_MAX;) {
		char *end = strchr(at, '\n');

		if (end)
			*end++ = '\0';
		words[count++] = at;
		at = end;
	}
	words[count] = NULL;
	return count;
}

static json_t *words_json(char *const *words, bool upper)
{
	json_t *list = json_array();

	for (; *words; words++) {
		char *word = mem_text(*words);

		for (char *at = word; *at; at++)
			*at = (char)(upper ? toupper((unsigned char)*at)
			                   : tolower((unsigned char)*at));
		json_array_append_new(list, value_text(word, strlen(word)));
		free(word);
	}
	return list;
}

static void try_redis(const uint8_t *data, size_t size)
{
	static const char *const known[] = {
	    "FLUSHALL", "flushdb", "DEL", "SET", "get", "CONFIG", "eval", "SCRIPT"};
	char *text = mem_textn((const char *)data, size);
	char *words[WORDS_MAX + 1];
	struct err err;
	json_t *upper;
	json_t *lower;

	if (split(text, words) && size && data[size - 1] % 2)
		words[0] = (char *)known[data[size - 1] / 2 % COUNT_OF(known)];
	upper = words_json(words, true);
	lower = words_json(words, false);
	if (json_array_size(upper)) {
		if (redis_effect(upper) > EFFECT_DESTROY ||
		    redis_effect(upper) != redis_effect(lower))
			abort();
		if (strcasecmp(words[0], "flushall") == 0 && redis_effect(upper) != EFFECT_DESTROY)
			abort();
		redis_check(lower, &err);
	}
	json_decref(upper);
	json_decref(lower);
	free(text);
}

static void try_kubectl(const uint8_t *data, size_t size)
{
	char *text = mem_textn((const char *)data, size);
	char *tail = mem_text(text);
	char *words[WORDS_MAX + 3] = {"delete", "pod"};

	split(tail, words + 2);
	if (!strstr(text, "--dry-run") && kubectl_effect(words) != EFFECT_DESTROY)
		abort();
	split(text, words);
	kubectl_effect(words);
	free(kubectl_object(words));
	free(tail);
	free(text);
}

static void try_script(const uint8_t *data, size_t size)
{
	char *text = mem_textn((const char *)data, size);
	char *after = mem_printf("dump x | gzip\n%s", text);
	bool spoken = strstr(text, "pipefail") || strstr(text, "PIPESTATUS");
	size_t at;

	if (script_drops_status(text, &at) && (at >= strlen(text) || text[at] != '|'))
		abort();
	if (!spoken && !script_drops_status(after, &at))
		abort();
	free(after);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const tries[])(const uint8_t *data, size_t size) = {
	    try_sql, try_redis, try_kubectl, try_script};

	if (size)
		tries[data[0] % COUNT_OF(tries)](data + 1, size - 1);
	return 0;
}
