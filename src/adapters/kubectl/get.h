/* `kubectl get`: what it is about, and what came of it. get.c asks, get_objects.c and get_tables.c print. */
#ifndef FSOPS_ADAPTERS_KUBECTL_GET_H
#define FSOPS_ADAPTERS_KUBECTL_GET_H

#include "api.h"
#include "fsops/kube_doc.h"
#include "fsops/kube_jsonpath.h"
#include "fsops/kube_print.h"

/* One object by its name, or all of a kind. */
struct get_ask {
	const struct kube_kind *kind; /* NULL: not found out yet */
	char *type;                   /* as it is written; owned */
	char *name;                   /* owned; NULL: a list */
};

/* What came: a table of one object, or of a page of a list. */
struct get_piece {
	const struct kube_kind *kind;
	struct kube_doc doc;
};

enum get_style { GET_TABLE, GET_JSON, GET_NAME, GET_PATH, GET_COLUMNS };

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

	struct kube_jsonpath *path;   /* of GET_PATH */
	struct kube_columns *columns; /* of GET_COLUMNS */
	struct kube_tabs tabs;        /* the same */
	struct kube_jsonpath *sort;   /* NULL: as they come */
	struct kube_doc **kept_docs;  /* objects that are to be sorted, each of its own */
	size_t kept_count;

	/* A table is laid out when all has come; objects are printed as they come. */
	struct get_piece *pieces;
	size_t piece_count;
	size_t kept;        /* bytes of them */
	struct buf printed; /* stdout */
	bool flushed;       /* some of it is out */
	size_t shown;       /* objects in it */
	struct buf errors;  /* lines for stderr */
	size_t error_count;
	bool error_is_own; /* the last one */
};

/* What is put in order: get_sort.c. */
struct get_key {
	const struct kube_doc *doc;
	const struct kube_node *node; /* by which it is sorted; NULL: there is none */
	const struct kube_node *what; /* the row or the object */
};

struct get_order {
	struct get_key *keys;
	size_t count;
	bool found; /* one has a key */
	bool failed;
};

/* WHAT by what PATH finds in OBJECT. All are borrowed. -1: not understood. */
int get_order_add(struct get_order *order, const struct kube_jsonpath *path,
    const struct kube_doc *doc, const struct kube_node *object, const struct kube_node *what);
/* -1: kubectl could not compare them, or not as is done here. */
int get_order_sort(struct get_order *order);
void get_order_release(struct get_order *order);

/* One more line for stderr. */
void get_add_error(struct get *get, const char *line);

/* What is in `body`, an object, or a page of a list with the server's word for the next (NULL: none; the caller's), to
 * `printed`. -1: nothing that is understood. */
int get_print_one(struct get *get);
int get_print_page(struct get *get, char **next);
/* What all are together, to `printed` and `errors`. -1: nothing that is understood. */
int get_print_end(struct get *get);
/* … of tables. */
int get_print_tables(struct get *get);

#endif
