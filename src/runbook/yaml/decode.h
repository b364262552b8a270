/*
 * Table-driven decoding: nodes into the structs of the model.
 *
 * A `struct field` says, of one key of a map: how it is read, where it goes, whether it must be
 * there, and what it is for. The tables are all there is to know of the format's shape: messages,
 * "did you mean" and the JSON Schema are made from them.
 *
 *	static const struct field fields[] = {
 *	    {"budget", &type_span, offsetof(struct step, budget), .help = "…"},
 *	    {0},
 *	};
 *	decode_map(d, node, fields, "a step", step);
 *
 * Decoding goes on after a mistake: what is wrong is left as it was (zero), a problem is added.
 */
#ifndef FSOPS_RUNBOOK_DECODE_H
#define FSOPS_RUNBOOK_DECODE_H

#include "fsops/model.h"
#include "runbook/names.h"

/* What decoding a file needs to know besides the file. */
struct decode {
	struct problems *list;
	struct catalog *catalog; /* its platform is decoded before its runbooks */
};

struct field;
struct type;

/* Read VALUE into OUT, which is the object's memory at the field's offset. */
typedef void decode_fn(
    struct decode *d, const struct field *field, const struct node *value, void *out);

/* A word that stands for a number: of an enum. A table ends with NULL. */
struct choice {
	const char *word;
	int value;
};

struct type {
	const char *name; /* "a duration, such as 90s or 5m": what the value must be */
	decode_fn *decode;
	const struct choice *choices; /* of an enum; else NULL */
	const char
	    *schema; /* JSON Schema of such a value, in which the text "FIELDS" stands for the map
	                       of the field's table; NULL: one of the choices */
};

/* JSON Schema (draft-07) of what several types are. A text may be any scalar but null. */
#define SCHEMA_TEXT "{\"type\": [\"string\", \"number\", \"boolean\"]}"
#define SCHEMA_IDENTIFIER                                                                          \
	"{\"type\": [\"string\", \"boolean\"], \"pattern\": \"^[A-Za-z_][A-Za-z0-9_]*$\"}"
#define SCHEMA_NAME                                                                                \
	"{\"type\": [\"string\", \"number\", \"boolean\"], "                                       \
	"\"pattern\": \"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$\"}"
#define SCHEMA_SPAN                                                                                \
	"{\"type\": \"string\", "                                                                  \
	"\"pattern\": \"^(?=.*[1-9])([0-9]+([.][0-9]*)?(ms|s|m|h|d))+$\"}"
#define SCHEMA_COUNT                                                                               \
	"{\"anyOf\": [{\"type\": \"integer\", \"minimum\": 0, \"maximum\": 999999999}, "           \
	"{\"type\": \"string\", \"pattern\": \"^[0-9]{1,9}$\"}]}"
#define SCHEMA_LIST(of) "{\"type\": \"array\", \"items\": " of "}"
#define SCHEMA_MAP(keys, of)                                                                       \
	"{\"type\": \"object\", \"propertyNames\": " keys ", \"additionalProperties\": " of "}"
/* A map of the field's table, or OTHER. */
#define SCHEMA_LONG_OR(other)                                                                      \
	"{\"if\": {\"type\": \"object\"}, \"then\": \"FIELDS\", \"else\": " other "}"

struct field {
	const char *key; /* a table ends with NULL */
	const struct type *type;
	size_t offset;
	const char *help; /* one line */
	bool required;
	const struct field *fields; /* what the map, or each map of the list, may have; else NULL */
};

/* Into memory of the kind named; a number says where its count goes. */
extern const struct type type_text;    /* char * */
extern const struct type type_id;      /* char *: can be named in an expression */
extern const struct type type_name;    /* char *: can be typed on a command line */
extern const struct type type_bool;    /* bool */
extern const struct type type_count;   /* int */
extern const struct type type_span;    /* msec */
extern const struct type type_texts;   /* char **, and a size_t right behind it */
extern const struct type type_names;   /* the same, each a type_name */
extern const struct type type_expr;    /* struct condition */
extern const struct type type_accept;  /* bool */
extern const struct type type_checked; /* text that is only looked at: read with node_get() later */
extern const struct type type_level;   /* enum level: critical, warning, info */
extern const struct type type_json;    /* json_t * */

/* Types that have a file of their own. */
extern const struct type type_vars;     /* struct var *, and a size_t right behind it */
extern const struct type type_variable; /* char *: a name that a variable may have */
extern const struct type type_schedule; /* struct schedule */
extern const struct field var_fields[]; /* of a variable in its long form */

/* Decodes an enum by the type's choices. */
decode_fn decode_choice;

/* What takes the keys that a table does not have (adapters are keys too). */
struct decode_rest {
	/* Whether KEY was one of those; problems with its value included. */
	bool (*take)(
	    struct decode *d, const struct node *key, const struct node *value, void *object);
	/* Their names for "did you mean", at most MAX; returns how many. */
	size_t (*names)(const char **names, size_t max);
};

/* Decode MAP into OBJECT (which begins as zeros) by FIELDS; REST may be NULL. WHAT names it in
 * messages ("a step"). -1 when MAP is no map. */
int decode_map(struct decode *d, const struct node *map, const struct field *fields,
    const char *what, const struct decode_rest *rest, void *object);

/* One value by its field. */
void decode_field(
    struct decode *d, const struct field *field, const struct node *value, void *object);
const struct field *decode_find(const struct field *fields, const char *key);

/* "'budget' must be a duration …, not 'x'". */
void decode_wrong(struct decode *d, const struct field *field, const struct node *value);

/* True when VALUE is a list; otherwise a problem. For what a field's type reads item by item. */
bool decode_is_list(struct decode *d, const struct field *field, const struct node *value);
bool decode_is_map(struct decode *d, const struct field *field, const struct node *value);

/* Read one item of a list into ITEM, which is zero; -1: it is left out, after a problem. */
typedef int decode_item_fn(
    struct decode *d, const struct field *field, const struct node *value, void *item);

/* A list, item by item, into a new array of items of SIZE bytes each; OUT is the pointer to it,
 * with a size_t right behind. */
void decode_items(struct decode *d, const struct field *field, const struct node *value,
    size_t size, decode_item_fn *read, void *out);
/* The same; what is no list is its only item. */
void decode_items_or_one(struct decode *d, const struct field *field, const struct node *value,
    size_t size, decode_item_fn *read, void *out);

/* A scalar as an expression. -1 after adding a problem. */
int decode_expr(struct decode *d, const struct node *value, const char *key, struct condition *out);

/* Whether an expression can name it: a letter or '_', then letters, digits and '_'. */
bool is_identifier(const char *text);
/* The same, and no word of the language nor a name that every expression has. -1 after a problem. */
bool variable_is_reserved(const char *name); /* it is written vars.NAME */
int check_variable_name(struct decode *d, const struct node *name, const char *what);

#endif
