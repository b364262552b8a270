/* Base64 (RFC 4648, section 4). */
#ifndef FSOPS_BASE64_H
#define FSOPS_BASE64_H

#include <stddef.h>

#include "fsops/buf.h"

/* LEN bytes as base64, padded, added to OUT. */
void base64_encode(struct buf *out, const void *data, size_t len);

/* The bytes of base64 TEXT (padded or not), added to OUT; -1 when it is none. */
int base64_decode(struct buf *out, const char *text, size_t len);

#endif
