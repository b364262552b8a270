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
    {NATIVE_ALL_NAMESPACES, "all-namespaces", 'A', FLAG_BOOL, GET | TOP_PODS},
    {NATIVE_OUTPUT, "output", 'o', FLAG_TEXT, GET},
    {NATIVE_SELECTOR, "selector", 'l', FLAG_TEXT, GET | TOP | LOGS | WAIT},
    {NATIVE_FIELD_SELECTOR, "field-selector", 0, FLAG_TEXT, GET},
    {NATIVE_NO_HEADERS, "no-headers", 0, FLAG_BOOL, GET | TOP},
    {NATIVE_SHOW_LABELS, "show-labels", 0, FLAG_BOOL, GET},
    {NATIVE_SHOW_KIND, "show-kind", 0, FLAG_BOOL, GET},
    {NATIVE_LABEL_COLUMNS, "label-columns", 'L', FLAG_LIST, GET},
    {NATIVE_SHOW_MANAGED_FIELDS, "show-managed-fields", 0, FLAG_BOOL, GET},
    {NATIVE_IGNORE_NOT_FOUND, "ignore-not-found", 0, FLAG_BOOL, GET},
    {NATIVE_CHUNK_SIZE, "chunk-size", 0, FLAG_WHOLE, GET},
    {NATIVE_SORT_BY, "sort-by", 0, FLAG_TEXT, TOP},
    {NATIVE_CONTAINERS, "containers", 0, FLAG_BOOL, TOP_PODS},
    {NATIVE_WATCH, "watch", 'w', FLAG_BOOL, STATUS},
    {NATIVE_TIMEOUT, "timeout", 0, FLAG_SPAN, STATUS | WAIT},
    {NATIVE_FOR, "for", 0, FLAG_TEXT, WAIT},
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
    {"get", NULL, NATIVE_GET},
    {"logs", NULL, NATIVE_LOGS},
    {"top", "pod", NATIVE_TOP_PODS},
    {"top", "pods", NATIVE_TOP_PODS},
    {"top", "po", NATIVE_TOP_PODS},
    {"top", "node", NATIVE_TOP_NODES},
    {"top", "nodes", NATIVE_TOP_NODES},
    {"top", "no", NATIVE_TOP_NODES},
    {"rollout", "status", NATIVE_ROLLOUT_STATUS},
    {"rollout", "history", NATIVE_ROLLOUT_HISTORY},
    {"wait", NULL, NATIVE_WAIT},
    {"cluster-info", NULL, NATIVE_CLUSTER_INFO},
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

/* ---- what a form makes of them ---- */

#define PATH_LETTERS     "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_/-"
#define SELECTOR_LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/"

/* What kubectl takes for a name, and does not refuse. */
bool native_is_name(const char *text)
{
	return *text && !strpbrk(text, "/%") && strcmp(text, ".") != 0 && strcmp(text, "..") != 0;
}

/* "pods", "pods,services" */
static bool is_types(const char *text)
{
	return *text && *text != ',' && !strstr(text, ",,") && text[strlen(text) - 1] != ',' &&
	       !strpbrk(text, "/ \t");
}

/* "pod/web" */
static bool is_pair(const char *text)
{
	const char *slash = strchr(text, '/');

	return slash && slash != text && native_is_name(slash + 1) &&
	       !memchr(text, ',', (size_t)(slash - text));
}

static bool are_pairs(const struct native *native)
{
	for (size_t i = 0; i < native->arg_count; i++)
		if (!is_pair(native->args[i]))
			return false;
	return native->arg_count > 0;
}

/* "pods web api", "pods,services web", "pods" */
static bool are_names(const struct native *native)
{
	for (size_t i = 1; i < native->arg_count; i++)
		if (!native_is_name(native->args[i]))
			return false;
	return native->arg_count > 0 && is_types(native->args[0]);
}

/* As it goes to the server: blanks around it would not. */
static bool is_selector(const char *text)
{
	size_t len = text ? strlen(text) : 0;

	return !len || (!strchr(" \t\n\r", text[0]) && !strchr(" \t\n\r", text[len - 1]));
}

/* With a selector nothing may be named. */
static bool selection_is_known(const struct native *native)
{
	const char *labels = native_value(native, NATIVE_SELECTOR);
	const char *fields = native_value(native, NATIVE_FIELD_SELECTOR);
	bool selects = (labels && *labels) || (fields && *fields);

	if (!is_selector(labels) || !is_selector(fields))
		return false;
	return are_pairs(native) ? !selects
	                         : are_names(native) && (!selects || native->arg_count == 1);
}

