/*
 * Reads one file of the kubeconfig.
 *
 * Invariant: nothing is guessed. What kubectl's reader (YAML 1.1 into Go's types) might take for something else than
 * ours does, or refuse, makes the whole file unknown.
 */
#include "kubeconfig.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fsops/mem.h"
#include "fsops/node.h"
#include "fsops/value.h"

enum field_kind { TEXT, PATH, COMMAND, BYTES, FLAG, TEXTS, EXTRA, VARIABLES, EXEC, ANY };

struct field {
	const char *name;
	enum field_kind kind;
};

static const struct field cluster_fields[] = {
    {"server", TEXT},
    {"tls-server-name", TEXT},
    {"insecure-skip-tls-verify", FLAG},
    {"certificate-authority", PATH},
    {"certificate-authority-data", BYTES},
    {"proxy-url", TEXT},
    {"disable-compression", FLAG},
    {"extensions", ANY},
    {NULL, ANY},
};

static const struct field user_fields[] = {
    {"client-certificate", PATH},
    {"client-certificate-data", BYTES},
    {"client-key", PATH},
    {"client-key-data", BYTES},
    {"token", TEXT},
    {"tokenFile", PATH},
    {"as", TEXT},
    {"as-uid", TEXT},
    {"as-groups", TEXTS},
    {"as-user-extra", EXTRA},
    {"username", TEXT},
    {"password", TEXT},
    {"exec", EXEC},
    {"extensions", ANY},
    {NULL, ANY},
};

static const struct field context_fields[] = {
    {"cluster", TEXT},
    {"user", TEXT},
    {"namespace", TEXT},
    {"extensions", ANY},
    {NULL, ANY},
};

static const struct field exec_fields[] = {
    {"command", COMMAND},
    {"args", TEXTS},
    {"env", VARIABLES},
    {"apiVersion", TEXT},
    {"installHint", TEXT},
    {"provideClusterInfo", FLAG},
    {"interactiveMode", TEXT},
    {NULL, ANY},
};

static const struct field variable_fields[] = {
    {"name", TEXT},
    {"value", TEXT},
    {NULL, ANY},
};

static const struct {
	const char *name;  /* of the list */
	const char *entry; /* the key of an entry's own */
	const struct field *fields;
} lists[] = {
    [KUBECONFIG_CLUSTERS] = {"clusters", "cluster", cluster_fields},
    [KUBECONFIG_USERS] = {"users", "user", user_fields},
    [KUBECONFIG_CONTEXTS] = {"contexts", "context", context_fields},
};

static const struct field *find_field(const struct field *fields, const char *name)
{
	while (fields->name && strcmp(fields->name, name) != 0)
		fields++;
	return fields->name ? fields : NULL;
}

/* --- Scalars that YAML 1.1 and 1.2 read differently --- */

static bool is_ambiguous(const char *text)
{
	static const char *const truths[] = {"y", "n", "yes", "no", "on", "off"};

	for (size_t i = 0; i < COUNT_OF(truths); i++)
		if (strcasecmp(text, truths[i]) == 0)
			return true;
	/* Numbers with "_", by sixties, octal ones; dates. */
	return strchr("0123456789+-.", *text) &&
	       !text[strspn(text, "0123456789+-._:,eExXoObBtTzZ ")];
}

/* Is there a plain scalar below that is no number, truth or nothing by YAML 1.2, but may be one by 1.1? */
static bool any_ambiguous(const struct node *node)
{
	if (node->kind == NODE_SCALAR) {
		json_t *value = node->style == NODE_PLAIN ? node_to_json(node) : NULL;
		bool ambiguous = json_is_string(value) && *node->text && is_ambiguous(node->text);

		json_decref(value);
		return ambiguous;
	}
	for (uint32_t i = 0; i < node->count; i++)
		if (any_ambiguous(node->items[i]) || (node->keys && any_ambiguous(node->keys[i])))
			return true;
	return false;
}

/* --- Checking --- */

static int check_fields(const struct field *fields, const json_t *entry, struct err *err);

