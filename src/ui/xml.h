/* Text from outside in XML 1.0: harmless (safe.h), and without the characters that no XML may hold. */
#ifndef FSOPS_UI_XML_H
#define FSOPS_UI_XML_H

#include "fsops/buf.h"

/* TEXT on one line, for attributes and elements; NULL: nothing. */
void xml_text(struct buf *out, const char *text);
/* LEN bytes of it with their lines, for elements. */
void xml_lines(struct buf *out, const char *text, size_t len);
/* ` NAME="TEXT"` */
void xml_attribute(struct buf *out, const char *name, const char *text);

#endif
