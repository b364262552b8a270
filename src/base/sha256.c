/*
 * SHA-256 and HMAC. Invariant: a digest is right, or the program ends: libcrypto's own algorithms, in a context of ours
 * that reads no configuration, fail for want of memory only.
 */
#include "fsops/sha256.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>

#include "fsops/mem.h"

struct sha256 {
	EVP_MD_CTX *context; /* owned */
};

/* Asked for once: to look an algorithm up by its name takes longer than to hash a line of a journal. */
static struct {
	OSSL_LIB_CTX *library;
	EVP_MD *algorithm;
} openssl;

static void must(int done)
{
	if (done != 1)
		mem_exhausted();
}

static const EVP_MD *algorithm(void)
{
	if (!openssl.algorithm) {
		openssl.library = OSSL_LIB_CTX_new();
		must(openssl.library != NULL);
		openssl.algorithm = EVP_MD_fetch(openssl.library, "SHA256", NULL);
		must(openssl.algorithm != NULL);
	}
	return openssl.algorithm;
}

struct sha256 *sha256_new(void)
{
	struct sha256 *hash = mem_alloc(sizeof(*hash));

	hash->context = EVP_MD_CTX_new();
	must(hash->context != NULL);
	sha256_restart(hash);
	return hash;
}

void sha256_update(struct sha256 *hash, const void *data, size_t len)
{
	must(EVP_DigestUpdate(hash->context, data, len));
}

void sha256_restart(struct sha256 *hash)
{
	must(EVP_DigestInit_ex2(hash->context, algorithm(), NULL));
}

void sha256_end(struct sha256 *hash, unsigned char digest[SHA256_SIZE])
{
	must(EVP_DigestFinal_ex(hash->context, digest, NULL));
	sha256_free(hash);
}

void sha256_free(struct sha256 *hash)
{
	if (!hash)
		return;
	EVP_MD_CTX_free(hash->context);
	free(hash);
}

void sha256_hex(const unsigned char digest[SHA256_SIZE], char text[SHA256_TEXT])
{
	static const char digits[] = "0123456789abcdef";

	for (int i = 0; i < SHA256_SIZE; i++) {
		text[i * 2] = digits[digest[i] >> 4];
		text[i * 2 + 1] = digits[digest[i] & 15];
	}
	text[SHA256_TEXT - 1] = '\0';
}

void sha256_bytes(const void *data, size_t len, unsigned char digest[SHA256_SIZE])
{
	must(EVP_Digest(data, len, digest, NULL, algorithm(), NULL));
}

void sha256_text(const void *data, size_t len, char text[SHA256_TEXT])
{
	unsigned char digest[SHA256_SIZE];

	sha256_bytes(data, len, digest);
	sha256_hex(digest, text);
}

void hmac_sha256(const void *key, size_t key_len, const void *data, size_t len,
    unsigned char digest[SHA256_SIZE])
{
	algorithm();
	must(EVP_Q_mac(openssl.library, "HMAC", NULL, "SHA256", NULL, key, key_len, data, len,
	         digest, SHA256_SIZE, NULL) != NULL);
}