static bool is_base64(const char *text)
{
	size_t digits = 0, padding = 0;

	for (; *text; text++) {
		if (*text == '\r' || *text == '\n')
			continue;
		if (*text == '=')
			padding++;
		else if (padding)
			return false;
		digits++;
	}
	return digits % 4 == 0 && padding <= 2;
}

static bool all_texts(const json_t *list)
{
	size_t i;
	json_t *item;

	json_array_foreach(list, i, item)
		if (!json_is_string(item))
			return false;
	return json_is_array(list);
}

static bool all_lists(const json_t *map)
{
	const char *key;
	json_t *item;

	json_object_foreach((json_t *)map, key, item)
		if (!all_texts(item))
			return false;
	return json_is_object(map);
}

static bool all_variables(const json_t *list)
{
	size_t i;
	json_t *item;

	json_array_foreach(list, i, item)
		if (check_fields(variable_fields, item, NULL) < 0)
			return false;
	return json_is_array(list);
}

static bool has_kind(enum field_kind kind, const json_t *value)
{
	switch (kind) {
	case FLAG:
		return json_is_boolean(value);
	case TEXTS:
		return all_texts(value);
	case EXTRA:
		return all_lists(value);
	case VARIABLES:
		return all_variables(value);
	case EXEC:
		return check_fields(exec_fields, value, NULL) == 0;
	case BYTES:
		return json_is_string(value) && is_base64(json_string_value(value));
	case ANY:
		return true;
	default:
		return json_is_string(value);
	}
}

/* The kinds of what is known; what is not known is passed over. */
static int check_fields(const struct field *fields, const json_t *entry, struct err *err)
{
	const char *key;
	json_t *value;

	if (!json_is_object(entry))
		return err_set(err, ERR_UNKNOWN, "an entry is no map");
	json_object_foreach((json_t *)entry, key, value) {
		const struct field *field = find_field(fields, key);

		if (field && !has_kind(field->kind, value))
			return err_set(err, ERR_UNKNOWN, "'%s' is not of its kind", key);
	}
	return 0;
}

static int check_known(const struct field *fields, const json_t *entry, struct err *err)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)entry, key, value) {
		const struct field *field = find_field(fields, key);

		if (!field)
			return err_set(err, ERR_UNKNOWN, "'%s' is not known", key);
		if (field->kind == EXEC && check_known(exec_fields, value, err) < 0)
			return -1;
	}
	return 0;
}

int kubeconfig_check_known(enum kubeconfig_list list, const json_t *entry, struct err *err)
{
	return check_known(lists[list].fields, entry, err);
}

/* --- Making the data --- */

/* null is what is not there; but an extension is somebody else's, and stays as it is. */
static void drop_nulls(json_t *value)
{
	const char *key;
	void *next;
	json_t *item;
	size_t i;

	json_object_foreach_safe(value, next, key, item) {
		if (json_is_null(item))
			json_object_del(value, key);
		else if (strcmp(key, "extension") != 0)
			drop_nulls(item);
	}
	json_array_foreach(value, i, item)
		drop_nulls(item);
}

/* PATH, which is absolute, without "." and ".." and what they stand for, in its place: as Go's filepath.Join() makes it. */
static void clean(char *path)
{
	char *out = path;

	for (const char *at = path; *at;) {
		size_t len = strcspn(++at, "/");

		if (len == 2 && strncmp(at, "..", 2) == 0) {
			while (out > path && *--out != '/')
				;
		} else if (len > 1 || (len == 1 && *at != '.')) {
			*out = '/';
			memmove(out + 1, at, len);
			out += len + 1;
		}
		at += len;
	}
	if (out == path)
		*out++ = '/';
	*out = '\0';
}

static void resolve(json_t *entry, const char *key, const char *folder)
{
	const char *path = json_string_value(json_object_get(entry, key));
	char *whole;

	if (!path || !*path || *path == '/')
		return;
	whole = mem_printf("%s/%s", folder, path);
	clean(whole);
	json_object_set_new(entry, key, value_text(whole, strlen(whole)));
	free(whole);
}

