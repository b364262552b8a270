/* Whose files are used. Invariant: what is found good is so from the root folder down, so that nobody who
 * is not trusted could have put another file in its place. */
#include "fsops/trust.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pthread.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/xattr.h>
#endif

#include "fsops/buf.h"
#include "fsops/mem.h"

/* Under sudo a person's own files are no stranger's; git's rule, and its variable. */
static bool called_sudo(uid_t owner)
{
	const char *text = getenv("SUDO_UID");
	char *end;
	unsigned long uid;

	if (geteuid() != 0 || !text || !*text)
		return false;
	errno = 0;
	uid = strtoul(text, &end, 10);
	return !errno && !*end && uid == owner;
}

bool trust_is_mine(uid_t owner)
{
	return owner == 0 || owner == geteuid() || called_sudo(owner);
}

/* ---- groups ---- */

/* Of getpwent() and of the answer below. */
static pthread_mutex_t database = PTHREAD_MUTEX_INITIALIZER;

static bool may_be_member(uid_t user, uid_t owner)
{
	return user == owner || trust_is_mine(user);
}

/* Those who have it as their first group. */
static bool primary_members_are(gid_t group, uid_t owner)
{
	const struct passwd *user;
	bool fine = true;

	setpwent();
	while (fine && (user = getpwent()))
		fine = user->pw_gid != group || may_be_member(user->pw_uid, owner);
	endpwent();
	return fine;
}

static bool listed_members_are(gid_t group, uid_t owner)
{
	const struct group *entry = getgrgid(group);
	const struct passwd *user;

	if (!entry)
		return false; /* nobody knows who is in it */
	for (char **name = entry->gr_mem; *name; name++)
		if (!(user = getpwnam(*name)) || !may_be_member(user->pw_uid, owner))
			return false;
	return true;
}

/* Is nobody in GROUP but OWNER and who is trusted? As Debian's OpenSSH takes a user's own group. */
static bool group_is_private(gid_t group, uid_t owner)
{
	static struct {
		bool known, answer;
		gid_t group;
		uid_t owner;
	} last; /* the files of a folder ask the same */
	bool answer;

	pthread_mutex_lock(&database);
	if (!last.known || last.group != group || last.owner != owner) {
		last.answer = listed_members_are(group, owner) && primary_members_are(group, owner);
		last.known = true;
		last.group = group;
		last.owner = owner;
	}
	answer = last.answer;
	pthread_mutex_unlock(&database);
	return answer;
}

/* ---- modes ---- */

/* With an access list the bits of the group are those of everybody who is named in it. */
static bool has_access_list(const char *path)
{
#ifdef __linux__
	return getxattr(path, "system.posix_acl_access", NULL, 0) > 0;
#else
	(void)path;
	return false;
#endif
}

static bool is_read_only(const char *path)
{
	struct statvfs info;

	return statvfs(path, &info) == 0 && (info.f_flag & ST_RDONLY);
}

static bool others_may_write(const char *path, const struct stat *info)
{
	bool group = (info->st_mode & S_IWGRP) &&
	             (has_access_list(path) || !group_is_private(info->st_gid, info->st_uid));

	return (group || (info->st_mode & S_IWOTH)) && !is_read_only(path);
}

/* ---- the way down ---- */

static int strange_owner(const char *path, const struct stat *info, struct err *err)
{
	char buffer[4096];
	struct passwd entry;
	struct passwd *user = NULL;

	getpwuid_r(info->st_uid, &entry, buffer, sizeof(buffer), &user);
	if (user)
		return err_set(
		    err, ERR_INPUT, "'%s' belongs to another user (%s)", path, user->pw_name);
	return err_set(err, ERR_INPUT, "'%s' belongs to another user (number %lu)", path,
	    (unsigned long)info->st_uid);
}

static int writable(const char *path, struct err *err)
{
	return err_set(err, ERR_INPUT, "others may change '%s' (`chmod go-w` ends that)", path);
}