/* "jsonpath={.a.b}", each name begun by a letter, with "\." for a point in it. */
static bool is_path(const char *output)
{
	static const char begin[] = NATIVE_PATH "{.";
	const char *at = output + sizeof(begin) - 1;

	if (strncmp(output, begin, sizeof(begin) - 1) != 0)
		return false;
	for (;;) {
		if (!((*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z')))
			return false;
		while (strspn(at, PATH_LETTERS) || strncmp(at, "\\.", 2) == 0)
			at += *at == '\\' ? 2 : strspn(at, PATH_LETTERS);
		if (*at != '.')
			return strcmp(at, "}") == 0;
		at++;
	}
}

static bool get_is_known(const struct native *native)
{
	static const char *const outputs[] = {"", "json", "wide", "name"};
	const char *output = native_value(native, NATIVE_OUTPUT);
	bool known = !output;

	for (size_t i = 0; i < COUNT_OF(outputs); i++)
		known = known || strcmp(output, outputs[i]) == 0;
	/* Of one object, so that there is one value. */
	if (!known && is_path(output))
		known = are_pairs(native) ? native->arg_count == 1
		                          : native->arg_count == 2 && !strchr(native->args[0], ',');
	/* Without a table nothing can show labels, and kubectl says so. */
	if (output && *output && strcmp(output, "wide") != 0 &&
	    native_on(native, NATIVE_SHOW_LABELS))
		return false;
	return known && selection_is_known(native);
}

static bool one_is_known(const struct native *native)
{
	return native->arg_count == 1
	           ? are_pairs(native)
	           : native->arg_count == 2 && are_names(native) && !strchr(native->args[0], ',');
}

static bool is_set(const struct native *native, enum native_flag flag)
{
	return native->values[flag] && *native->values[flag];
}

/* "app=web,tier!=front": what kubectl, which reads it itself here, would send as it is. */
static bool is_plain_selector(const char *text)
{
	while (text && *text) {
		size_t key = strcspn(text, "=!,");
		const char *value = text + key;

		value += *value == '!';
		value += (*value == '=') + (value[0] == '=' && value[1] == '=');
		if (!key || value == text + key || value[-1] != '=' ||
		    strspn(text, SELECTOR_LETTERS) != key)
			return false;
		text = value + strspn(value, SELECTOR_LETTERS);
		if (*text && (*text != ',' || !text[1]))
			return false;
		text += *text == ',';
	}
	return true;
}

static bool top_is_known(const struct native *native)
{
	const char *sort = native_value(native, NATIVE_SORT_BY);

	if (sort && *sort && strcmp(sort, "cpu") != 0 && strcmp(sort, "memory") != 0)
		return false;
	if (native->arg_count == 1)
		return native_is_name(native->args[0]) && !is_set(native, NATIVE_SELECTOR) &&
		       !native_on(native, NATIVE_ALL_NAMESPACES);
	return native->arg_count == 0 && is_plain_selector(native_value(native, NATIVE_SELECTOR));
}

/* "2026-01-02T03:04:05Z": every other way of writing it would be sent in this one. */
static bool is_moment(const char *text)
{
	static const char form[] = "0000-00-00T00:00:00Z";

	for (size_t i = 0; i < sizeof(form); i++)
		if (form[i] == '0' ? text[i] < '0' || text[i] > '9' : text[i] != form[i])
			return false;
	return true;
}

static bool logs_are_known(const struct native *native)
{
	bool selects = is_set(native, NATIVE_SELECTOR);
	bool contains = is_set(native, NATIVE_CONTAINER);
	const char *moment = native_value(native, NATIVE_SINCE_TIME);
	const char *first = native->arg_count ? native->args[0] : "";

	if (!is_selector(native_value(native, NATIVE_SELECTOR)) ||
	    (moment && *moment && (!is_moment(moment) || is_set(native, NATIVE_SINCE))) ||
	    (contains && (native->arg_count == 2 || native_on(native, NATIVE_ALL_CONTAINERS))))
		return false;
	if (selects)
		return native->arg_count == 0;
	if (native->arg_count == 2)
		return !native_value(native, NATIVE_CONTAINER) && *native->args[1] &&
		       !native_on(native, NATIVE_ALL_CONTAINERS) &&
		       (strchr(first, '/') ? is_pair(first) : native_is_name(first));
	return native->arg_count == 1 &&
	       (strchr(first, '/') ? is_pair(first) : native_is_name(first));
}

/* "condition=Ready" and "condition=Ready=false" of named objects or of one kind's with a selector. */
static bool wait_is_known(const struct native *native)
{
	static const char form[] = "condition=";
	const char *what = native_value(native, NATIVE_FOR);
	const char *timeout = native_value(native, NATIVE_TIMEOUT);
	const char *name =
	    what && strncmp(what, form, sizeof(form) - 1) == 0 ? what + sizeof(form) - 1 : "";
	int64_t nanos;

	/* Letters in which strings.EqualFold() and strcasecmp() agree. */
	if (!*name || strspn(name, SELECTOR_LETTERS "=") != strlen(name) || *name == '=')
		return false;
	if (timeout && (!span_read(timeout, &nanos) || nanos < 1000000))
		return false;
	if (is_set(native, NATIVE_SELECTOR))
		return native->arg_count == 1 && are_names(native) &&
		       !strchr(native->args[0], ',') &&
		       is_selector(native_value(native, NATIVE_SELECTOR));
	return are_pairs(native) ||
	       (native->arg_count > 1 && are_names(native) && !strchr(native->args[0], ','));
}

static bool nothing_is_named(const struct native *native)
{
	return native->arg_count == 0;
}

static bool (*const is_known[])(const struct native *) = {
    [NATIVE_GET] = get_is_known,
    [NATIVE_LOGS] = logs_are_known,
    [NATIVE_TOP_PODS] = top_is_known,
    [NATIVE_TOP_NODES] = top_is_known,
    [NATIVE_ROLLOUT_STATUS] = one_is_known,
    [NATIVE_ROLLOUT_HISTORY] = one_is_known,
    [NATIVE_WAIT] = wait_is_known,
    [NATIVE_CLUSTER_INFO] = nothing_is_named,
};

bool native_read(struct native *native, char *const *words)
{
	*native = (struct native){.form = NATIVE_FORMS};
	return read_words(native, words) && native->form != NATIVE_FORMS &&
	       is_known[native->form](native);
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
