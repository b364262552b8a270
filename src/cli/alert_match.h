/*
 * From what an alert says of itself to a runbook and its variables.
 *
 *	struct notice notice = {.name = …, .since = …};
 *	alert_match(&notice, catalog, labels, annotations);
 *
 * Nothing in an alert is trusted: it only chooses among what the platform file and the runbooks have.
 */
#ifndef FSOPS_CLI_ALERT_MATCH_H
#define FSOPS_CLI_ALERT_MATCH_H

#include <jansson.h>

#include "fsops/model.h"
#include "fsops/ui.h"

/* Fill the rest of a notice whose name is known. LABELS and ANNOTATIONS are objects or NULL, and
 * are not kept. */
void alert_match(struct notice *notice, const struct catalog *catalog, const json_t *labels,
    const json_t *annotations);

/* One more reason why the notice cannot be run as it is; after the first few it is only counted. */
void alert_add_problem(struct notice *notice, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Say how many were only counted, once, when there are no more. */
void alert_count_problems(struct notice *notice);

#endif