static void resolve_paths(const struct field *fields, json_t *entry, const char *folder)
{
	for (; fields->name; fields++) {
		json_t *value = json_object_get(entry, fields->name);

		/* A command without "/" is looked up in PATH. */
		if (fields->kind == PATH ||
		    (fields->kind == COMMAND && value && strchr(json_string_value(value), '/')))
			resolve(entry, fields->name, folder);
		else if (fields->kind == EXEC && value)
			resolve_paths(exec_fields, value, folder);
	}
}

/* [{name: NAME, KEY: ENTRY}, …] as {NAME: ENTRY}; a new reference. */
static json_t *take_list(
    enum kubeconfig_list list, const json_t *root, const char *folder, struct err *err)
{
	const json_t *items = json_object_get(root, lists[list].name);
	json_t *made = json_object();
	size_t i;
	json_t *item;

	if (items && !json_is_array(items))
		err_set(err, ERR_UNKNOWN, "'%s' is no list", lists[list].name);
	json_array_foreach(items, i, item) {
		const char *name = json_string_value(json_object_get(item, "name"));
		json_t *entry = json_object_get(item, lists[list].entry);

		if (!name || json_object_get(made, name))
			err_set(err, ERR_UNKNOWN,
			    "an entry of '%s' has no name, or that of another", lists[list].name);
		else if (!entry)
			json_object_set_new(made, name, json_object());
		else if (check_fields(lists[list].fields, entry, err) == 0) {
			resolve_paths(lists[list].fields, entry, folder);
			json_object_set(made, name, entry);
		}
	}
	return made;
}

static bool says(const json_t *root, const char *key, const char *wanted)
{
	const json_t *value = json_object_get(root, key);

	return !value || (json_is_string(value) && strcmp(json_string_value(value), wanted) == 0);
}

static json_t *take_root(json_t *root, const char *folder, struct err *err)
{
	const json_t *current;
	json_t *made;

	drop_nulls(root);
	current = json_object_get(root, "current-context");
	if (!json_is_object(root) || !says(root, "apiVersion", "v1") ||
	    !says(root, "kind", "Config") || (current && !json_is_string(current))) {
		err_set(err, ERR_UNKNOWN, "it is no Config of v1");
		return NULL;
	}
	made = json_object();
	for (enum kubeconfig_list list = 0; list < COUNT_OF(lists); list++)
		json_object_set_new(made, lists[list].name, take_list(list, root, folder, err));
	json_object_set_new(
	    made, "current-context", current ? json_incref((json_t *)current) : json_string(""));
	return made;
}

/* The folder of PATH, without a "/" at its end; owned. NULL: this process's own folder is not to be found. */
static char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	char here[PATH_MAX];

	if (*path == '/')
		return mem_textn(path, (size_t)(slash - path));
	if (!getcwd(here, sizeof(here)))
		return NULL;
	return slash ? mem_printf("%s/%.*s", here, (int)(slash - path), path) : mem_text(here);
}

static json_t *read_document(const char *path, struct err *err)
{
	struct problems list = {.items = NULL};
	struct document *document;
	struct stat about;
	json_t *root = NULL;

	/* An empty file is a Config without anything. */
	if (stat(path, &about) == 0 && S_ISREG(about.st_mode) && about.st_size == 0)
		return json_object();
	document = document_load(path, &list);
	if (!document || list.count)
		err_set(
		    err, ERR_UNKNOWN, "%s", list.count ? list.items[0].text : "it cannot be read");
	else if (!document->root || any_ambiguous(document->root))
		err_set(err, ERR_UNKNOWN, "it is not sure how it is read");
	else
		root = node_to_json(document->root);
	document_free(document);
	problems_release(&list);
	return root;
}

json_t *kubeconfig_read(const char *path, struct err *err)
{
	char *folder = folder_of(path);
	json_t *root;
	json_t *made = NULL;

	*err = (struct err){.kind = ERR_NONE};
	root = read_document(path, err);
	if (root && !folder)
		err_set(err, ERR_UNKNOWN, "its folder is not to be found");
	else if (root)
		made = take_root(root, folder, err);
	json_decref(root);
	free(folder);
	if (err->kind == ERR_NONE)
		return made;
	json_decref(made);
	err_prefix(err, "the kubeconfig %s", path);
	return NULL;
}
