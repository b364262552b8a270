/* PromQL with values in it, as adapter.h's embed() has it. */
#ifndef FSOPS_PROMQL_H
#define FSOPS_PROMQL_H

#include "fsops/adapter.h"

int promql_embed(struct embed_piece *pieces, size_t count, struct buf *out, struct err *err);

#endif
