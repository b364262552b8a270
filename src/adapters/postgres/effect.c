/*
 * What a SQL statement would do, told from its words.
 *
 * Invariant: what is not understood counts as the worse. A statement judged a read by mistake
 * still meets the server's read-only transaction; the tables here are for what that lets through.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fsops/mem.h"
#include "postgres.h"
#include "sql.h"

static bool any_word(const struct sql_tokens *all, size_t index, const char *const *words)
{
	for (; *words; words++)
		if (sql_is_word(all, index, *words))
			return true;
	return false;
}

/* A word that stands for itself: not `x.word`, not `AS word`. */
static bool keyword(const struct sql_tokens *all, size_t index, const char *word)
{
	if (!sql_is_word(all, index, word))
		return false;
	return !index ||
	       (!sql_is_sign(&all->items[index - 1], '.') && !sql_is_word(all, index - 1, "as"));
}

static const char *const read_heads[] = {
    "select", "with", "table", "values", "show", "explain", NULL};
static const char *const destroy_heads[] = {"drop", "truncate", NULL};
static const char *const writers[] = {"insert", "update", "merge", NULL};
static const char *const lock_words[] = {"update", "share", "no", "key", NULL};
/* ALTER … DROP of these loses no data. */
static const char *const harmless_drops[] = {
    "default", "not", "expression", "identity", "constraint", NULL};

/*
 * Functions that act although they stand in a SELECT, also in a read-only transaction or
 * in ways that make it fail. A name that ends with * is a beginning.
 */
static const char *const acting_functions[] = {
    "pg_terminate_backend",
    "pg_cancel_backend",
    "pg_reload_conf",
    "pg_rotate_logfile*",
    "pg_switch_wal",
    "pg_switch_xlog",
    "pg_create_restore_point",
    "pg_promote",
    "pg_wal_replay_*",
    "pg_xlog_replay_*",
    "pg_start_backup",
    "pg_stop_backup",
    "pg_backup_*",
    "pg_create_physical_replication_slot",
    "pg_create_logical_replication_slot",
    "pg_copy_physical_replication_slot",
    "pg_copy_logical_replication_slot",
    "pg_drop_replication_slot",
    "pg_replication_slot_advance",
    "pg_logical_slot_get_*",
    "pg_logical_emit_message",
    "pg_replication_origin_*",
    "pg_stat_reset*",
    "pg_stat_statements_reset",
    "pg_log_backend_memory_contexts",
    "pg_advisory_lock*",
    "pg_advisory_unlock*",
    "pg_notify",
    "pg_export_snapshot",
    "pg_import_system_collations",
    "pg_logfile_rotate",
    "pg_file_*",
    "pg_prewarm",
    "pg_prewarm_*",
    "pg_repack*",
    "nextval",
    "setval",
    "set_config",
    "lo_*",
    "lowrite",
    "dblink*",
    "cron.schedule*",
    "pg_sync_replication_slots",
    "brin_summarize_*",
    "brin_desummarize_range",
    "gin_clean_pending_list",
    "pg_clear_*",
    "pg_restore_*",
    NULL,
};

/* These run a query that is given as text, in the same read-only transaction: what acts there acts here. */
static const char *const running_functions[] = {
    "query_to_xml*", "ts_stat", "ts_rewrite", "crosstab*", "connectby", NULL};

static bool name_matches(const struct sql_token *token, const char *pattern)
{
	bool quoted = token->kind == SQL_NAME;
	const char *name = token->text + quoted;
	size_t len = token->len - 2 * quoted;
	size_t want = strlen(pattern);
	bool prefix = want && pattern[want - 1] == '*';

	want -= prefix;
	if (prefix ? len < want : len != want)
		return false;
	return (quoted ? strncmp(name, pattern, want) : strncasecmp(name, pattern, want)) == 0;
}

/* Is NAME, of LEN bytes, somewhere in TOKEN's text? However the letters are written. */
static bool mentions(const struct sql_token *token, const char *name, size_t len)
{
	for (size_t i = 0; i + len <= token->len; i++)
		if (strncasecmp(token->text + i, name, len) == 0)
			return true;
	return false;
}

/* Does a text anywhere in the statement name a function that acts? */
static bool texts_act(const struct sql_tokens *all)
{
	for (size_t i = 0; i < all->count; i++)
		for (const char *const *name = acting_functions;
		     all->items[i].kind == SQL_TEXT && *name; name++)
			if (mentions(&all->items[i], *name, strcspn(*name, "*")))
				return true;
	return false;
}

/* Is it the name of a function from the table, about to be called? */
static bool acts(const struct sql_tokens *all, size_t index)
{
	const struct sql_token *token = &all->items[index];

	if (token->kind != SQL_WORD && token->kind != SQL_NAME)
		return false;
	if (index + 1 >= all->count || !sql_is_sign(token + 1, '('))
		return false;
	if (token->kind == SQL_NAME && token->text[0] != '"')
		return true; /* U&"…" can spell any name */
	for (const char *const *name = acting_functions; *name; name++)
		if (name_matches(token, *name))
			return true;
	for (const char *const *name = running_functions; *name; name++)
		if (name_matches(token, *name))
			return texts_act(all);
	return false;
}

