/*
 * The files of the kubeconfig, merged, and what one context of them says.
 *
 * Invariant: whatever kubectl would complain of, or might read otherwise, is unknown (ERR_UNKNOWN), so that kubectl
 * itself is run and says it. Only what it says of a context that is not there is said here.
 */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fsops/base64.h"
#include "fsops/buf.h"
#include "fsops/mem.h"
#include "fsops/web.h"
#include "kubeconfig.h"

#define ACCOUNT_FOLDER "/var/run/secrets/kubernetes.io/serviceaccount"
#define NO_CONFIG      "http://localhost:8080"
#define BLOB_MAX       ((size_t)1024 * 1024)
#define NAMESPACE_MAX  ((size_t)4096)

/* What the cluster says for login plugins stands in its extensions under this name. */
#define PLUGIN_EXTENSION "client.authentication.k8s.io/exec"

/* --- The files --- */

static bool is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

bool kube_config_is_fresh(const struct kube_config *config)
{
	for (size_t i = 0; i < config->file_count; i++) {
		const struct kube_file *file = &config->files[i];
		struct stat about;
		bool there = stat(file->path, &about) == 0;

		if (there != file->there || (there && !is_same_file(&about, &file->about)))
			return false;
	}
	return true;
}

static struct kube_file *add_file(struct kube_config *config, const char *path, struct err *err)
{
	struct kube_file *file = &config->files[config->file_count];

	if (config->file_count == KUBE_FILES_MAX) {
		err_set(err, ERR_UNKNOWN, "KUBECONFIG names over %d files", KUBE_FILES_MAX);
		return NULL;
	}
	config->file_count++;
	*file = (struct kube_file){.path = mem_text(path)};
	file->there = stat(path, &file->about) == 0;
	if (file->there || errno == ENOENT)
		return file;
	err_set(err, ERR_UNKNOWN, "the kubeconfig %s: %s", path, strerror(errno));
	return NULL;
}

/* What MERGED does not have yet: of two entries of the same name the first counts, whole. */
static void merge(json_t *merged, json_t *next)
{
	static const char *const lists[] = {"clusters", "users", "contexts"};
	const char *current = json_string_value(json_object_get(merged, "current-context"));

	for (size_t i = 0; i < COUNT_OF(lists); i++)
		json_object_update_missing(
		    json_object_get(merged, lists[i]), json_object_get(next, lists[i]));
	if (!*current)
		json_object_set(
		    merged, "current-context", json_object_get(next, "current-context"));
}

static int read_one(struct kube_config *config, json_t *merged, const char *path, struct err *err)
{
	const struct kube_file *file = add_file(config, path, err);
	json_t *next;

	if (!file || !file->there)
		return file ? 0 : -1;
	next = kubeconfig_read(path, err);
	if (!next)
		return -1;
	merge(merged, next);
	json_decref(next);
	return 1;
}

/* A list with ":" between. */
static int read_listed(
    struct kube_config *config, json_t *merged, const char *list, struct err *err)
{
	int found = 0;

	while (*list) {
		size_t len = strcspn(list, ":");
		char *path = mem_textn(list, len);
		int result = len ? read_one(config, merged, path, err) : 0;

		free(path);
		if (result < 0)
			return -1;
		found += result;
		list += len + (list[len] == ':');
	}
	if (!found)
		return err_set(err, ERR_UNKNOWN, "no file of KUBECONFIG is there");
	return 0;
}

struct reading {
	const struct children *children;
	const struct kube_spec *spec;
};

static const char *variable(const struct reading *reading, const char *name)
{
	const char *value = children_variable(reading->children, reading->spec->inherit, name);

	return value ? value : "";
}

static int read_files(
    struct kube_config *config, json_t *merged, const struct reading *reading, struct err *err)
{
	const char *list = variable(reading, "KUBECONFIG");
	const char *home = variable(reading, "HOME");
	char *usual;
	int result;

