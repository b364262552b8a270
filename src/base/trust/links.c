/* Links on the way to a file that will be written. Invariant: nobody who is not trusted chose where the way
 * leads, in a folder where everybody may put links. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fsops/buf.h"
#include "fsops/mem.h"
#include "fsops/trust.h"

#define LINKS_MAX 40 /* as the kernel follows */

/* A way that is being gone. */
struct way {
	struct buf done; /* without links; "" is the folder that this process is in */
	char *rest;
	int links;
};

static int fail(const char *path, int error, struct err *err)
{
	return err_set(err, ERR_SYSTEM, "unable to write '%s': %s", path, strerror(error));
}

/* Stricter than fs.protected_symlinks, which lets the owner of a folder lead a stranger anywhere from it. */
static int check_link(const char *link, const struct stat *info, struct err *err)
{
	if (trust_is_mine(info->st_uid))
		return 0;
	return err_set(err, ERR_SYSTEM,
	    "unable to write '%s': it is a link of another user, which could lead anywhere", link);
}

static int follow(struct way *way, const char *link, struct err *err)
{
	char target[PATH_MAX];
	ssize_t len = readlink(link, target, sizeof(target) - 1);
	char *rest = way->rest;

	if (len < 0)
		return fail(link, errno, err);
	if (++way->links > LINKS_MAX)
		return fail(link, ELOOP, err);
	target[len] = '\0';
	if (target[0] == '/') {
		buf_clear(&way->done);
		buf_addc(&way->done, '/');
	}
	way->rest = mem_printf("%s/%s", target, rest);
	free(rest);
	return 0;
}

static int go(struct way *way, const char *name, struct err *err)
{
	const char *done = way->done.len ? way->done.data : "";
	size_t len = strlen(done);
	char *next = mem_printf("%s%s%s", done, len && done[len - 1] != '/' ? "/" : "", name);
	struct stat info;
	int result = 0;

	if (lstat(next, &info) == 0 && S_ISLNK(info.st_mode)) {
		result = check_link(next, &info, err);
		if (result == 0)
			result = follow(way, next, err);
	} else {
		buf_clear(&way->done);
		buf_adds(&way->done, next);
	}
	free(next);
	return result;
}

char *trust_resolve(const char *path, struct err *err)
{
	struct way way = {.rest = mem_text(path)};
	char *found = NULL;
	int result = 0;

	buf_init(&way.done, 4 * PATH_MAX);
	if (path[0] == '/')
		buf_addc(&way.done, '/');
	while (result == 0 && way.rest[strspn(way.rest, "/")]) {
		char *name = way.rest + strspn(way.rest, "/");
		size_t len = strcspn(name, "/");
		char *word = mem_textn(name, len);
		char *rest = mem_text(name + len);

		free(way.rest);
		way.rest = rest;
		if (strcmp(word, ".") != 0)
			result = go(&way, word, err);
		free(word);
	}
	if (result == 0 && way.done.full)
		result = fail(path, ENAMETOOLONG, err);
	if (result == 0)
		found = way.done.len ? buf_detach(&way.done) : mem_text(".");
	buf_release(&way.done);
	free(way.rest);
	return found;
}
