/*
 * Advice on runbooks that load: what is allowed, and will be regretted.
 *
 *	struct catalog *catalog = catalog_load(&paths, &problems);      // its own problems are errors
 *	lint_catalog(catalog, &problems);                               // advice: warnings
 *
 * A comment `# lint: allow RULE` in the line, or in the line above it, silences a rule there.
 */
#ifndef FSOPS_LINT_H
#define FSOPS_LINT_H

#include <stddef.h>

#include "fsops/model.h"

struct lint_rule_info {
	const char *id;
	const char *help; /* one line */
};

/* Every rule, in the order of help; ends with a NULL id. */
const struct lint_rule_info *lint_rule_infos(void);

/* Add what the rules find in all runbooks and the platform, sorted with what is there already. The
 * expressions must be compiled: CATALOG_CHECK_ALL. */
void lint_catalog(const struct catalog *catalog, struct problems *list);

#endif
