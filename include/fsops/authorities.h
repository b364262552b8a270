/*
 * The authorities that certificates are verified by, for OpenSSL's own handshakes.
 */
#ifndef FSOPS_AUTHORITIES_H
#define FSOPS_AUTHORITIES_H

#include <openssl/ssl.h>

#include "fsops/err.h"
#include "fsops/loop.h"

/* A context for clients with the authorities in FILE (PEM); NULL: the machine's, as web_trusted() says. To be given up with
 * SSL_CTX_free(), and not to be changed: all that ask within KEEP_LIFE_MAX share it, since reading the machine's
 * authorities takes longer than a handshake. NULL and ERR: OpenSSL or the authorities cannot be used. */
SSL_CTX *authorities_take(struct loop *loop, const char *file, struct err *err);

#endif
