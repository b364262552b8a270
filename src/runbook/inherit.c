/* Which variables commands get. Invariant: a variable that anything but a channel or a target's login names, in any
 * way, is not withheld: a script that reads it finds it. */
#include "fsops/inherit.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/adapter.h"
#include "fsops/env_use.h"
#include "fsops/mem.h"
#include "runbook/catalog/catalog.h"

#define NAME_CHARS "_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* ---- the key ---- */

static bool is_pattern(const char *text)
{
	if (!*text || isdigit((unsigned char)*text))
		return false;
	for (; *text; text++)
		if (!isalnum((unsigned char)*text) && *text != '_' && *text != '*')
			return false;
	return true;
}

static int parse_one(const struct node *value, json_t *names, struct problems *list)
{
	if (value->kind != NODE_SCALAR || !is_pattern(value->text)) {
		NODE_PROBLEM(list, value,
		    "'inherit' takes names of environment variables, with '*' for any text, such "
		    "as [AWS_*, PGPASSWORD]");
		return -1;
	}
	return json_array_append_new(names, json_string(value->text));
}

int inherit_parse(const struct node *value, json_t *out, struct problems *list)
{
	json_t *names;
	int result = 0;

	if (!value)
		return 0;
	names = json_array();
	if (value->kind == NODE_LIST)
		for (size_t i = 0; i < value->count; i++)
			result |= parse_one(value->items[i], names, list);
	else
		result = parse_one(value, names, list);
	json_object_set_new(out, ADAPTER_INHERIT, names);
	return result;
}

/* ---- what only fsops uses ---- */

/* A name that is asked about, and how often it stands in texts as a word of its own. */
struct word {
	char *text;
	bool variable; /* of the environment */
	size_t own;    /* in what stays in fsops */
	size_t others; /* in all else */
};

struct words {
	struct word *list; /* by text, once sorted */
	size_t count;
};

static bool is_name(const char *text)
{
	return text[strspn(text, NAME_CHARS)] == '\0';
}

static void add_word(struct words *words, const char *text, bool variable)
{
	MEM_PUSH_ROOM(words->list, words->count);
	words->list[words->count++] = (struct word){.text = mem_text(text), .variable = variable};
}

static void add_variable(void *words, const char *name)
{
	if (is_name(name))
		add_word(words, name, true);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(((const struct word *)a)->text, ((const struct word *)b)->text);
}

/* Each once. */
static void sort_words(struct words *words)
{
	size_t kept = 0;

	if (words->count)
		qsort(words->list, words->count, sizeof(*words->list), by_text);
	for (size_t i = 0; i < words->count; i++) {
		struct word *last = kept ? &words->list[kept - 1] : NULL;

		if (last && strcmp(last->text, words->list[i].text) == 0) {
			last->variable |= words->list[i].variable;
			free(words->list[i].text);
		} else {
			words->list[kept++] = words->list[i];
		}
	}
	words->count = kept;
}

/* NULL: it is not asked about. */
static struct word *find_word(const struct words *words, const char *text, size_t len)
{
	size_t low = 0;
	size_t high = words->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		struct word *word = &words->list[middle];
		int order = strncmp(word->text, text, len);

		if (!order && !word->text[len])
			return word;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* ---- where they stand ---- */

typedef void word_fn(struct word *word);

static void count_other(struct word *word)
{
	word->others++;
}

static void make_own(struct word *word)
{
	word->others--;
	word->own++;
}

static void forget(struct word *word)
{
	word->others--;
}

static void each_word_of(const struct words *words, const char *text, word_fn *fn)
{
	while (*(text += strcspn(text, NAME_CHARS))) {
		size_t len = strspn(text, NAME_CHARS);
		struct word *word = find_word(words, text, len);

		if (word)
			fn(word);
		text += len;
	}
}

/* What `inherit` gives to one command is none of the others'. */
static void each_word(const struct words *words, const struct node *node, word_fn *fn)
{
	if (!node)
		return;
	if (node->kind == NODE_SCALAR)
		each_word_of(words, node->text, fn);
	for (size_t i = 0; node->kind != NODE_SCALAR && i < node->count; i++)
		if (node->kind != NODE_MAP || strcmp(node->keys[i]->text, ADAPTER_INHERIT) != 0)
			each_word(words, node->items[i], fn);
}

static void count_all(const struct words *words, const struct catalog *catalog)
{
	each_word(words, catalog->platform->node, count_other);
	for (size_t i = 0; i < catalog->runbook_count; i++)
		each_word(words, catalog->runbooks[i]->node, count_other);
}

/* ---- what stays in fsops ---- */

/* What lets a request in at TARGET: it is sent by fsops itself. */
static void each_login(
    const struct target *target, void (*fn)(void *ctx, const struct node *node), void *ctx)
{
	static const char *const keys[] = {"bearer", "basic", "headers"};

	if (!target->node || !target->adapter || !target->adapter->target_secrets)
		return;
	for (size_t i = 0; i < COUNT_OF(keys); i++)
		if (node_get(target->node, keys[i]))
			fn(ctx, node_get(target->node, keys[i]));
}

static void each_own(
    const struct platform *platform, void (*fn)(void *ctx, const struct node *node), void *ctx)
{
	const struct node *channels = node_get(platform->node, "channels");

	if (channels)
		fn(ctx, channels);
	for (size_t i = 0; i < platform->target_count; i++)
		each_login(&platform->targets[i], fn, ctx);
}

static void find_names(void *use, const struct node *node)
{
	if (node->kind == NODE_SCALAR)
		env_use_text(use, node->text);
	for (size_t i = 0; node->kind != NODE_SCALAR && i < node->count; i++)
		find_names(use, node->items[i]);
}

static void node_is_own(void *words, const struct node *node)
{
	each_word(words, node, make_own);
}

/* Variables that nothing but those uses. A later one may use an earlier one: the last comes first. */
static void vars_are_own(struct words *words, const struct node *vars)
{
	for (size_t i = vars && vars->kind == NODE_MAP ? vars->count : 0; i-- > 0;) {
		const char *name = vars->keys[i]->text;
		const struct word *word = find_word(words, name, strlen(name));

		if (word && word->own && !word->others)
			each_word(words, vars->items[i], make_own);
	}
}

static void find_words(struct words *words, const struct platform *platform)
{
	static const struct env_told told = {.name = add_variable};
	struct env_use *use = env_use_new(platform, &told, words);
	const struct node *vars = node_get(platform->node, "vars");

	each_own(platform, find_names, use);
	env_use_end(use);
	for (size_t i = 0; vars && vars->kind == NODE_MAP && i < vars->count; i++)
		add_word(words, vars->keys[i]->text, false);
	sort_words(words);
}

/* The variables that nothing but what is own names; the words are gone. */
static char **take_names(struct words *words)
{
	char **names = mem_alloc((words->count + 1) * sizeof(*names));
	size_t count = 0;

	for (size_t i = 0; i < words->count; i++) {
		if (words->list[i].variable && !words->list[i].others)
			names[count++] = words->list[i].text;
		else
			free(words->list[i].text);
	}
	free(words->list);
	return names;
}

char **inherit_withheld(const struct catalog *catalog)
{
	const struct platform *platform = catalog->platform;
	struct words words = {0};

	if (!platform->node)
		return take_names(&words);
	find_words(&words, platform);
	count_all(&words, catalog);
	each_own(platform, node_is_own, &words);
	vars_are_own(&words, node_get(platform->node, "vars"));
	/* the list of what is masked uses nothing */
	each_word(&words, node_get(platform->node, "secrets"), forget);
	return take_names(&words);
}
