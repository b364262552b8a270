/* Where state lies. Invariant: nothing is made or read in a folder that others may write into, nor below
 * one. */
#include "fsops/state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fsops/mem.h"
#include "fsops/trust.h"

/* By what is set, the first that is. */
static char *folder_from_environment(void)
{
	const char *own = getenv("FSOPS_STATE");
	const char *xdg = getenv("XDG_STATE_HOME");
	const char *home = getenv("HOME");

	if (own && *own)
		return mem_text(own);
	if (xdg && *xdg == '/') /* the XDG rules: a relative one is not valid */
		return mem_printf("%s/fsops", xdg);
	if (home && *home)
		return mem_printf("%s/.local/state/fsops", home);
	return NULL;
}

char *state_folder(struct err *err)
{
	char *folder = folder_from_environment();

	if (!folder)
		err_set(err, ERR_SYSTEM,
		    "there is no folder to keep the state of runs in: set FSOPS_STATE, or HOME");
	return folder;
}

static const struct trust_rule own = {.own = true};

/* A folder that is not there yet is made when something is to be kept. */
static int check_way(const char *folder, struct err *err)
{
	struct stat st;

	if ((lstat(folder, &st) < 0 && errno == ENOENT) || trust_check(folder, -1, &own, err) == 0)
		return 0;
	return trust_refuse(folder, err);
}

char *state_path(const char *name, struct err *err)
{
	char *folder = state_folder(err);
	char *path = NULL;

	if (folder && check_way(folder, err) == 0)
		path = mem_printf("%s/%s", folder, name);
	free(folder);
	return path;
}

int state_check_file(int fd, const char *path, const void *ctx, struct err *err)
{
	(void)ctx;
	return trust_check(path, fd, &own, err) < 0 ? trust_refuse(path, err) : 0;
}

/* Whoever can write into it could change what a resumed run believes. A folder that came to us as a
 * symbolic link is judged by what it leads to. */
static int check_folder(const char *path, struct err *err)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return err_set(
		    err, ERR_SYSTEM, "unable to look at '%s': %s", path, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return err_set(
		    err, ERR_SYSTEM, "'%s' is no folder: move it away, or set FSOPS_STATE", path);
	if (st.st_uid != geteuid())
		return err_set(err, ERR_SYSTEM,
		    "the folder '%s' belongs to another user: give it to yourself, or set "
		    "FSOPS_STATE",
		    path);
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return err_set(err, ERR_SYSTEM,
		    "others may write into the folder '%s': `chmod go-w` it, or set FSOPS_STATE",
		    path);
	return 0;
}

static int make_folder(const char *path, struct err *err)
{
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return err_set(
		    err, ERR_SYSTEM, "unable to make the folder '%s': %s", path, strerror(errno));
	return 0;
}

/* Each folder on the way to PATH, then PATH. */
static int make_all(char *path, struct err *err)
{
	for (char *slash = path + 1; (slash = strchr(slash, '/')); slash++) {
		struct stat st;
		int result = 0;

		*slash = '\0';
		if (stat(path, &st) < 0)
			result = make_folder(path, err);
		*slash = '/';
		if (result < 0)
			return -1;
	}
	return make_folder(path, err);
}

int state_make_folder(const char *name, struct err *err)
{
	char *folder = state_folder(err);
	char *path = folder && name ? mem_printf("%s/%s", folder, name) : mem_text(folder);
	int result = -1;

	if (!path)
		goto out;
	if (make_all(path, err) < 0 || check_folder(folder, err) < 0 ||
	    check_way(folder, err) < 0 || (name && check_folder(path, err) < 0))
		goto out;
	result = 0;
out:
	free(path);
	free(folder);
	return result;
}
