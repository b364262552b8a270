/* Whether certificates and keys are what libcurl will take. Invariant: never asks for a passphrase. */
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "login.h"

static int no_passphrase(char *buf, int size, int writing, void *ctx)
{
	(void)buf;
	(void)size;
	(void)writing;
	(void)ctx;
	return -1;
}

static X509 *read_certificate(const char *data, size_t len)
{
	BIO *bio = BIO_new_mem_buf(data, (int)len);
	X509 *cert = bio ? PEM_read_bio_X509(bio, NULL, no_passphrase, NULL) : NULL;

	BIO_free(bio);
	return cert;
}

bool kube_pem_authorities(const char *data, size_t len)
{
	X509 *cert = read_certificate(data, len);

	X509_free(cert);
	ERR_clear_error();
	return cert;
}

bool kube_pem_pair(const struct kube_blob *cert, const struct kube_blob *key)
{
	X509 *x509 = cert->data ? read_certificate(cert->data, cert->len) : NULL;
	BIO *bio = key->data ? BIO_new_mem_buf(key->data, (int)key->len) : NULL;
	EVP_PKEY *pkey = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;
	bool good = x509 && pkey && X509_check_private_key(x509, pkey) == 1;

	EVP_PKEY_free(pkey);
	BIO_free(bio);
	X509_free(x509);
	ERR_clear_error();
	return good;
}