	if (reading->spec->kubeconfig) {
		result = read_one(config, merged, reading->spec->kubeconfig, err);
		return result ? (result < 0 ? -1 : 0)
		              : err_set(err, ERR_UNKNOWN, "the kubeconfig is not there");
	}
	if (*list)
		return read_listed(config, merged, list, err);
	if (!*home)
		return err_set(err, ERR_UNKNOWN, "HOME is not set");
	usual = mem_printf("%s/.kube/config", home);
	result = read_one(config, merged, usual, err);
	free(usual);
	return result < 0 ? -1 : 0;
}

/* --- What a context says --- */

/* A text that is not empty; a new one, or NULL. */
static char *take_text(const json_t *entry, const char *key)
{
	const char *text = json_string_value(json_object_get(entry, key));

	return text && *text ? mem_text(text) : NULL;
}

static struct kube_blob take_blob(const json_t *entry, const char *key)
{
	const char *text = json_string_value(json_object_get(entry, key));
	struct kube_blob blob = {.data = NULL};
	struct buf digits, bytes;

	if (!text || !*text)
		return blob;
	buf_init(&digits, BLOB_MAX);
	buf_init(&bytes, BLOB_MAX);
	for (; *text; text++)
		if (*text != '\n' && *text != '\r')
			buf_addc(&digits, *text);
	if (!digits.full && base64_decode(&bytes, digits.data, digits.len) == 0 && bytes.len) {
		blob.len = bytes.len;
		blob.data = buf_detach(&bytes);
	} else {
		buf_release(&bytes);
	}
	buf_release(&digits);
	return blob;
}

/* Is KEY in ENTRY, and is what was made of it not there? */
static bool is_lost(const json_t *entry, const char *key, const struct kube_blob *blob)
{
	const char *text = json_string_value(json_object_get(entry, key));

	return text && *text && !blob->data;
}

static json_t *find_extension(const json_t *cluster)
{
	size_t i;
	json_t *item;

	json_array_foreach(json_object_get(cluster, "extensions"), i, item) {
		const char *name = json_string_value(json_object_get(item, "name"));

		if (name && strcmp(name, PLUGIN_EXTENSION) == 0)
			return json_incref(json_object_get(item, "extension"));
	}
	return NULL;
}

static bool is_readable(const char *path)
{
	return !path || access(path, R_OK) == 0;
}

static int take_cluster(struct kube_config *config, const json_t *cluster, struct err *err)
{
	if (kubeconfig_check_known(KUBECONFIG_CLUSTERS, cluster, err) < 0)
		return -1;
	config->server = take_text(cluster, "server");
	config->tls_name = take_text(cluster, "tls-server-name");
	config->proxy = take_text(cluster, "proxy-url");
	config->ca_file = take_text(cluster, "certificate-authority");
	config->ca = take_blob(cluster, "certificate-authority-data");
	config->insecure = json_is_true(json_object_get(cluster, "insecure-skip-tls-verify"));
	config->plugin_config = find_extension(cluster);
	if (is_lost(cluster, "certificate-authority-data", &config->ca) ||
	    (config->ca_file && config->ca.data) || !is_readable(config->ca_file) ||
	    (config->insecure && (config->ca_file || config->ca.data)))
		return err_set(err, ERR_UNKNOWN, "its authority cannot be used");
	return 0;
}

/* What kubectl refuses, or we can't do. */
static int check_user(const struct kube_config *config, const json_t *user, struct err *err)
{
	bool cert = config->cert_file || config->cert.data;
	bool key = config->key_file || config->key.data;

	if (is_lost(user, "client-certificate-data", &config->cert) ||
	    is_lost(user, "client-key-data", &config->key) || cert != key ||
	    (config->cert_file && config->cert.data) || (config->key_file && config->key.data) ||
	    !is_readable(config->cert_file) || !is_readable(config->key_file))
		return err_set(err, ERR_UNKNOWN, "its client certificate cannot be used");
	if ((config->token || config->token_file) && (config->user || config->password))
		return err_set(err, ERR_UNKNOWN, "it has a token and a password");
	if (!is_readable(config->token_file))
		return err_set(err, ERR_UNKNOWN, "its file with a token cannot be read");
	if ((config->as_uid || config->as_groups || config->as_extra) && !config->as)
		return err_set(
		    err, ERR_UNKNOWN, "it is to be somebody's groups without being somebody");
	return 0;
}

