/*
 * What a kubectl command would do: a table of verbs, and for some of them a look at their flags.
 *
 * Invariant: what can't be told is taken for the worst it could be. A word that still holds `${…}`
 * may become anything but a flag (kubectl.c sees to that); words after `--` are not kubectl's.
 */
#include "kubectl.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"

/* Flags whose value may be the next word; the others have none, or have it after `=`. */
static const char *const value_flags[] = {"--as", "--as-group", "--as-uid", "--cache-dir",
    "--certificate-authority", "--chunk-size", "--client-certificate", "--client-key", "--cluster",
    "--container", "--context", "--cpu-percent", "--current-replicas", "--env", "--field-manager",
    "--field-selector", "--filename", "--for", "--from-env-file", "--from-file", "--from-literal",
    "--grace-period", "--image", "--kubeconfig", "--kustomize", "--labels", "--limit-bytes",
    "--limits", "--max", "--max-log-requests", "--min", "--name", "--namespace", "--output",
    "--overrides", "--password", "--patch", "--patch-file", "--pod-running-timeout",
    "--pod-selector", "--port", "--profile", "--profile-output", "--raw", "--replicas",
    "--request-timeout", "--requests", "--resource-version", "--revision", "--selector", "--server",
    "--since", "--since-time", "--skip-wait-for-delete-timeout", "--sort-by", "--subresource",
    "--tail", "--target-port", "--template", "--timeout", "--tls-server-name", "--to-revision",
    "--token", "--type", "--user", "--username", "--v", "--vmodule"};

/* Flags that have no value as a word of their own. */
static const char *const plain_flags[] = {"--all", "--all-containers", "--all-namespaces",
    "--cascade", "--delete-emptydir-data", "--disable-eviction", "--dry-run", "--follow", "--force",
    "--help", "--ignore-daemonsets", "--ignore-not-found", "--insecure-skip-tls-verify",
    "--no-headers", "--now", "--overwrite", "--prefix", "--previous", "--prune", "--record",
    "--recursive", "--server-side", "--show-labels", "--stdin", "--timestamps", "--tty", "--wait",
    "--warnings-as-errors", "--watch", "--watch-only"};

/* The same for one letter. -f and -p stand for --follow and --previous in `logs` only. */
#define VALUE_LETTERS "nlLfcoksvp"
#define LOGS_PLAIN    "fp"

#define PLACES_MAX 64

/* The words that are neither flags nor values of flags. */
struct places {
	const char *items[PLACES_MAX];
	size_t count;
	/* From this place on it is not sure, because of a flag that is not known; SIZE_MAX: all are. */
	size_t unsure_from;
};

static bool in_list(const char *word, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(word, list[i]) == 0)
			return true;
	return false;
}

static bool is_flag(const char *word)
{
	return word[0] == '-' && word[1];
}

/* 1: its value is the next word; 0: it isn't; -1: not known. */
static int takes_word(const char *flag, const struct places *places)
{
	bool logs = places->count && strncmp(places->items[0], "log", 3) == 0;

	if (strchr(flag, '='))
		return 0;
	if (flag[1] != '-')
		return strlen(flag) == 2 && strchr(VALUE_LETTERS, flag[1]) &&
		       !(logs && strchr(LOGS_PLAIN, flag[1]));
	if (in_list(flag, value_flags, COUNT_OF(value_flags)))
		return 1;
	return in_list(flag, plain_flags, COUNT_OF(plain_flags)) ? 0 : -1;
}

static void find_places(char *const *words, struct places *places)
{
	*places = (struct places){.unsure_from = SIZE_MAX};
	for (; *words && strcmp(*words, "--") != 0; words++) {
		int takes = is_flag(*words) ? takes_word(*words, places) : 0;

		if (takes < 0 && places->unsure_from > places->count)
			places->unsure_from = places->count;
		if (takes > 0 && words[1])
			words++;
		else if (!is_flag(*words) && places->count < PLACES_MAX)
			places->items[places->count++] = *words;
	}
}

static const char *place(const struct places *places, size_t at)
{
	return at < places->count && at < places->unsure_from ? places->items[at] : NULL;
}

/* The value of the last LONG_NAME, NULL when it is not there; "" when it has none. */
static const char *flag_value(char *const *words, const char *long_name)
{
	size_t len = strlen(long_name);
	const char *value = NULL;

	for (; *words && strcmp(*words, "--") != 0; words++) {
		if (strncmp(*words, long_name, len) != 0)
			continue;
		if ((*words)[len] == '=')
			value = *words + len + 1;
		else if (!(*words)[len])
			value = words[1] && in_list(long_name, value_flags, COUNT_OF(value_flags))
			            ? words[1]
			            : "";
	}
	return value;
}

bool kubectl_has_flag(char *const *words, const char *long_name, const char *short_name)
{
	if (flag_value(words, long_name))
		return true;
	for (; short_name && *words && strcmp(*words, "--") != 0; words++)
		if (strncmp(*words, short_name, strlen(short_name)) == 0)
			return true;
	return false;
}

static bool is_set(char *const *words, const char *flag)
{
	const char *value = flag_value(words, flag);

	return value && strcmp(value, "false") != 0;
}

/* Predicates: does it destroy, although its verb alone would only change? */

static bool forced(char *const *words)
{
	return is_set(words, "--force");
}

static bool forced_or_pruned(char *const *words)
{
	return is_set(words, "--force") || is_set(words, "--prune");
}

/* A number that is not known may be 0. */
static bool to_nothing(char *const *words)
{
	const char *replicas = flag_value(words, "--replicas");

	if (!replicas)
		return false;
	return !isdigit((unsigned char)*replicas) || strtol(replicas, NULL, 10) == 0 ||
	       replicas[strspn(replicas, "0123456789")];
}

