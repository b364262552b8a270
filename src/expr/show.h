/* Values as text and as JSON. */
#ifndef EXPR_SHOW_H
#define EXPR_SHOW_H

#include "value.h"
#include "fsops/buf.h"

/* What string() makes of VALUE, added to OUT; also null, types, lists and maps, whose
 * entries come in the order of their keys, as format("%s") shows them. */
void show_value(struct buf *out, const struct expr_value *value);

#endif
