/*
 * What each form makes of its words: whether they are known whole. Invariant: what is not sure is not known, and kubectl
 * says what is wrong with it.
 */
#include <stdlib.h>
#include <string.h>

#include "fsops/kube_jsonpath.h"
#include "fsops/kube_print.h"
#include "fsops/mem.h"
#include "native.h"
#include "span.h"
#include "wait_for.h"

#define SELECTOR_LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/"

/* What kubectl takes for a name, and does not refuse. */
bool native_is_name(const char *text)
{
	return *text && !strpbrk(text, "/%") && strcmp(text, ".") != 0 && strcmp(text, "..") != 0;
}

/* Letters of which no two are the same to one reader and not to another. */
static bool is_ascii_word(const char *text)
{
	for (const char *c = text; *c; c++)
		if (*c <= ' ' || *c > '~')
			return false;
	return *text;
}

/* Of LEN bytes; kubectl writes others in an escaped way when it says that there is none of that name. */
static bool is_type(const char *text, size_t len)
{
	char *type = mem_textn(text, len);
	bool is = is_ascii_word(type) && !strpbrk(type, ",/\"\\");

	free(type);
	return is;
}

/* "pods", "pods,services" */
static bool is_types(const char *text)
{
	for (;;) {
		size_t len = strcspn(text, ",");

		if (!is_type(text, len))
			return false;
		if (!text[len])
			return true;
		text += len + 1;
	}
}

/* "pod/web" */
static bool is_pair(const char *text)
{
	const char *slash = strchr(text, '/');

	return slash && is_type(text, (size_t)(slash - text)) && native_is_name(slash + 1);
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

static bool is_path(const char *output)
{
	struct kube_jsonpath *path = strncmp(output, NATIVE_PATH, strlen(NATIVE_PATH)) == 0
	                                 ? kube_jsonpath_read(output + strlen(NATIVE_PATH))
	                                 : NULL;

	kube_jsonpath_free(path);
	return path != NULL;
}

static bool are_columns(const char *output)
{
	struct kube_columns *columns = strncmp(output, NATIVE_COLUMNS, strlen(NATIVE_COLUMNS)) == 0
	                                   ? kube_columns_read(output + strlen(NATIVE_COLUMNS))
	                                   : NULL;

	kube_columns_free(columns);
	return columns != NULL;
}

/* Of what Go would quote in its messages there is nothing in it. */
static bool sort_is_known(const char *text)
{
	struct kube_jsonpath *path;

	if (!text || !*text)
		return true;
	for (const char *at = text; *at; at++)
		if (*at < ' ' || *at > '~' || *at == '"' || *at == '\\')
			return false;
	path = kube_jsonpath_read_relaxed(text, strlen(text));
	kube_jsonpath_free(path);
	return path != NULL;
}

static bool get_is_known(const struct native *native)
{
	static const char *const outputs[] = {"", "json", "wide", "name"};
	const char *output = native_value(native, NATIVE_OUTPUT);
	bool known = !output;

	for (size_t i = 0; i < COUNT_OF(outputs); i++)
		known = known || strcmp(output, outputs[i]) == 0;
	known = (known || is_path(output) || are_columns(output)) &&
	        sort_is_known(native_value(native, NATIVE_SORT_BY));
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

static bool is_goal(const struct native *native, enum wait_kind *kind)
{
	const char *text = native_value(native, NATIVE_FOR);
	struct wait_for what;
	bool known = text && wait_for_read(&what, text);

	if (!text)
		return false;
	*kind = what.kind;
	wait_for_release(&what);
	return known;
}

/* Named objects, or one kind's with a selector or all of them. */
static bool wait_is_known(const struct native *native)
{
	const char *timeout = native_value(native, NATIVE_TIMEOUT);
	bool selects = is_set(native, NATIVE_SELECTOR);
	enum wait_kind kind;
	int64_t nanos;

	if (!is_goal(native, &kind) ||
	    (timeout && (!span_read(timeout, &nanos) || nanos < 1000000)))
		return false;
	if (selects && native_on(native, NATIVE_ALL))
		return false;
	/* Of several that are not there kubectl makes an error of its own. */
	if (kind == WAIT_CREATE)
		return one_is_known(native) && !selects && !native_on(native, NATIVE_ALL);
	if (selects || native_on(native, NATIVE_ALL))
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

static bool can_i_is_known(const struct native *native)
{
	if (native->arg_count != 2 || !is_ascii_word(native->args[0]) ||
	    !is_ascii_word(native->args[1]))
		return false;
	/* kubectl has no parts of its own paths, and says so. */
	return *native->args[1] != '/' || !is_set(native, NATIVE_SUBRESOURCE);
}

static bool is_one_of(const char *text, const char *const *known)
{
	while (text && *known && strcmp(text, *known) != 0)
		known++;
	return !text || *known;
}

static bool whoami_is_known(const struct native *native)
{
	static const char *const outputs[] = {"", "json", NULL};

	return native->arg_count == 0 && is_one_of(native_value(native, NATIVE_OUTPUT), outputs);
}

static bool api_resources_are_known(const struct native *native)
{
	static const char *const outputs[] = {"", "wide", "name", NULL};
	static const char *const sorts[] = {"", "name", "kind", NULL};

	return native->arg_count == 0 && is_one_of(native_value(native, NATIVE_OUTPUT), outputs) &&
	       is_one_of(native_value(native, NATIVE_SORT_BY), sorts);
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
    [NATIVE_CAN_I] = can_i_is_known,
    [NATIVE_WHOAMI] = whoami_is_known,
    [NATIVE_API_RESOURCES] = api_resources_are_known,
};

bool native_is_known(const struct native *native)
{
	return is_known[native->form](native);
}
