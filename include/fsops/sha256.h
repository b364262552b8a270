/*
 * SHA-256 (FIPS 180-4) and HMAC-SHA-256 (RFC 2104), by libcrypto. What is hashed piece by piece need not
 * be in memory. For one thread.
 *
 *	struct sha256 *hash = sha256_new();
 *	sha256_update(hash, data, len);       // any number of times
 *	sha256_end(hash, digest);             // or sha256_free(hash), when nobody wants it any more
 *	sha256_hex(digest, text);
 */
#ifndef FSOPS_SHA256_H
#define FSOPS_SHA256_H

#include <stddef.h>

#define SHA256_SIZE 32
#define SHA256_TEXT (SHA256_SIZE * 2 + 1)

struct sha256;

struct sha256 *sha256_new(void);
void sha256_update(struct sha256 *hash, const void *data, size_t len);
/* Forget what came so far. */
void sha256_restart(struct sha256 *hash);
/* The digest of all that came; frees HASH. */
void sha256_end(struct sha256 *hash, unsigned char digest[SHA256_SIZE]);
/* Without one. HASH may be NULL. */
void sha256_free(struct sha256 *hash);

/* A digest as 64 lower-case hexadecimal digits. */
void sha256_hex(const unsigned char digest[SHA256_SIZE], char text[SHA256_TEXT]);

/* In one call: of LEN bytes, as bytes or as text. */
void sha256_bytes(const void *data, size_t len, unsigned char digest[SHA256_SIZE]);
void sha256_text(const void *data, size_t len, char text[SHA256_TEXT]);

void hmac_sha256(const void *key, size_t key_len, const void *data, size_t len,
    unsigned char digest[SHA256_SIZE]);

#endif