/* NoExecute drives away what runs on the node. */
static bool evicts(char *const *words)
{
	for (; *words; words++)
		if (strstr(*words, ":NoExecute") || strstr(*words, ":${"))
			return true;
	return false;
}

static const struct verb {
	const char *verb;
	const char *second; /* NULL: whatever follows */
	enum effect effect;
	bool dry; /* it heeds --dry-run */
	bool (*destroys)(char *const *words);
} verbs[] = {
    {"get", NULL, EFFECT_READ, false, NULL},
    {"describe", NULL, EFFECT_READ, false, NULL},
    {"logs", NULL, EFFECT_READ, false, NULL},
    {"log", NULL, EFFECT_READ, false, NULL},
    {"top", NULL, EFFECT_READ, false, NULL},
    {"wait", NULL, EFFECT_READ, false, NULL},
    {"events", NULL, EFFECT_READ, false, NULL},
    {"explain", NULL, EFFECT_READ, false, NULL},
    {"diff", NULL, EFFECT_READ, false, NULL},
    {"version", NULL, EFFECT_READ, false, NULL},
    {"cluster-info", NULL, EFFECT_READ, false, NULL},
    {"api-resources", NULL, EFFECT_READ, false, NULL},
    {"api-versions", NULL, EFFECT_READ, false, NULL},
    {"kustomize", NULL, EFFECT_READ, false, NULL},
    {"port-forward", NULL, EFFECT_READ, false, NULL},
    {"options", NULL, EFFECT_READ, false, NULL},
    {"help", NULL, EFFECT_READ, false, NULL},
    {"rollout", "status", EFFECT_READ, false, NULL},
    {"rollout", "history", EFFECT_READ, false, NULL},
    {"auth", "can-i", EFFECT_READ, false, NULL},
    {"auth", "whoami", EFFECT_READ, false, NULL},
    {"config", "view", EFFECT_READ, false, NULL},
    {"config", "current-context", EFFECT_READ, false, NULL},
    {"config", "get-contexts", EFFECT_READ, false, NULL},
    {"config", "get-clusters", EFFECT_READ, false, NULL},
    {"config", "get-users", EFFECT_READ, false, NULL},
    {"plugin", "list", EFFECT_READ, false, NULL},
    {"apply", "view-last-applied", EFFECT_READ, false, NULL},

    {"rollout", NULL, EFFECT_CHANGE, true, NULL},
    {"scale", NULL, EFFECT_CHANGE, true, to_nothing},
    {"apply", NULL, EFFECT_CHANGE, true, forced_or_pruned},
    {"replace", NULL, EFFECT_CHANGE, true, forced},
    {"taint", NULL, EFFECT_CHANGE, true, evicts},
    {"create", NULL, EFFECT_CHANGE, true, NULL},
    {"patch", NULL, EFFECT_CHANGE, true, NULL},
    {"set", NULL, EFFECT_CHANGE, true, NULL},
    {"label", NULL, EFFECT_CHANGE, true, NULL},
    {"annotate", NULL, EFFECT_CHANGE, true, NULL},
    {"expose", NULL, EFFECT_CHANGE, true, NULL},
    {"autoscale", NULL, EFFECT_CHANGE, true, NULL},
    {"run", NULL, EFFECT_CHANGE, true, NULL},
    {"cordon", NULL, EFFECT_CHANGE, true, NULL},
    {"uncordon", NULL, EFFECT_CHANGE, true, NULL},
    {"auth", NULL, EFFECT_CHANGE, true, NULL},
    {"exec", NULL, EFFECT_CHANGE, false, NULL},

    {"delete", NULL, EFFECT_DESTROY, true, NULL},
    {"drain", NULL, EFFECT_DESTROY, true, NULL},
};

/* What is not in the table (other verbs, plug-ins) is a change. */
static const struct verb other = {NULL, NULL, EFFECT_CHANGE, false, NULL};

static bool unknown(const char *word)
{
	return !word || strstr(word, "${");
}

static const struct verb *find_verb(const char *verb, const char *second)
{
	for (size_t i = 0; i < COUNT_OF(verbs); i++)
		if (strcmp(verbs[i].verb, verb) == 0 &&
		    (!verbs[i].second || (second && strcmp(verbs[i].second, second) == 0)))
			return &verbs[i];
	return &other;
}

static bool only_tries(char *const *words)
{
	const char *value = flag_value(words, "--dry-run");

	return value && (strcmp(value, "client") == 0 || strcmp(value, "server") == 0);
}

enum effect kubectl_effect(char *const *words)
{
	struct places places;
	const struct verb *verb;

	find_places(words, &places);
	if (unknown(place(&places, 0)))
		return EFFECT_DESTROY;
	verb = find_verb(place(&places, 0), place(&places, 1));
	if (verb->dry && only_tries(words))
		return EFFECT_READ;
	return verb->destroys && verb->destroys(words) ? EFFECT_DESTROY : verb->effect;
}

/* `drain NODE` has no type in front of the name. */
char *kubectl_object(char *const *words)
{
	struct places places;
	const char *slash;
	size_t at;

	find_places(words, &places);
	if (places.unsure_from != SIZE_MAX || places.count < 2)
		return NULL;
	slash = strchr(places.items[1], '/');
	at = slash || strcmp(places.items[0], "drain") == 0 ? 1 : 2;
	if (places.count != at + 1 || unknown(places.items[at]) || strchr(places.items[at], ','))
		return NULL;
	return mem_text(slash ? slash + 1 : places.items[at]);
}
