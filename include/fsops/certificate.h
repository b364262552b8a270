/*
 * A server's certificate as facts and sentences.
 */
#ifndef FSOPS_CERTIFICATE_H
#define FSOPS_CERTIFICATE_H

#include <jansson.h>
#include <openssl/x509v3.h>
#include <stdbool.h>

#include "fsops/clock.h"

/* When it ends, RFC 3339. -1 and "": that cannot be read. */
int certificate_end(const X509 *certificate, char out[CLOCK_TEXT_MAX]);

/* {days, expires, names, subject, issuer}, a new object: `days` from now, negative since it ended; the
 * names by RFC 4514. What cannot be read is null. */
json_t *certificate_facts(const X509 *certificate);

/* Is NAME a numeric address? */
bool certificate_is_address(const char *name);
/* Is it for NAME, a host's name (RFC 6125) or address? */
bool certificate_fits(X509 *certificate, const char *name);

/* The problem that a verify callback of OpenSSL was just told of, as a new sentence about "it"; NULL: another
 * one, which comes with it, says it all. */
char *certificate_problem(X509_STORE_CTX *store);

#endif
