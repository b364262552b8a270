/* The folders that somebody trusts. Invariant: a list that others may write into is no list. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fsops/atomic.h"
#include "fsops/buf.h"
#include "fsops/mem.h"
#include "fsops/trust.h"

#define LIST_FILE "trusted"
#define LIST_MAX  ((size_t)256 * 1024)
#define LIST_HEAD                                                                                  \
	"# Folders whose runbooks fsops uses whoever may write into them: `fsops config trust`.\n"

char *config_folder(void)
{
	const char *config = getenv("XDG_CONFIG_HOME");
	const char *home = getenv("HOME");

	if (config && *config == '/') /* the XDG rules: a relative one is not valid */
		return mem_printf("%s/fsops", config);
	return home && *home ? mem_printf("%s/.config/fsops", home) : NULL;
}

static char *list_path(void)
{
	char *folder = config_folder();
	char *path = folder ? mem_printf("%s/" LIST_FILE, folder) : NULL;

	free(folder);
	return path;
}

/* ---- reading ---- */

/* Each piece of TEXT between SEPARATORs that is the path of a folder. */
static void add_all(
    struct trust_list *list, const char *text, const char *separator, const char *from)
{
	while (*text) {
		size_t len = strcspn(text, separator);

		if (text[0] == '/') {
			MEM_PUSH_ROOM(list->items, list->count);
			list->items[list->count++] =
			    (struct trusted){.folder = mem_textn(text, len), .from = from};
		}
		text += len + (text[len] != '\0');
	}
}

/* What is said in the environment may be said with links; in the file there are none. */
static void follow_links(struct trust_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		char *real = mem_realpath(list->items[i].folder);

		if (!real)
			continue;
		free(list->items[i].folder);
		list->items[i].folder = real;
	}
}

static int check_list(int fd, const char *path, const void *ctx, struct err *err)
{
	(void)ctx;
	if (trust_check_own(path, fd, err) == 0)
		return 0;
	return err_prefix(err, "the trusted folders are not known");
}

/* The text of the file; empty when there is none. */
static int read_list(struct buf *text, struct err *err)
{
	char *path = list_path();
	struct stat info;
	int result = 0;

	buf_init(text, LIST_MAX);
	if (path && (lstat(path, &info) == 0 || errno != ENOENT)) {
		buf_release(text);
		result = buf_read_checked(text, path, LIST_MAX, check_list, NULL, err);
	}
	free(path);
	return result;
}

int trust_list_load(struct trust_list *list, struct err *err)
{
	const char *variable = getenv("FSOPS_TRUST");
	struct buf text;
	int result;

	*list = (struct trust_list){0};
	if (variable)
		add_all(list, variable, ":", "FSOPS_TRUST");
	follow_links(list);
	result = read_list(&text, err);
	if (result == 0 && text.len)
		add_all(list, text.data, "\n", "config trust");
	if (result == 0)
		buf_release(&text);
	return result;
}

void trust_list_release(struct trust_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i].folder);
	free(list->items);
	*list = (struct trust_list){0};
}

bool trust_list_has(const struct trust_list *list, const char *real)
{
	for (size_t i = 0; i < list->count; i++) {
		const char *folder = list->items[i].folder;
		size_t len = strlen(folder);

		while (len > 1 && folder[len - 1] == '/')
			len--;
		if (strncmp(real, folder, len) == 0 && (real[len] == '\0' || real[len] == '/'))
			return true;
	}
	return false;
}

/* ---- writing ---- */

/* Each folder on the way to the file; those that are there stay as they are. */
static int make_folders(const char *path, struct err *err)
{
	char *at = mem_text(path);
	int result = 0;

	for (char *slash = at + 1; result == 0 && (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		if (mkdir(at, 0700) < 0 && errno != EEXIST)
			result = err_set(err, ERR_SYSTEM, "unable to make the folder '%s': %s", at,
			    strerror(errno));
		*slash = '/';
	}
	free(at);
	return result;
}

static int write_list(const struct trust_list *list, const char *path, struct err *err)
{
	struct buf text;
	mode_t mask;
	int result;

	buf_init(&text, LIST_MAX);
	buf_adds(&text, LIST_HEAD);
	for (size_t i = 0; i < list->count; i++)
		buf_addf(&text, "%s\n", list->items[i].folder);
	mask = umask(077); /* or it would be no list */
	if (text.full)
		result = err_set(err, ERR_LIMIT, "'%s' would be over %zu bytes", path, LIST_MAX);
	else
		result = atomic_write(path, text.data, text.len, err);
	umask(mask);
	buf_release(&text);
	return result;
}

/* The folders of the file alone. */
static int load_file(struct trust_list *list, struct err *err)
{
	struct buf text;

	*list = (struct trust_list){0};
	if (read_list(&text, err) < 0)
		return -1;
	if (text.len)
		add_all(list, text.data, "\n", "config trust");
	buf_release(&text);
	return 0;
}

static size_t find(const struct trust_list *list, const char *real)
{
	size_t at = 0;

	while (at < list->count && strcmp(list->items[at].folder, real) != 0)
		at++;
	return at;
}

/* What may be written into a line of the list. */
static char *real_folder(const char *folder, struct err *err)
{
	char *real = mem_realpath(folder);
	struct stat info;

	if (!real || stat(real, &info) < 0)
		err_set(err, ERR_USAGE, "unable to trust '%s': %s", folder, strerror(errno));
	else if (!S_ISDIR(info.st_mode))
		err_set(err, ERR_USAGE, "'%s' is no folder: trust the one that it is in", folder);
	else if (strcmp(real, "/") == 0)
		err_set(err, ERR_USAGE, "to trust '/' is to trust everything: name the folder");
	else if (strchr(real, '\n'))
		err_set(err, ERR_USAGE, "a folder whose name has a line break cannot be trusted");
	else
		return real;
	free(real);
	return NULL;
}

int trust_add(const char *folder, char **real, struct err *err)
{
	char *path = list_path();
	struct trust_list list = {0};
	int result = -1;

	*real = real_folder(folder, err);
	if (!*real)
		goto out;
	if (!path) {
		err_set(err, ERR_SYSTEM, "there is no folder for the list: set HOME");
		goto out;
	}
	if (load_file(&list, err) < 0)
		goto out;
	if (find(&list, *real) == list.count) {
		MEM_PUSH_ROOM(list.items, list.count);
		list.items[list.count++].folder = mem_text(*real);
	}
	if (make_folders(path, err) == 0)
		result = write_list(&list, path, err);
out:
	trust_list_release(&list);
	free(path);
	return result;
}

int trust_remove(const char *folder, char **real, struct err *err)
{
	char *path = list_path();
	struct trust_list list;
	size_t at;
	int result = -1;

	*real = mem_realpath(folder); /* one that is gone is named as it is written */
	if (!*real)
		*real = mem_text(folder);
	if (load_file(&list, err) < 0)
		goto out;
	at = find(&list, *real);
	if (at == list.count) {
		err_set(err, ERR_USAGE, "'%s' is not among the trusted folders of '%s'", *real,
		    path ? path : "");
		goto out;
	}
	free(list.items[at].folder);
	list.items[at] = list.items[--list.count];
	result = write_list(&list, path, err);
out:
	trust_list_release(&list);
	free(path);
	return result;
}
