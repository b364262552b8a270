/* Words → what is asked for. Invariant: one word that is not understood whole, and it is not native: never a guess. */
#include "native.h"

#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "span.h"

enum kind {
	FLAG_BOOL,
	FLAG_TEXT,
	FLAG_LIST,  /* may come again: "a,b" and "c" are "a,b,c" */
	FLAG_WHOLE, /* a whole number */
	FLAG_TAIL,  /* a whole number, or -1 */
	FLAG_SPAN,  /* "1h30m" */
};

#define FORM(form) (1u << (form))
#define ANY        (~0u) /* also before the verb */
#define GET        FORM(NATIVE_GET)
#define LOGS       FORM(NATIVE_LOGS)
#define STATUS     FORM(NATIVE_ROLLOUT_STATUS)
#define WAIT       FORM(NATIVE_WAIT)
#define CAN_I      FORM(NATIVE_CAN_I)
#define WHOAMI     FORM(NATIVE_WHOAMI)
#define RESOURCES  FORM(NATIVE_API_RESOURCES)
#define TOP_PODS   FORM(NATIVE_TOP_PODS)
#define TOP        (TOP_PODS | FORM(NATIVE_TOP_NODES))

/* As kubectl has them. Those that are not here are not understood. */
static const struct flag {
	enum native_flag id;
	const char *name;
	char letter; /* 0: none */
	enum kind kind;
	unsigned forms;
} flags[] = {
    {NATIVE_NAMESPACE, "namespace", 'n', FLAG_TEXT, ANY},
    {NATIVE_CONTEXT, "context", 0, FLAG_TEXT, ANY},
    {NATIVE_KUBECONFIG, "kubeconfig", 0, FLAG_TEXT, ANY},
    {NATIVE_ALL_NAMESPACES, "all-namespaces", 'A', FLAG_BOOL, GET | TOP_PODS | CAN_I},
    {NATIVE_OUTPUT, "output", 'o', FLAG_TEXT, GET | WHOAMI | RESOURCES},
    {NATIVE_SELECTOR, "selector", 'l', FLAG_TEXT, GET | TOP | LOGS | WAIT},
    {NATIVE_FIELD_SELECTOR, "field-selector", 0, FLAG_TEXT, GET},
    {NATIVE_NO_HEADERS, "no-headers", 0, FLAG_BOOL, GET | TOP | RESOURCES},
    {NATIVE_SHOW_LABELS, "show-labels", 0, FLAG_BOOL, GET},
    {NATIVE_SHOW_KIND, "show-kind", 0, FLAG_BOOL, GET},
    {NATIVE_LABEL_COLUMNS, "label-columns", 'L', FLAG_LIST, GET},
    {NATIVE_SHOW_MANAGED_FIELDS, "show-managed-fields", 0, FLAG_BOOL, GET},
    {NATIVE_IGNORE_NOT_FOUND, "ignore-not-found", 0, FLAG_BOOL, GET},
    {NATIVE_CHUNK_SIZE, "chunk-size", 0, FLAG_WHOLE, GET},
    {NATIVE_SORT_BY, "sort-by", 0, FLAG_TEXT, GET | TOP | RESOURCES},
    {NATIVE_CONTAINERS, "containers", 0, FLAG_BOOL, TOP_PODS},
    {NATIVE_WATCH, "watch", 'w', FLAG_BOOL, STATUS},
    {NATIVE_TIMEOUT, "timeout", 0, FLAG_SPAN, STATUS | WAIT},
    {NATIVE_FOR, "for", 0, FLAG_TEXT, WAIT},
    {NATIVE_ALL, "all", 0, FLAG_BOOL, WAIT},
    {NATIVE_QUIET, "quiet", 'q', FLAG_BOOL, CAN_I},
    {NATIVE_SUBRESOURCE, "subresource", 0, FLAG_TEXT, CAN_I},
    {NATIVE_API_GROUP, "api-group", 0, FLAG_TEXT, RESOURCES},
    {NATIVE_NAMESPACED, "namespaced", 0, FLAG_BOOL, RESOURCES},
    {NATIVE_VERBS, "verbs", 0, FLAG_LIST, RESOURCES},
    {NATIVE_CATEGORIES, "categories", 0, FLAG_LIST, RESOURCES},
    {NATIVE_CONTAINER, "container", 'c', FLAG_TEXT, LOGS},
    {NATIVE_ALL_CONTAINERS, "all-containers", 0, FLAG_BOOL, LOGS},
    {NATIVE_PREVIOUS, "previous", 'p', FLAG_BOOL, LOGS},
    {NATIVE_FOLLOW, "follow", 'f', FLAG_BOOL, LOGS},
    {NATIVE_TAIL, "tail", 0, FLAG_TAIL, LOGS},
    {NATIVE_SINCE, "since", 0, FLAG_SPAN, LOGS},
    {NATIVE_SINCE_TIME, "since-time", 0, FLAG_TEXT, LOGS},
    {NATIVE_TIMESTAMPS, "timestamps", 0, FLAG_BOOL, LOGS},
    {NATIVE_PREFIX, "prefix", 0, FLAG_BOOL, LOGS},
    {NATIVE_LIMIT_BYTES, "limit-bytes", 0, FLAG_WHOLE, LOGS},
    {NATIVE_MAX_LOG_REQUESTS, "max-log-requests", 0, FLAG_WHOLE, LOGS},
    {NATIVE_POD_RUNNING_TIMEOUT, "pod-running-timeout", 0, FLAG_SPAN, LOGS},
};

