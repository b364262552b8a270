/*
 * What a kubectl command would do: a table of verbs, and for some of them a look at their flags.
 *
 * Invariant: what can't be told is taken for the worst it could be. A word that still holds `${…}`
 * may become anything but a flag (kubectl.c sees to that).
 */
#include "kubectl.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"

static bool is_set(char *const *words, const char *flag)
{
	const char *value = kubectl_flag(words, flag);

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
	const char *replicas = kubectl_flag(words, "--replicas");

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
    {"exec", NULL, EFFECT_UNSTATED, false, NULL},
    {"attach", NULL, EFFECT_CHANGE, false, NULL},
    {"certificate", NULL, EFFECT_CHANGE, false, NULL},
    {"config", NULL, EFFECT_CHANGE, false, NULL},
    {"cp", NULL, EFFECT_CHANGE, false, NULL},
    {"debug", NULL, EFFECT_CHANGE, false, NULL},
    {"edit", NULL, EFFECT_CHANGE, false, NULL},
    {"proxy", NULL, EFFECT_CHANGE, false, NULL},
    {"alpha", NULL, EFFECT_CHANGE, false, NULL},
    {"kuberc", NULL, EFFECT_CHANGE, false, NULL},
    {"plugin", NULL, EFFECT_CHANGE, false, NULL},

    {"delete", NULL, EFFECT_DESTROY, true, NULL},
    {"drain", NULL, EFFECT_DESTROY, true, NULL},
};

static bool unknown(const char *word)
{
	return !word || strstr(word, "${");
}

/* What is not in the table is a plug-in, of which nobody can tell. */
static const struct verb other = {NULL, NULL, EFFECT_UNSTATED, false, NULL};

/* Programs that write whatever their words are: to say `effect: read` of them is a mistake. */
static const char *const writing[] = {"rm", "rmdir", "mv", "cp", "dd", "ln", "tee", "mkdir",
    "touch", "truncate", "shred", "chmod", "chown", "kill", "killall", "pkill", "reboot",
    "shutdown", "halt", "poweroff", "mkfs", "dropdb", "createdb", "apt", "apt-get", "apk", "yum",
    "dnf"};

/* `exec POD -- PROGRAM …`; a word that is not known may be any program. */
static enum effect exec_effect(char *const *words)
{
	const char *name;

	while (*words && strcmp(*words, "--") != 0)
		words++;
	if (!*words || unknown(words[1]))
		return EFFECT_CHANGE;
	name = strrchr(words[1], '/') ? strrchr(words[1], '/') + 1 : words[1];
	for (size_t i = 0; i < COUNT_OF(writing); i++)
		if (strcmp(writing[i], name) == 0)
			return EFFECT_CHANGE;
	return EFFECT_UNSTATED;
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
	const char *value = kubectl_flag(words, "--dry-run");

	return value && (strcmp(value, "client") == 0 || strcmp(value, "server") == 0);
}

/* Does a verb that only looks write a file on this machine? Not to standard output, which is "-" or
 * "stdout". */
static bool writes_file(const char *verb, char *const *words)
{
	static const struct {
		const char *verb; /* NULL: any */
		const char *flag;
	} writers[] = {
	    {"cluster-info", "--output-directory"},
	    {"kustomize", "--output"},
	    {"kustomize", "-o"},
	    {NULL, "--profile-output"},
	};

	for (size_t i = 0; i < COUNT_OF(writers); i++) {
		const char *file = !writers[i].verb || strcmp(verb, writers[i].verb) == 0
		                       ? kubectl_flag(words, writers[i].flag)
		                       : NULL;

		if (file && strcmp(file, "-") != 0 && strcmp(file, "stdout") != 0)
			return true;
	}
	return false;
}

enum effect kubectl_effect(char *const *words)
{
	struct kubectl_places places;
	const struct verb *verb;

	kubectl_places_find(words, &places);
	if (unknown(kubectl_place(&places, 0)))
		return EFFECT_DESTROY;
	verb = find_verb(kubectl_place(&places, 0), kubectl_place(&places, 1));
	if (strcmp(kubectl_place(&places, 0), "exec") == 0)
		return exec_effect(words);
	if (verb->dry && only_tries(words))
		return EFFECT_READ;
	if (verb->effect == EFFECT_READ && writes_file(verb->verb, words))
		return EFFECT_CHANGE;
	return verb->destroys && verb->destroys(words) ? EFFECT_DESTROY : verb->effect;
}

/* `drain NODE` has no type in front of the name. */
char *kubectl_object(char *const *words)
{
	struct kubectl_places places;
	const char *slash;
	size_t at;

	kubectl_places_find(words, &places);
	if (places.unsure_from != SIZE_MAX || places.count < 2)
		return NULL;
	slash = strchr(places.items[1], '/');
	at = slash || strcmp(places.items[0], "drain") == 0 ? 1 : 2;
	if (places.count != at + 1 || unknown(places.items[at]) || strchr(places.items[at], ','))
		return NULL;
	return mem_text(slash ? slash + 1 : places.items[at]);
}
