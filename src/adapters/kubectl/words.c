/* The words of a kubectl command: which are flags, values of flags, or neither. Invariant: words after
 * `--` are not kubectl's; after a flag that is not known it is not sure what the words are. */
#include <string.h>

#include "fsops/mem.h"
#include "kubectl.h"

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
static int takes_word(const char *flag, const struct kubectl_places *places)
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

void kubectl_places_find(char *const *words, struct kubectl_places *places)
{
	*places = (struct kubectl_places){.unsure_from = SIZE_MAX};
	for (; *words && strcmp(*words, "--") != 0; words++) {
		int takes = is_flag(*words) ? takes_word(*words, places) : 0;

		if (takes < 0 && places->unsure_from > places->count)
			places->unsure_from = places->count;
		if (takes > 0 && words[1])
			words++;
		else if (!is_flag(*words) && places->count < KUBECTL_PLACES_MAX)
			places->items[places->count++] = *words;
	}
}

const char *kubectl_place(const struct kubectl_places *places, size_t at)
{
	return at < places->count && at < places->unsure_from ? places->items[at] : NULL;
}

const char *kubectl_flag(char *const *words, const char *long_name)
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
	if (kubectl_flag(words, long_name))
		return true;
	for (; short_name && *words && strcmp(*words, "--") != 0; words++)
		if (strncmp(*words, short_name, strlen(short_name)) == 0)
			return true;
	return false;
}