static const struct {
	const char *verb;
	const char *second; /* NULL: it has none */
	enum native_form form;
} verbs[] = {
    {"get", NULL, NATIVE_GET}, {"logs", NULL, NATIVE_LOGS}, {"top", "pod", NATIVE_TOP_PODS},
    {"top", "pods", NATIVE_TOP_PODS}, {"top", "po", NATIVE_TOP_PODS},
    {"top", "node", NATIVE_TOP_NODES}, {"top", "nodes", NATIVE_TOP_NODES},
    {"top", "no", NATIVE_TOP_NODES}, {"rollout", "status", NATIVE_ROLLOUT_STATUS},
    {"rollout", "history", NATIVE_ROLLOUT_HISTORY}, {"wait", NULL, NATIVE_WAIT},
    {"cluster-info", NULL, NATIVE_CLUSTER_INFO}, {"auth", "can-i", NATIVE_CAN_I},
    {"auth", "whoami", NATIVE_WHOAMI}, {"api-resources", NULL, NATIVE_API_RESOURCES},
    /* Not `version`: it tells the version of the kubectl binary, too, which nobody but that knows. */
};

/* ---- values ---- */

/* strconv.ParseBool() */
static const char *bool_of(const char *text)
{
	static const char *const yes[] = {"1", "t", "T", "TRUE", "true", "True"};
	static const char *const no[] = {"0", "f", "F", "FALSE", "false", "False"};

	for (size_t i = 0; i < COUNT_OF(yes); i++) {
		if (strcmp(text, yes[i]) == 0)
			return "true";
		if (strcmp(text, no[i]) == 0)
			return "false";
	}
	return NULL;
}

/* In the one way of writing that every reader takes for the same number. */
static bool is_whole(const char *text)
{
	size_t len = strspn(text, "0123456789");

	return len > 0 && len < 18 && !text[len] && (len == 1 || text[0] != '0');
}

static bool set_value(struct native *native, const struct flag *flag, const char *text)
{
	char **slot = &native->values[flag->id];
	int64_t nanos;
	char *value;

	if (flag->kind == FLAG_BOOL)
		text = bool_of(text);
	if (!text || (flag->kind == FLAG_WHOLE && !is_whole(text)) ||
	    (flag->kind == FLAG_TAIL && !is_whole(text) && strcmp(text, "-1") != 0) ||
	    (flag->kind == FLAG_SPAN && (!span_read(text, &nanos) || nanos < 0)) ||
	    (flag->kind == FLAG_LIST && (!*text || strpbrk(text, "\"\n\r"))))
		return false;
	if (flag->kind == FLAG_LIST && *slot)
		value = mem_printf("%s,%s", *slot, text);
	else
		value = mem_text(text);
	free(*slot);
	*slot = value;
	return true;
}

