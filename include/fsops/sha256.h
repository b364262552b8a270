/*
 * SHA-256 (FIPS 180-4) and HMAC-SHA-256 (RFC 2104), piece by piece, so that what
 * is hashed need not be in memory. Used for the digest of saved outputs and to
 * sign S3 requests; no library that fsops links offers it directly.
 *
 *	struct sha256 hash;
 *	sha256_init(&hash);
 *	sha256_update(&hash, data, len);      // any number of times
 *	sha256_final(&hash, digest);
 *	sha256_hex(digest, text);
 */
#ifndef FSOPS_SHA256_H
#define FSOPS_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_SIZE 32
#define SHA256_TEXT (SHA256_SIZE * 2 + 1)

struct sha256 {
	uint32_t state[8];
	uint64_t total;          /* bytes so far */
	unsigned char block[64]; /* the last total % 64 of them */
};

void sha256_init(struct sha256 *hash);
void sha256_update(struct sha256 *hash, const void *data, size_t len);
void sha256_final(struct sha256 *hash, unsigned char digest[SHA256_SIZE]);

/* A digest as 64 lower-case hexadecimal digits. */
void sha256_hex(const unsigned char digest[SHA256_SIZE], char text[SHA256_TEXT]);

/* Both in one call. */
void sha256_text(const void *data, size_t len, char text[SHA256_TEXT]);

void hmac_sha256(const void *key, size_t key_len, const void *data, size_t len,
    unsigned char digest[SHA256_SIZE]);

#endif
