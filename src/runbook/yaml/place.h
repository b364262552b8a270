/* Places in a document's text: from a line and column to the bytes there, and back. */
#ifndef FSOPS_RUNBOOK_PLACE_H
#define FSOPS_RUNBOOK_PLACE_H

#include "fsops/node.h"

/* The text from a place on, "" beyond its end. Borrowed. */
const char *place_text(const struct document *document, struct pos pos);

/* The place of a byte of the text. */
struct pos place_of_offset(const struct document *document, size_t offset);

#endif
