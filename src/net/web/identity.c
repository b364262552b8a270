/*
 * Who a request talks to: whom it trusts, who it is itself, which name the server's certificate must have, and what
 * stands between. Invariant: what the request itself says wins over what the machine has.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"

#include "private.h"

static void set_blob(CURL *easy, CURLoption option, const struct web_blob *blob)
{
	struct curl_blob copied = {
	    .data = (void *)blob->data, .len = blob->len, .flags = CURL_BLOB_COPY};

	if (blob->data)
		curl_easy_setopt(easy, option, &copied);
}

/* Certificates and keys are told as they are, for libcurl opens what it is told by name, whatever it is; but a file
 * of authorities by its name, for which it reads it once.
 * A key with a passphrase is an error: nobody is there to be asked for it, and OpenSSL would ask the terminal. */
static int set_files(CURL *easy, const struct web_spec *spec, struct err *err)
{
	curl_easy_setopt(easy, CURLOPT_KEYPASSWD, "");
	if (spec->ca && !spec->ca_data.data && buf_check_file(spec->ca, err) < 0)
		return -1;
	if (spec->ca || spec->ca_data.data) {
		curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
		curl_easy_setopt(easy, CURLOPT_CAINFO, spec->ca_data.data ? NULL : spec->ca);
		set_blob(easy, CURLOPT_CAINFO_BLOB, &spec->ca_data);
	}
	set_blob(easy, CURLOPT_SSLCERT_BLOB, &spec->cert_data);
	set_blob(
	    easy, CURLOPT_SSLKEY_BLOB, spec->key_data.data ? &spec->key_data : &spec->cert_data);
	if (spec->unverified) {
		curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
		curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
	}
	return 0;
}

static int add_through(struct web_request *request, const char *line)
{
	request->through = curl_slist_append(NULL, line);
	if (!request->through)
		return -1;
	curl_easy_setopt(request->easy, CURLOPT_CONNECT_TO, request->through);
	return 0;
}

/* URL with NAME in place of its host, for libcurl has one name for both; owned. */
static char *renamed_url(const char *url, const char *name, char **host, char **port)
{
	CURLU *parts = curl_url();
	char *text = NULL;
	char *made = NULL;

	if (parts && web_url_place(url, host, port) &&
	    curl_url_set(parts, CURLUPART_URL, url, CURLU_PATH_AS_IS) == CURLUE_OK &&
	    curl_url_set(parts, CURLUPART_HOST, name, 0) == CURLUE_OK &&
	    curl_url_get(parts, CURLUPART_URL, &text, 0) == CURLUE_OK)
		made = mem_text(text);
	curl_free(text);
	curl_url_cleanup(parts);
	return made;
}

/* The certificate is another name's: the URL gets that name, which TLS is about then, while the connection and the
 * Host header stay the URL's own. */
static int set_tls_name(struct web_request *request, const struct web_spec *spec)
{
	char *host = NULL, *port = NULL;
	char *url = renamed_url(spec->url, spec->tls_name, &host, &port);
	char *line = url ? mem_printf("::%s:%s", host, port) : NULL;
	char *header = url ? mem_printf("Host: %s:%s", host, port) : NULL;
	struct curl_slist *longer = header ? curl_slist_append(request->headers, header) : NULL;
	int result = longer ? add_through(request, line) : -1;

	if (longer) {
		request->headers = longer;
		curl_easy_setopt(request->easy, CURLOPT_HTTPHEADER, longer);
		curl_easy_setopt(request->easy, CURLOPT_URL, url);
	}
	free(url);
	free(line);
	free(header);
	free(host);
	free(port);
	return result;
}

/* The name of the URL stays what TLS and the Host header are about. A proxy would not know the
 * tunnel's address: it is on this machine. */
static int set_way(struct web_request *request, const struct web_spec *spec)
{
	request->direct = spec->direct;
	request->own_proxy = spec->proxy;
	if (spec->direct || spec->through)
		curl_easy_setopt(request->easy, CURLOPT_NOPROXY, "*");
	else if (spec->proxy) {
		curl_easy_setopt(request->easy, CURLOPT_NOPROXY, "");
		curl_easy_setopt(request->easy, CURLOPT_PROXY, spec->proxy);
	}
	if (spec->connect_max)
		curl_easy_setopt(request->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)spec->connect_max);
	curl_easy_setopt(request->easy, CURLOPT_URL, spec->url);
	if (spec->tls_name)
		return set_tls_name(request, spec);
	return spec->through ? add_through(request, spec->through) : 0;
}

int web_easy_identity(struct web_request *request, const struct web_spec *spec, struct err *err)
{
	if (set_files(request->easy, spec, err) < 0)
		return err_prefix(err, "%s", spec->what);
	if (set_way(request, spec) < 0)
		return err_set(err, ERR_SYSTEM, "%s: unable to start libcurl", spec->what);
	return 0;
}

void web_easy_nobody(CURL *easy)
{
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
	/* Trusting anything, it need not read whom to trust. */
	curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
	curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, NULL);
	curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
	curl_easy_setopt(easy, CURLOPT_SSLCERT_BLOB, NULL);
	curl_easy_setopt(easy, CURLOPT_SSLKEY_BLOB, NULL);
}
