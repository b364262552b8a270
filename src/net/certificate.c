/* Certificates. Invariant: each problem that OpenSSL tells of becomes a sentence, in its own words when there is no row
 * for it. */
#include "fsops/certificate.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fsops/mem.h"
#include "fsops/value.h"

#define DAY 86400.0

/* ---- what it says ---- */

static json_t *bio_text(BIO *bio)
{
	char *data;
	long len = BIO_get_mem_data(bio, &data);

	return value_text(data, len > 0 ? (size_t)len : 0);
}

/* "CN=R11,O=Let's Encrypt,C=US" (RFC 4514). */
static json_t *name_text(const X509_NAME *name)
{
	BIO *bio = BIO_new(BIO_s_mem());
	json_t *text;

	if (!bio)
		mem_exhausted();
	X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
	text = bio_text(bio);
	BIO_free(bio);
	return text;
}

static json_t *address_text(const ASN1_OCTET_STRING *address)
{
	int len = ASN1_STRING_length(address);
	int family = len == (int)sizeof(struct in_addr)    ? AF_INET
	             : len == (int)sizeof(struct in6_addr) ? AF_INET6
	                                                   : AF_UNSPEC;
	char text[INET6_ADDRSTRLEN] = "";

	if (family == AF_UNSPEC ||
	    !inet_ntop(family, ASN1_STRING_get0_data(address), text, sizeof(text)))
		return json_string("(no address)");
	return json_string(text);
}

/* The names and addresses that it is for. */
static json_t *names_of(const X509 *certificate)
{
	GENERAL_NAMES *all = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	json_t *names = json_array();

	for (int i = 0; i < sk_GENERAL_NAME_num(all); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(all, i);

		if (name->type == GEN_DNS)
			json_array_append_new(
			    names, value_text((const char *)ASN1_STRING_get0_data(name->d.dNSName),
			               (size_t)ASN1_STRING_length(name->d.dNSName)));
		else if (name->type == GEN_IPADD)
			json_array_append_new(names, address_text(name->d.iPAddress));
	}
	GENERAL_NAMES_free(all);
	return names;
}

static int end_of(const X509 *certificate, msec *expires)
{
	struct tm parts;

	if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &parts) != 1)
		return -1;
	*expires = (msec)timegm(&parts) * 1000;
	return 0;
}

int certificate_end(const X509 *certificate, char out[CLOCK_TEXT_MAX])
{
	msec expires;

	*out = '\0';
	if (end_of(certificate, &expires) < 0)
		return -1;
	clock_format_rfc3339(expires, out);
	return 0;
}

/* A date that cannot be read is not known: null, and a problem of the chain. */
static void add_end(json_t *facts, const X509 *certificate)
{
	char text[CLOCK_TEXT_MAX];
	msec expires;

	if (end_of(certificate, &expires) < 0) {
		json_object_set_new(facts, "days", json_null());
		json_object_set_new(facts, "expires", json_null());
		return;
	}
	clock_format_rfc3339(expires, text);
	json_object_set_new(facts, "days",
	    json_real((double)(expires - clock_system.wall(clock_system.ctx)) / 1000 / DAY));
	json_object_set_new(facts, "expires", json_string(text));
}

json_t *certificate_facts(const X509 *certificate)
{
	json_t *facts = json_pack("{s:o, s:o, s:o}", "names", names_of(certificate), "subject",
	    name_text(X509_get_subject_name(certificate)), "issuer",
	    name_text(X509_get_issuer_name(certificate)));

	add_end(facts, certificate);
	return facts;
}

bool certificate_is_address(const char *name)
{
	unsigned char bytes[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, name, bytes) == 1 || inet_pton(AF_INET6, name, bytes) == 1;
}

bool certificate_fits(X509 *certificate, const char *name)
{
	return (certificate_is_address(name) ? X509_check_ip_asc(certificate, name, 0)
	                                     : X509_check_host(certificate, name, 0, 0, NULL)) == 1;
}

/* ---- what is wrong with the chain, in words ---- */

/* A problem of the certificate at the front, and of one behind it (its name is filled in); NULL: another
 * problem, which comes with it, says it all. */
static const struct chain_row {
	int code;
	const char *leaf;
	const char *behind;
} chain_rows[] = {
    {X509_V_ERR_CERT_HAS_EXPIRED, "it has expired", "the certificate of '%s' above it has expired"},
    {X509_V_ERR_CERT_NOT_YET_VALID, "it is not yet valid: or this machine's clock is wrong",
        "the certificate of '%s' above it is not yet valid"},
    {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
        "it is self-signed, or signed by an unknown authority that is", NULL},
    {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, "it is self-signed",
        "its chain ends at '%s', an authority that is not known here"},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
        "its issuer is not known here: the server does not send the certificate in between, or the "
        "authority is not known here",
        "the issuer of '%s' above it is not known here: the server does not send the whole chain, "
        "or "
        "the authority is not known here"},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, "its issuer is not known here",
        "the issuer of '%s' above it is not known here"},
    {X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, NULL, NULL},
    {X509_V_ERR_INVALID_PURPOSE, "it is not meant for a server",
        "the certificate of '%s' above it may not sign others"},
    {X509_V_ERR_INVALID_CA, "it is not meant for a server",
        "the certificate of '%s' above it may not sign others"},
    {X509_V_ERR_EE_KEY_TOO_SMALL, "its key is too short to be safe", NULL},
    {X509_V_ERR_CA_KEY_TOO_SMALL, NULL, "the key of '%s' above it is too short to be safe"},
    {X509_V_ERR_CA_MD_TOO_WEAK, "it is signed with a digest that is no longer safe",
        "the certificate of '%s' above it is signed with a digest that is no longer safe"},
    {X509_V_ERR_CERT_REVOKED, "it was revoked", "the certificate of '%s' above it was revoked"},
};

static char *subject_of(X509_STORE_CTX *store)
{
	X509 *certificate = X509_STORE_CTX_get_current_cert(store);
	json_t *name = certificate ? name_text(X509_get_subject_name(certificate)) : NULL;
	char *text = mem_text(name ? json_string_value(name) : "?");

	json_decref(name);
	return text;
}

char *certificate_problem(X509_STORE_CTX *store)
{
	int code = X509_STORE_CTX_get_error(store);
	bool leaf = X509_STORE_CTX_get_error_depth(store) == 0;
	char *subject = subject_of(store);
	char *said =
	    leaf ? mem_text(X509_verify_cert_error_string(code))
	         : mem_printf("%s ('%s' above it)", X509_verify_cert_error_string(code), subject);

	for (size_t i = 0; i < COUNT_OF(chain_rows); i++) {
		const char *row = leaf ? chain_rows[i].leaf : chain_rows[i].behind;
		const char *hole = row ? strstr(row, "%s") : NULL;

		if (chain_rows[i].code != code)
			continue;
		free(said);
		said = hole ? mem_printf("%.*s%s%s", (int)(hole - row), row, subject, hole + 2)
		            : mem_text(row);
		break;
	}
	free(subject);
	return said;
}
