/* What the files of this folder share of a catalog that is being made. */
#ifndef FSOPS_RUNBOOK_CATALOG_H
#define FSOPS_RUNBOOK_CATALOG_H

#include "files.h"
#include "fsops/model.h"
#include "runbook/names.h"
#include "runbook/yaml/decode.h"

/* Names to things; the things and names are the catalog's. */
struct catalog_index {
	struct names runbooks;      /* names and aliases → struct runbook */
	struct names targets;       /* → struct target */
	struct names metrics;       /* → struct metric */
	struct catalog_files files; /* of runbooks; an item is NULL when it has been read */
};

/* Positions point into it: it lives as long as the catalog. NULL is allowed. */
void catalog_keep(struct catalog *catalog, struct document *document);
/* Every runbook that has not been read yet. */
void catalog_read_all(struct catalog *catalog, struct problems *list);
/* The runbook with exactly this name or alias, or NULL. It is read if it has not been; problems
 * go to the catalog's own. */
struct runbook *catalog_get(struct catalog *catalog, const char *name);
/* Whether there is one, as far as can be told without reading: what a waiting file is called counts. */
bool catalog_has(const struct catalog *catalog, const char *name);

/* One file each into the catalog's memory. What is wrong is added to D's problems. */
void platform_decode(struct decode *d, const struct node *root, struct platform *platform);
void runbook_decode(struct decode *d, const struct node *root, struct runbook *runbook);

/* An action's adapter, from the keys that are no field of its own. */
extern const struct decode_rest action_adapters;
extern const struct field action_fields[];
extern const struct field step_fields[];
extern const struct field read_fields[]; /* of a metric's source and of an action's look */

/* When the map is decoded: arguments, target and effect. Without an adapter: a problem, unless
 * UNKNOWN_KEY says that the map has a key that nothing knows, which was one. */
void action_bind(struct decode *d, struct action *action, bool unknown_key);
/* A read inside something else, which messages call WHAT; read.c. Bound when the targets are known. */
void read_decode(struct decode *d, const struct field *field, const struct node *value,
    const char *what, struct action *read);
void read_bind(struct decode *d, struct action *read, const char *what);
/* Defaults, and what the keys of an action ask of each other. Its id stays as it is. */
void action_finish(struct decode *d, struct action *action);

/* What the keys of an action ask of each other, as "dependencies" of the JSON Schema. */
extern const char action_relations[];

extern const struct type type_steps;      /* struct step_list */
extern const struct type type_color;      /* enum platform_color */
extern const struct type type_on_failure; /* enum on_failure */
extern const struct type type_targets;    /* of a struct platform: its targets */
extern const struct type type_metrics;    /* the same: its metrics, until metrics_finish() */
extern const struct field metric_keys[];
extern const struct type type_channels; /* of a struct platform: its channels */

/* What of metrics needs the targets, and their own units. */
void metrics_finish(struct decode *d, struct platform *platform);

/* The two kinds of file. */
extern const struct field platform_fields[];
extern const struct field runbook_fields[];

/* "there is no WHAT 'x'; did you mean 'y'?" at NODE. */
void no_such(struct decode *d, const struct node *node, const char *what, const char *const *names,
    size_t count);

/* The metric that NODE names, or NULL after adding a problem. */
const struct metric *find_metric(struct decode *d, const struct node *node);

/*
 * The second pass, when all names of all files are known: references to runbooks, and every
 * expression and template, compiled with what can be named where it stands.
 */
void platform_check(struct catalog *catalog, struct problems *list);
void runbook_check(struct catalog *catalog, struct runbook *runbook, struct problems *list);

/* That a variable's pattern works, and its default has it (when it is no template). */
int var_check(const struct var *var, struct err *err);

/* Free what they hold, not themselves. */
void platform_release(struct platform *platform);
void runbook_release(struct runbook *runbook);

#endif
