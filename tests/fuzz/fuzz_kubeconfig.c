/*
 * Fuzzing of kubeconfigs: the input's first byte says which context is asked for, its rest is two files, with a line
 * "%%" between.
 *
 * Invariant: what is refused is unknown, and named. A file that is read has no key that is null (but for extensions),
 * and no relative path. What a context comes to stands in one entry of one of the files: the first that has its name.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fsops/mem.h"
#include "fsops/value.h"
#include "kube/config.h"
#include "kube/kubeconfig.h"

#define BETWEEN "\n%%\n"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What KUBECONFIG says. */
static char kubeconfig[128];

/* Instead of the environment's. */
const char *children_variable(
    const struct children *children, const char *const *inherit, const char *name)
{
	(void)children;
	(void)inherit;
	return strcmp(name, "KUBECONFIG") == 0 ? kubeconfig : NULL;
}

/* --- The files --- */

struct file {
	int fd;
	char path[32];
	json_t *read; /* NULL: refused */
};

static void check_no_null(const json_t *value)
{
	const char *key;
	json_t *item;
	size_t i;

	json_object_foreach((json_t *)(uintptr_t)value, key, item) {
		if (json_is_null(item))
			abort();
		if (strcmp(key, "extension") != 0)
			check_no_null(item);
	}
	json_array_foreach(value, i, item)
		check_no_null(item);
}

static void check_path(const json_t *entry, const char *key)
{
	const char *path = value_get_text(entry, key);

	if (path && *path && *path != '/')
		abort();
}

static void check_lists(const json_t *read)
{
	static const char *const lists[] = {"clusters", "users", "contexts"};
	static const char *const paths[] = {
	    "certificate-authority", "client-certificate", "client-key", "tokenFile"};

	for (size_t i = 0; i < COUNT_OF(lists); i++) {
		const char *name;
		json_t *entry;

		if (!json_is_object(json_object_get(read, lists[i])))
			abort();
		json_object_foreach(json_object_get(read, lists[i]), name, entry)
			for (size_t path = 0; path < COUNT_OF(paths); path++)
				check_path(entry, paths[path]);
	}
	if (!json_is_string(json_object_get(read, "current-context")))
		abort();
}

static void check_refused(const struct err *err, const char *path)
{
	if (err->kind != ERR_UNKNOWN || !strstr(err->text, path))
		abort();
}

static void open_file(struct file *file, const char *text, size_t len)
{
	struct err err = {0};

	file->fd = memfd_create("kubeconfig", MFD_CLOEXEC);
	if (file->fd < 0 || write(file->fd, text, len) != (ssize_t)len)
		abort();
	snprintf(file->path, sizeof(file->path), "/proc/self/fd/%d", file->fd);
	file->read = kubeconfig_read(file->path, &err);
	if (!file->read)
		check_refused(&err, file->path);
	check_no_null(file->read);
	if (file->read)
		check_lists(file->read);
}

/* --- What they come to --- */

/* The entry of LIST with NAME that counts. */
static const json_t *find(const struct file files[2], const char *list, const char *name)
{
	for (size_t i = 0; name && i < 2; i++) {
		const json_t *entry = json_object_get(json_object_get(files[i].read, list), name);

		if (entry)
			return entry;
	}
	return NULL;
}

static void check_text(const json_t *entry, const char *key, const char *taken)
{
	const char *text = value_get_text(entry, key);

	if (strcmp(text ? text : "", taken ? taken : "") != 0)
		abort();
}

static void check_server(const json_t *cluster, const char *taken)
{
	const char *server = value_get_text(cluster, "server");
	size_t len = strlen(taken);

	if (!len || taken[len - 1] == '/' || strncmp(server, taken, len) != 0 ||
	    server[len + strspn(server + len, "/")])
		abort();
}

static void check_config(
    const struct kube_config *config, const struct file files[2], const char *asked)
{
	const char *first = value_get_text(files[0].read, "current-context");
	const char *second = value_get_text(files[1].read, "current-context");
	const char *current = *first ? first : second;
	const json_t *context = find(files, "contexts", asked ? asked : current);
	const json_t *cluster = find(files, "clusters", value_get_text(context, "cluster"));
	const json_t *user = find(files, "users", value_get_text(context, "user"));

	if (!context) {
		if (asked || *current || strcmp(config->server, "http://localhost:8080") != 0)
			abort();
		return;
	}
	check_server(cluster, config->server);
	check_text(cluster, "tls-server-name", config->tls_name);
	check_text(cluster, "proxy-url", config->proxy);
	check_text(user, "token", config->token);
	check_text(user, "username", config->user);
	check_text(user, "password", config->password);
	check_text(user, "as", config->as);
	if (strcmp(config->namespace, "default") != 0)
		check_text(context, "namespace", config->namespace);
	if (config->insecure && (config->ca.data || config->ca_file))
		abort();
}

/* --- All of it --- */

static void load(const struct file files[2], const char *asked)
{
	const struct kube_spec spec = {.context = asked};
	struct kube_config config = {.file_count = 0};
	struct err err = {0};
	int result;

	snprintf(kubeconfig, sizeof(kubeconfig), "%s:/not/there:%s", files[0].path, files[1].path);
	result = kube_config_load(&config, NULL, &spec, &err);
	if (result == 0 && files[0].read && files[1].read)
		check_config(&config, files, asked);
	else if (result == 0 || !err.text[0] || (err.kind != ERR_UNKNOWN && !asked))
		abort();
	kube_config_release(&config);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const asked[] = {NULL, "x", "y"};
	const char *text = (const char *)data + 1;
	const char *between;
	struct file files[2];

	if (!size)
		return 0;
	size--;
	between = memmem(text, size, BETWEEN, strlen(BETWEEN));
	open_file(&files[0], text, between ? (size_t)(between - text) : size);
	open_file(&files[1], between ? between + strlen(BETWEEN) : "",
	    between ? size - (size_t)(between - text) - strlen(BETWEEN) : 0);
	load(files, asked[data[0] % COUNT_OF(asked)]);
	for (size_t i = 0; i < COUNT_OF(files); i++) {
		json_decref(files[i].read);
		close(files[i].fd);
	}
	return 0;
}
