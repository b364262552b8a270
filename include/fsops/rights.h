/*
 * What an account of Kubernetes must be allowed, so that given kubectl commands work for it: verbs on
 * resources, as roles name them, and no more than that.
 *
 *	struct rights rights = {.context = "prod", .namespace = "shop"};
 *	if (rights_add(&rights, words, &err) < 0) …     // cannot be told: ERR_UNKNOWN
 *	for (size_t i = 0; i < rights.count; i++) …
 *	rights_release(&rights);
 */
#ifndef FSOPS_RIGHTS_H
#define FSOPS_RIGHTS_H

#include <stddef.h>

#include "fsops/err.h"

enum right_verb {
	RIGHT_GET = 1 << 0,
	RIGHT_LIST = 1 << 1,
	RIGHT_WATCH = 1 << 2,
	RIGHT_CREATE = 1 << 3,
	RIGHT_UPDATE = 1 << 4,
	RIGHT_PATCH = 1 << 5,
	RIGHT_DELETE = 1 << 6,
};
#define RIGHT_VERBS 7
/* "get", "list", … by the bit's number. */
extern const char *const right_verbs[RIGHT_VERBS];

struct right {
	char *namespace; /* NULL: the whole cluster */
	char *group;     /* "": the core group */
	char *resource;  /* "pods", "pods/log" */
	unsigned verbs;  /* enum right_verb */
};

struct rights {
	const char *context;   /* by which commands name the cluster; NULL: they name none */
	const char *namespace; /* of commands that name none */
	struct right *items;   /* no two of one resource in one namespace */
	size_t count;
};

/*
 * Add what a command needs. WORDS end with NULL and begin after "kubectl". ERR_UNKNOWN: the command does
 * not tell (its type or namespace is not known yet, a file says what it is about, it is no command of
 * kubectl's own), or it goes to another cluster; nothing was added.
 */
int rights_add(struct rights *rights, char *const *words, struct err *err);
void rights_release(struct rights *rights);

#endif