/* Does the DELETE at INDEX have a WHERE of its own? */
static bool has_where(const struct sql_tokens *all, size_t index)
{
	int depth = all->items[index].depth;

	for (size_t i = index + 1; i < all->count && all->items[i].depth >= depth; i++) {
		if (all->items[i].depth > depth)
			continue;
		if (keyword(all, i, "returning"))
			return false;
		if (keyword(all, i, "where"))
			return true;
	}
	return false;
}

/* Does a statement begin at INDEX: the first one, the body of a WITH, or what follows its list? */
static bool begins(const struct sql_tokens *all, size_t index, size_t head)
{
	const struct sql_token *before;

	if (index == head)
		return true;
	before = &all->items[index - 1];
	if (sql_is_sign(before, '('))
		return index >= 2 && (sql_is_word(all, index - 2, "as") ||
		                         sql_is_word(all, index - 2, "materialized"));
	return sql_is_word(all, head, "with") && sql_is_sign(before, ')') &&
	       all->items[index].depth == all->items[head].depth;
}

static enum effect head_effect(const struct sql_tokens *all, size_t head)
{
	if (any_word(all, head, destroy_heads))
		return EFFECT_DESTROY;
	return any_word(all, head, read_heads) ? EFFECT_READ : EFFECT_CHANGE;
}

/* What the token at INDEX adds to it. */
static enum effect token_effect(const struct sql_tokens *all, size_t index, size_t head)
{
	if (sql_is_word(all, index, "delete") && begins(all, index, head))
		return has_where(all, index) ? EFFECT_CHANGE : EFFECT_DESTROY;
	if (any_word(all, index, writers) && begins(all, index, head))
		return EFFECT_CHANGE;
	if (keyword(all, index, "drop") && sql_is_word(all, head, "alter") &&
	    !any_word(all, index + 1, harmless_drops))
		return EFFECT_DESTROY;
	/* Row locks and SELECT INTO are refused in a read-only transaction. */
	if (keyword(all, index, "into"))
		return EFFECT_CHANGE;
	if (keyword(all, index, "for") && any_word(all, index + 1, lock_words))
		return EFFECT_CHANGE;
	return acts(all, index) ? EFFECT_CHANGE : EFFECT_READ;
}

/* Step over EXPLAIN and its options; true when it only plans. */
static bool only_plans(const struct sql_tokens *all, size_t *head)
{
	bool analyze = false;
	size_t i = *head + 1;

	if (i < all->count && sql_is_sign(&all->items[i], '(')) {
		int depth = all->items[i].depth;

		for (i++; i < all->count && all->items[i].depth > depth; i++)
			analyze |= sql_is_word(all, i, "analyze") || sql_is_word(all, i, "analyse");
		i++;
	}
	for (;; i++) {
		bool runs = sql_is_word(all, i, "analyze") || sql_is_word(all, i, "analyse");

		if (!runs && !sql_is_word(all, i, "verbose"))
			break;
		analyze |= runs;
	}
	*head = i;
	return !analyze;
}

static enum effect judge(const struct sql_tokens *all)
{
	enum effect worst;
	size_t head = 0;

	if (!all->count || all->items[all->count - 1].kind == SQL_OPEN)
		return EFFECT_DESTROY;
	if (sql_is_word(all, head, "explain") && only_plans(all, &head))
		return EFFECT_READ;
	while (head < all->count && sql_is_sign(&all->items[head], '('))
		head++;
	worst = head_effect(all, head);
	for (size_t i = head; i < all->count; i++) {
		enum effect one = token_effect(all, i, head);

		if (one > worst)
			worst = one;
	}
	return worst;
}

enum effect sql_effect(const char *sql)
{
	struct sql_tokens all;
	enum effect effect;

	sql_cut(sql, &all);
	effect = judge(&all);
	free(all.items);
	return effect;
}

/* --- what is destroyed --- */

/* The words between DROP, TRUNCATE or DELETE and the name. */
static const char *const before_name[] = {"drop", "truncate", "delete", "from", "only", "if",
    "exists", "concurrently", "table", "view", "materialized", "index", "sequence", "schema",
    "database", "function", "procedure", "routine", "aggregate", "role", "user", "group",
    "extension", "type", "domain", "foreign", "event", "trigger", "tablespace", "publication",
    "subscription", "policy", "rule", "language", "owned", "by", "server", "collation", NULL};

static char *object_of(const struct sql_tokens *all)
{
	size_t first = 0;
	size_t last;

	if (!any_word(all, 0, destroy_heads) && !sql_is_word(all, 0, "delete"))
		return NULL;
	while (any_word(all, first, before_name))
		first++;
	if (first >= all->count || all->items[all->count - 1].kind == SQL_OPEN)
		return NULL;
	/* schema.name; of a list only its first, which is enough to know what one is doing */
	for (last = first; last + 2 < all->count && sql_is_sign(&all->items[last + 1], '.');)
		last += 2;
	return mem_textn(all->items[first].text,
	    (size_t)(all->items[last].text - all->items[first].text) + all->items[last].len);
}

char *sql_object(const char *sql)
{
	struct sql_tokens all;
	char *object;

	sql_cut(sql, &all);
	object = object_of(&all);
	free(all.items);
	return object;
}
