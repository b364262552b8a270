/*
 * What `kubectl wait --for=…` waits for.
 *
 *	struct wait_for what;
 *	if (wait_for_read(&what, "jsonpath={.status.phase}=Running"))   // else kubectl must do it
 *		switch (wait_for_met(&what, object, &why)) …
 *	wait_for_release(&what);
 */
#ifndef FSOPS_ADAPTERS_KUBECTL_WAIT_FOR_H
#define FSOPS_ADAPTERS_KUBECTL_WAIT_FOR_H

#include <jansson.h>
#include <stdbool.h>

enum wait_kind {
	WAIT_CONDITION,
	WAIT_PATH, /* "jsonpath={.a.b}": something is there; with "=value" that it is this */
	WAIT_DELETE,
	WAIT_CREATE,
};

struct wait_for {
	enum wait_kind kind;
	char *name;   /* of the condition; owned */
	char *value;  /* of the condition, or of what the path leads to; NULL: any; owned */
	json_t *path; /* its keys; owned */
};

/* False: TEXT is not understood whole. WHAT is for wait_for_release() in any case. */
bool wait_for_read(struct wait_for *what, const char *text);
void wait_for_release(struct wait_for *what);

enum wait_met {
	WAIT_NOT_YET,
	WAIT_MET,
	WAIT_NEVER, /* kubectl gives up: WHY is what it says, a constant */
};

/* Of an object that is there: is it as a condition or a path wants it? */
enum wait_met wait_for_met(const struct wait_for *what, const json_t *object, const char **why);

#endif