/* A list or map that has something in it; a new reference, or NULL. */
static json_t *take_filled(const json_t *entry, const char *key)
{
	json_t *value = json_object_get(entry, key);

	return json_array_size(value) || json_object_size(value) ? json_incref(value) : NULL;
}

static int take_user(struct kube_config *config, const json_t *user, struct err *err)
{
	if (kubeconfig_check_known(KUBECONFIG_USERS, user, err) < 0)
		return -1;
	config->cert_file = take_text(user, "client-certificate");
	config->cert = take_blob(user, "client-certificate-data");
	config->key_file = take_text(user, "client-key");
	config->key = take_blob(user, "client-key-data");
	config->token = take_text(user, "token");
	config->token_file = take_text(user, "tokenFile");
	config->user = take_text(user, "username");
	config->password = take_text(user, "password");
	config->as = take_text(user, "as");
	config->as_uid = take_text(user, "as-uid");
	config->as_groups = take_filled(user, "as-groups");
	config->as_extra = take_filled(user, "as-user-extra");
	config->exec = json_incref(json_object_get(user, "exec"));
	return check_user(config, user, err);
}

/* The entry of LIST that CONTEXT names by KEY; NULL: it is not there. Borrowed. */
static const json_t *named(
    const json_t *merged, const char *list, const json_t *context, const char *key)
{
	const char *name = json_string_value(json_object_get(context, key));

	return name && *name ? json_object_get(json_object_get(merged, list), name) : NULL;
}

static int take_context(
    struct kube_config *config, const json_t *merged, const json_t *context, struct err *err)
{
	const json_t *cluster = named(merged, "clusters", context, "cluster");
	const json_t *user = named(merged, "users", context, "user");

	if (kubeconfig_check_known(KUBECONFIG_CONTEXTS, context, err) < 0)
		return -1;
	if (!cluster || !user)
		return err_set(err, ERR_UNKNOWN, "its cluster or its user is not there");
	config->namespace = take_text(context, "namespace");
	if (take_cluster(config, cluster, err) < 0)
		return -1;
	return take_user(config, user, err);
}

/* --- The pod's own account --- */

static char *read_namespace(const char *folder)
{
	char *path = mem_printf("%s/namespace", folder);
	char *text = NULL;
	struct buf buf;

	if (buf_read_file(&buf, path, NAMESPACE_MAX, NULL) == 0) {
		while (buf.len && isspace((unsigned char)buf.data[buf.len - 1]))
			buf.data[--buf.len] = '\0';
		text = buf.data[strspn(buf.data, " \t\r\n")]
		           ? mem_text(buf.data + strspn(buf.data, " \t\r\n"))
		           : NULL;
		buf_release(&buf);
	}
	free(path);
	return text;
}

int kube_config_in_cluster(struct kube_config *config, const char *folder, const char *host,
    const char *port, struct err *err)
{
	config->server =
	    mem_printf(strchr(host, ':') ? "https://[%s]:%s" : "https://%s:%s", host, port);
	config->token_file = mem_printf("%s/token", folder);
	config->ca_file = mem_printf("%s/ca.crt", folder);
	if (!config->namespace)
		config->namespace = read_namespace(folder);
	if (!is_readable(config->token_file) || !is_readable(config->ca_file))
		return err_set(err, ERR_UNKNOWN, "the files of the pod's account cannot be read");
	return 0;
}

static bool is_in_cluster(const struct reading *reading)
{
	struct stat about;

	return *variable(reading, "KUBERNETES_SERVICE_HOST") &&
	       *variable(reading, "KUBERNETES_SERVICE_PORT") &&
	       stat(ACCOUNT_FOLDER "/token", &about) == 0 && !S_ISDIR(about.st_mode);
}

static int take_nothing(struct kube_config *config, const struct reading *reading, struct err *err)
{
	const char *own = variable(reading, "POD_NAMESPACE");

	if (*variable(reading, "KUBERNETES_MASTER"))
		return err_set(err, ERR_UNKNOWN, "KUBERNETES_MASTER is set");
	if (!is_in_cluster(reading)) {
		config->server = mem_text(NO_CONFIG);
		return 0;
	}
	config->namespace = *own ? mem_text(own) : NULL;
	return kube_config_in_cluster(config, ACCOUNT_FOLDER,
	    variable(reading, "KUBERNETES_SERVICE_HOST"),
	    variable(reading, "KUBERNETES_SERVICE_PORT"), err);
}