static int look(const char *path, struct stat *info, struct err *err)
{
	if (lstat(path, info) == 0)
		return 0;
	return err_set(err, ERR_INPUT, "unable to look at '%s': %s", path, strerror(errno));
}

/* The file or folder itself. What is open is looked at as it is open: its name may be another's by now, as
 * when a new version is put in its place. */
static int check_leaf(const char *path, int fd, const struct trust_rule *rule, struct err *err)
{
	struct stat info;
	bool fine;

	if (fd < 0 && look(path, &info, err) < 0)
		return -1;
	if (fd >= 0 && fstat(fd, &info) < 0)
		return err_set(err, ERR_INPUT, "unable to look at '%s': %s", path, strerror(errno));
	fine = trust_is_mine(info.st_uid) ||
	       (!rule->own && (rule->owner == TRUST_ANYONE || rule->owner == info.st_uid));
	if (!fine)
		return strange_owner(path, &info, err);
	if (others_may_write(path, &info))
		return writable(path, err);
	return 0;
}

/* Whoever owns the root folder can replace all that is in it. In a user namespace that is not root: who is
 * not mapped into it has another number there. */
static bool owns_all(uid_t owner)
{
	struct stat root;

	return lstat("/", &root) == 0 && root.st_uid == owner;
}

static int check_above(const char *path, const struct trust_rule *rule, struct err *err)
{
	struct stat info;

	if (look(path, &info, err) < 0)
		return -1;
	if (rule->own && !trust_is_mine(info.st_uid) && !owns_all(info.st_uid))
		return strange_owner(path, &info, err);
	if (!(info.st_mode & S_ISVTX) && others_may_write(path, &info))
		return writable(path, err);
	return 0;
}

static int check_way(const char *real, int fd, const struct trust_rule *rule, struct err *err)
{
	char *above = mem_text(real);
	int result = check_leaf(real, fd, rule, err);
	char *slash;

	while (result == 0 && (slash = strrchr(above, '/')) && above[1]) {
		slash[slash == above] = '\0';
		result = check_above(above, rule, err);
	}
	free(above);
	return result;
}

/* Has somebody said that it is to be trusted? If that is not known, ERR says why after its fault. */
static bool is_listed(const char *real, struct err *err)
{
	struct trust_list list;
	struct err why;
	int known = trust_list_load(&list, &why);
	bool listed = trust_list_has(&list, real);
	char *fault;

	trust_list_release(&list);
	if (listed || known == 0 || !err)
		return listed;
	fault = mem_text(err->text);
	err_set(err, ERR_INPUT, "%s; and %s", fault, why.text);
	free(fault);
	return false;
}

static int check(
    const char *path, int fd, const struct trust_rule *rule, bool listed, struct err *err)
{
	char *real = mem_realpath(path);
	int result;

	if (!real)
		return err_set(err, ERR_INPUT, "unable to look at '%s': %s", path, strerror(errno));
	result = check_way(real, fd, rule, err);
	if (result < 0 && listed && is_listed(real, err))
		result = 0;
	free(real);
	return result;
}

int trust_check(const char *path, int fd, const struct trust_rule *rule, struct err *err)
{
	return check(path, fd, rule, true, err);
}

int trust_check_own(const char *path, int fd, struct err *err)
{
	return check(path, fd, &(struct trust_rule){.own = true}, false, err);
}

int trust_refuse(const char *path, struct err *err)
{
	struct stat info;
	struct buf folder;
	char *real;
	char *fault;

	if (!err)
		return -1;
	real = mem_realpath(path);
	fault = mem_text(err->text);
	buf_init(&folder, ERR_TEXT_MAX / 2);
	if (real && stat(real, &info) == 0 && !S_ISDIR(info.st_mode))
		*strrchr(real, '/') = '\0';
	buf_add_shell_word(&folder, real && *real ? real : path);
	err_set(err, ERR_INPUT,
	    "'%s' is not used: %s; if you know what is in it and want it all the same, type `fsops "
	    "config trust %s`",
	    path, fault, folder.data);
	buf_release(&folder);
	free(fault);
	free(real);
	return -1;
}
