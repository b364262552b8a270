/*
 * One object by its name, as kubectl's builder gets it: its kind is found out, then it is asked for, and when it
 * is not there, its namespace.
 *
 *	one_start(&me->one, api, "deploy", "web", takes, on_one, me);
 *
 * What goes wrong has ended the call already, and DONE does not come.
 */
#ifndef FSOPS_ADAPTERS_KUBECTL_ONE_H
#define FSOPS_ADAPTERS_KUBECTL_ONE_H

#include "api.h"

/* OBJECT is borrowed. */
typedef void one_done_fn(void *ctx, const struct kube_kind *kind, json_t *object);

struct one {
	struct api *api;
	char *type;
	char *name;
	const struct kube_kind *kind;
	/* What a command says of an object that is not there, when it is not what most say: a new line of MESSAGE, the API
	 * server's. NULL: that is. Set it after one_start(). */
	char *(*say_missing)(const struct one *one, const char *message);
	char *missing; /* what is said when the namespace is there */
	struct kube_find *find;
	struct kube_request *request;
	bool (*takes)(const struct kube_kind *kind);
	one_done_fn *done;
	void *ctx;
};

/* TAKES: can what is to be done be done with this kind? Else kubectl must do it. */
void one_start(struct one *one, struct api *api, const char *type, const char *name,
    bool (*takes)(const struct kube_kind *kind), one_done_fn *done, void *ctx);
void one_stop(struct one *one);
void one_release(struct one *one);

/* "TYPE/NAME" or "TYPE NAME", the words of NATIVE from AT on; with OTHERWISE a NAME alone is one of that type. False:
 * neither. TYPE and NAME are new texts. */
bool one_of_words(const struct native *native, size_t at, char **type, char **name);

/* The labels of what belongs to OBJECT, as a selector: a new text. NULL: what kubectl makes of it is not known here. */
char *one_selector(const struct kube_kind *kind, const json_t *object);

#endif
