/* What libyaml says of a text that does not parse, as a sentence a person can act on. */
#ifndef FSOPS_RUNBOOK_ADVICE_H
#define FSOPS_RUNBOOK_ADVICE_H

#include <yaml.h>

#include "fsops/node.h"

void advice_add(
    const yaml_parser_t *parser, const struct document *document, struct problems *list);

#endif
