/* A JSON value as YAML. */
#ifndef FSOPS_UI_YAML_H
#define FSOPS_UI_YAML_H

#include <jansson.h>

#include "fsops/buf.h"

/* Add VALUE, an object or a list, in block style, each line after INDENT blanks. Read again it is the
 * same value. */
void yaml_add(struct buf *out, const json_t *value, int indent);

/* Add TEXT as a scalar on one line. */
void yaml_add_text(struct buf *out, const char *text);

#endif
