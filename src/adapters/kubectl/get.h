/* `kubectl get`: what it is about, and what came of it. get.c asks, get_print.c prints. */
#ifndef FSOPS_ADAPTERS_KUBECTL_GET_H
#define FSOPS_ADAPTERS_KUBECTL_GET_H

#include "api.h"
#include "fsops/kube_doc.h"

/* One object by its name, or all of a kind. */
struct get_ask {
	const struct kube_kind *kind; /* NULL: not found out yet */
	char *type;                   /* as it is written; owned */
	char *name;                   /* owned; NULL: a list */
};

/* What came: an object, or a page of a list. */
struct get_piece {
	const struct kube_kind *kind;
	bool list;
	struct kube_doc doc;
};

enum get_style { GET_TABLE, GET_JSON, GET_NAME, GET_PATH };

struct get {
	struct api *api;
	enum get_style style;
	struct get_ask *asks;
	size_t ask_count;
	size_t at;  /* which is looked for, and then which is asked for */
	bool asked; /* all kinds are known */
	bool by_name;
	char *next; /* the rest of a list; NULL: its beginning */
	char *
	    missing; /* the line of an object that is not there, while its namespace is looked for */
	struct kube_find *find;
	struct kube_request *request;
	struct buf body;

	/* A table is laid out when all has come; objects are printed as they come. */
	struct get_piece *pieces;
	size_t piece_count;
	size_t kept;        /* bytes of them */
	struct buf printed; /* stdout */
	size_t shown;       /* objects in it */
	struct buf errors;  /* lines for stderr */
	size_t error_count;
};

/* PIECE's objects to `printed`. -1: nothing that is understood. */
int get_print_objects(struct get *get, const struct get_piece *piece);
/* What all pieces are together, to `printed` and `errors`. -1: nothing that is understood. */
int get_print_end(struct get *get);

#endif
