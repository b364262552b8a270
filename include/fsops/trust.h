/*
 * Whose files are used. Runbooks run commands and state is believed, so both are used only when nobody else
 * can have written them: as OpenSSH looks at authorized_keys (auth_secure_path()), and git at who owns a
 * folder that it comes upon (safe.directory).
 *
 *	fd = open(path, …);
 *	if (trust_check(path, fd, &rule, &err) < 0)      // what was opened, not what lies there later
 *		return trust_refuse(path, &err);         // with what to type
 *
 * "Mine" below: owned by this process's user, by root, or, for root under sudo, by whoever called it.
 * "Others may write": its mode lets everybody, or a group with others in it. A group that nobody but its
 * owner and this user is in (a user's own, with umask 002) does not count; nor does what is mounted
 * read-only (a ConfigMap), nor the mode of a sticky folder (/tmp) for what lies in it.
 */
#ifndef FSOPS_TRUST_H
#define FSOPS_TRUST_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "fsops/err.h"

#define TRUST_ANYONE ((uid_t)-1)

struct trust_rule {
	bool own;    /* it and every folder above it must be mine: it was come upon, not named */
	uid_t owner; /* unless OWN: whose it may be if it is not mine; TRUST_ANYONE: anybody's */
};

/*
 * May what PATH leads to be used, and what FD (-1: not opened) was opened from it as? It and every folder
 * above must be as RULE says, and none where others may write. What lies in a trusted folder (below) always
 * may. Errors (ERR_INPUT): the fault, "others may change '/x'", without what to do.
 */
int trust_check(const char *path, int fd, const struct trust_rule *rule, struct err *err);

/* The same with OWN, and trusted folders are not asked for: of the list of these itself. */
int trust_check_own(const char *path, int fd, struct err *err);

/* After the fault in ERR: what is not used because of it, and which command would trust it. Returns -1. */
int trust_refuse(const char *path, struct err *err);

/* Is it this user's, root's, or that of who called sudo? */
bool trust_is_mine(uid_t owner);

/*
 * PATH of a file to write, which need not be there, with its links followed: a new string. NULL (ERR_SYSTEM): one
 * of them is another user's.
 */
char *trust_resolve(const char *path, struct err *err);

/* ---- trusted folders ---- */

/* One folder that somebody said is to be trusted with all that is in it; FROM says where. */
struct trusted {
	char *folder;
	const char *from; /* "FSOPS_TRUST", "config trust" */
};

struct trust_list {
	struct trusted *items;
	size_t count;
};

/* $XDG_CONFIG_HOME/fsops, else ~/.config/fsops; a new string. NULL: neither is set. */
char *config_folder(void);

/* The folders in $FSOPS_TRUST (":" between them) and in the file `trusted` of config_folder(), a line each.
 * -1 when the file cannot be used, which is also so when others may write into it; LIST then has the rest. */
int trust_list_load(struct trust_list *list, struct err *err);
void trust_list_release(struct trust_list *list);

/* Is REAL (a path without links) one of these folders, or in one? */
bool trust_list_has(const struct trust_list *list, const char *real);

/* Write FOLDER, with its links followed, into the file `trusted`, or take it out. REAL becomes the path that
 * is written there; a new string. Errors: it is not there, it is "/", the file cannot be written. */
int trust_add(const char *folder, char **real, struct err *err);
int trust_remove(const char *folder, char **real, struct err *err);

#endif
