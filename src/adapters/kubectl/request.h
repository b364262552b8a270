/* What a kubectl command asks for: in which namespace, which types, named or selected. */
#ifndef FSOPS_ADAPTERS_KUBECTL_REQUEST_H
#define FSOPS_ADAPTERS_KUBECTL_REQUEST_H

#include "fsops/rights.h"
#include "kubectl.h"
#include "types.h"

#define REQUEST_TYPES_MAX 32

struct request {
	char *const *words; /* borrowed */
	struct kubectl_places places;
	const char *namespace; /* NULL: all */
	const struct kube_type *types[REQUEST_TYPES_MAX];
	size_t type_count;
	bool written; /* as TYPE/NAME */
	bool named;   /* its objects are, and not selected */
};

/* The words and the namespace. -1 (ERR_UNKNOWN): it is not sure what the words are, a file says what it
 * is about, or it goes to another cluster than that of RIGHTS. */
int request_read(
    struct request *request, char *const *words, const struct rights *rights, struct err *err);

/*
 * Its types and objects, from the word at AT on. TYPED: a type must stand there; else only where it is
 * written TYPE/NAME, and a name alone is a pod's. -1 (ERR_UNKNOWN): a type is not known.
 */
int request_objects(struct request *request, size_t at, bool typed, struct err *err);

/* The word at AT that is neither a flag nor its value; NULL: none, or it is not sure. */
const char *request_word(const struct request *request, size_t at);

bool request_has_type(const struct request *request, const char *plural);

#endif