/* ---- flags ---- */

static const struct flag *find_long(const struct native *native, const char *name, size_t len)
{
	for (size_t i = 0; i < COUNT_OF(flags); i++)
		if ((flags[i].forms & FORM(native->form)) && strlen(flags[i].name) == len &&
		    strncmp(flags[i].name, name, len) == 0)
			return &flags[i];
	return NULL;
}

static const struct flag *find_letter(const struct native *native, char letter)
{
	for (size_t i = 0; i < COUNT_OF(flags); i++)
		if ((flags[i].forms & FORM(native->form)) && flags[i].letter == letter)
			return &flags[i];
	return NULL;
}

/* "--name", "--name=value", "--name value"; AT may go on to the value. */
static bool read_long(struct native *native, char *const **at)
{
	const char *name = **at + 2;
	size_t len = strcspn(name, "=");
	const struct flag *flag = find_long(native, name, len);

	if (!flag)
		return false;
	if (name[len] == '=')
		return set_value(native, flag, name + len + 1);
	if (flag->kind == FLAG_BOOL)
		return set_value(native, flag, "true");
	if (!(*at)[1])
		return false;
	(*at)++;
	return set_value(native, flag, **at);
}

/* "-A", "-n x", "-nx", "-n=x", "-An x" */
static bool read_letters(struct native *native, char *const **at)
{
	for (const char *letter = **at + 1; *letter; letter++) {
		const struct flag *flag = find_letter(native, *letter);

		if (!flag)
			return false;
		if (letter[1] == '=' && letter[2])
			return set_value(native, flag, letter + 2);
		if (flag->kind == FLAG_BOOL) {
			if (!set_value(native, flag, "true"))
				return false;
			continue;
		}
		if (letter[1])
			return set_value(native, flag, letter + 1);
		if (!(*at)[1])
			return false;
		(*at)++;
		return set_value(native, flag, **at);
	}
	return true;
}

/* The first is the verb, the second may belong to it: flags of its own are known from there on. */
static bool set_verb(struct native *native, const char *word)
{
	const char *verb = native->verb ? native->verb : word;
	const char *second = native->verb ? word : NULL;
	bool begins = false;

	for (size_t i = 0; i < COUNT_OF(verbs); i++) {
		if (strcmp(verb, verbs[i].verb) != 0)
			continue;
		begins = true;
		if (!second == !verbs[i].second &&
		    (!second || strcmp(second, verbs[i].second) == 0)) {
			native->form = verbs[i].form;
			return true;
		}
	}
	if (!begins || second)
		return false;
	native->verb = mem_text(verb);
	return true;
}

static bool add_arg(struct native *native, const char *word)
{
	if (native->form == NATIVE_FORMS)
		return set_verb(native, word);
	if (native->arg_count == NATIVE_ARGS_MAX)
		return false;
	native->args[native->arg_count++] = mem_text(word);
	return true;
}

static bool read_words(struct native *native, char *const *words)
{
	for (; *words && strcmp(*words, "--") != 0; words++) {
		bool good;

		if ((*words)[0] != '-' || !(*words)[1])
			good = add_arg(native, *words);
		else if ((*words)[1] == '-')
			good = read_long(native, &words);
		else
			good = read_letters(native, &words);
		if (!good)
			return false;
	}
	for (words += *words != NULL; *words; words++)
		if (!add_arg(native, *words))
			return false;
	return true;
}

bool native_read(struct native *native, char *const *words)
{
	*native = (struct native){.form = NATIVE_FORMS};
	return read_words(native, words) && native->form != NATIVE_FORMS && native_is_known(native);
}

void native_release(struct native *native)
{
	for (size_t i = 0; i < NATIVE_FLAGS; i++)
		free(native->values[i]);
	for (size_t i = 0; i < native->arg_count; i++)
		free(native->args[i]);
	free(native->verb);
	*native = (struct native){0};
}

const char *native_value(const struct native *native, enum native_flag flag)
{
	return native->values[flag];
}

bool native_on(const struct native *native, enum native_flag flag)
{
	return native->values[flag] && strcmp(native->values[flag], "true") == 0;
}