/* --- All of it --- */

static bool is_url(const char *text, const char *const *schemes)
{
	for (; *schemes; schemes++)
		if (strncmp(text, *schemes, strlen(*schemes)) == 0)
			return !strpbrk(text, "?# \t\r\n\"<>\\^`{|}");
	return false;
}

static int check_urls(struct kube_config *config, struct err *err)
{
	static const char *const servers[] = {"http://", "https://", NULL};
	static const char *const proxies[] = {"http://", "https://", "socks5://", NULL};
	size_t len = config->server ? strlen(config->server) : 0;

	if (!len || !is_url(config->server, servers) || strpbrk(config->server, "@%") ||
	    web_url_check(config->server, NULL) < 0)
		return err_set(err, ERR_UNKNOWN, "the address of its server is not known here");
	if (config->proxy && !is_url(config->proxy, proxies))
		return err_set(err, ERR_UNKNOWN, "the address of its proxy is not known here");
	while (len && config->server[len - 1] == '/')
		config->server[--len] = '\0';
	return 0;
}

static int choose(struct kube_config *config, const json_t *merged, const struct reading *reading,
    struct err *err)
{
	const char *asked = reading->spec->context;
	const char *name =
	    asked && *asked ? asked : json_string_value(json_object_get(merged, "current-context"));
	const json_t *context = json_object_get(json_object_get(merged, "contexts"), name);

	if (!context && asked && *asked)
		return err_set(err, ERR_INPUT, "error: context \"%s\" does not exist", asked);
	if (!context && *name)
		return err_set(err, ERR_UNKNOWN, "the current context is not there");
	if (context)
		return take_context(config, merged, context, err);
	return take_nothing(config, reading, err);
}

/* kubectl says of a file that cannot be read what is wrong, but waits for ever for one that is a named pipe. */
static int check_files(const struct kube_config *config, struct err *err)
{
	const struct {
		const char *key;
		const char *path;
	} files[] = {{"certificate-authority", config->ca_file},
	    {"client-certificate", config->cert_file}, {"client-key", config->key_file},
	    {"tokenFile", config->token_file}};

	for (size_t i = 0; i < COUNT_OF(files); i++)
		if (files[i].path && buf_check_file(files[i].path, err) < 0)
			return err_prefix(err, "the kubeconfig's %s", files[i].key);
	return 0;
}

int kube_config_load(struct kube_config *config, const struct children *children,
    const struct kube_spec *spec, struct err *err)
{
	struct reading reading = {.children = children, .spec = spec};
	json_t *merged = json_pack(
	    "{s:{}, s:{}, s:{}, s:s}", "clusters", "users", "contexts", "current-context", "");
	int result = read_files(config, merged, &reading, err);

	if (result == 0)
		result = choose(config, merged, &reading, err);
	if (result == 0)
		result = check_files(config, err);
	if (result == 0)
		result = check_urls(config, err);
	if (result == 0 && !config->namespace)
		config->namespace = mem_text("default");
	json_decref(merged);
	return result;
}

static void release_blob(struct kube_blob *blob)
{
	if (blob->data)
		explicit_bzero(blob->data, blob->len);
	free(blob->data);
}

static void release_secret(char *text)
{
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
}

void kube_config_release(struct kube_config *config)
{
	char *const texts[] = {config->server, config->tls_name, config->ca_file, config->cert_file,
	    config->key_file, config->token_file, config->user, config->as, config->as_uid,
	    config->namespace};
	json_t *const values[] = {
	    config->plugin_config, config->as_groups, config->as_extra, config->exec};

	for (size_t i = 0; i < config->file_count; i++)
		free(config->files[i].path);
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		free(texts[i]);
	for (size_t i = 0; i < COUNT_OF(values); i++)
		json_decref(values[i]);
	release_secret(config->token);
	release_secret(config->password);
	release_secret(config->proxy);
	release_blob(&config->ca);
	release_blob(&config->cert);
	release_blob(&config->key);
}
