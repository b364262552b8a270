/*
 * What went wrong with a request, as one sentence: what, where, why, what to do.
 * Invariant: nothing that libcurl reports goes unexplained; a code without a row of its
 * own is told in libcurl's words.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"

#include "private.h"

static void copy_part(CURLU *url, CURLUPart part, char *out, size_t size)
{
	char *text = NULL;

	if (curl_url_get(url, part, &text, CURLU_DEFAULT_PORT) == CURLUE_OK)
		snprintf(out, size, "%s", text);
	curl_free(text);
}

static void find_place(const struct web_request *request, struct web_place *place)
{
	CURLU *url = curl_url();
	const char *text = NULL;

	*place = (struct web_place){.host = "the server"};
	curl_easy_getinfo(request->easy, CURLINFO_EFFECTIVE_URL, &text);
	if (url && text && curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK) {
		copy_part(url, CURLUPART_HOST, place->host, sizeof(place->host));
		copy_part(url, CURLUPART_PORT, place->port, sizeof(place->port));
		copy_part(url, CURLUPART_SCHEME, place->scheme, sizeof(place->scheme));
		web_proxy_place(request, place);
	}
	curl_url_cleanup(url);
}

/* Before the host's name in every sentence: whose it is when it is not the URL's. */
static const char *the(const struct web_place *place)
{
	return place->proxy ? "the proxy " : "";
}

/* After it: where a proxy is set. */
static const char *remedy(const struct web_place *place, const char *otherwise)
{
	return place->proxy ? "check http_proxy, https_proxy, all_proxy and no_proxy" : otherwise;
}

typedef void explain_fn(struct web_request *request, const struct web_place *place);

static void on_unresolved(struct web_request *request, const struct web_place *place)
{
	err_set(&request->err, ERR_REMOTE,
	    "%s: could not resolve host '%s': check the name, and this machine's DNS",
	    request->what, place->host);
}

static void on_proxy_unresolved(struct web_request *request, const struct web_place *place)
{
	(void)place;
	err_set(&request->err, ERR_REMOTE,
	    "%s: could not resolve the proxy's name (%s): check http_proxy, https_proxy, all_proxy "
	    "and no_proxy",
	    request->what, request->curl_text);
}

static const struct connect_row {
	int error;
	const char *why;
	const char *remedy;
} connect_rows[] = {
    {ECONNREFUSED, "connection refused by", "is the service running, and is the port right?"},
    {ENETUNREACH, "no route to the network of", "check the VPN and this machine's network"},
    {EHOSTUNREACH, "no route to", "check the VPN and the address"},
    {ETIMEDOUT, "no answer to the connection attempt from", "check the address and firewalls"},
    {ECONNRESET, "connection reset by", "is the service healthy?"},
    {0, "could not connect to", "check the address and that the service runs"},
};

static void on_unconnected(struct web_request *request, const struct web_place *place)
{
	const struct connect_row *row = connect_rows;
	char host[WEB_HOST_MAX];
	char port[16];
	long error = 0;
	bool named;

	curl_easy_getinfo(request->easy, CURLINFO_OS_ERRNO, &error);
	while (row->error && row->error != error)
		row++;
	/* libcurl's text names the end of a tunnel when there is one, the URL does not. */
	named =
	    sscanf(request->curl_text, "Failed to connect to %255s port %15[0-9]", host, port) == 2;
	/* Its URL is not told: it may hold a password. */
	if (strncmp(request->curl_text, "Unsupported proxy", strlen("Unsupported proxy")) == 0)
		err_set(&request->err, ERR_INPUT,
		    "%s: the proxy's URL does not begin with a scheme that is known (http, https, "
		    "socks4, socks5): check http_proxy, https_proxy and all_proxy",
		    request->what);
	else if (place->proxy && error == ECONNREFUSED)
		err_set(&request->err, ERR_REMOTE, "%s: the proxy %s:%s refused the connection: %s",
		    request->what, place->host, place->port, remedy(place, ""));
	else
		err_set(&request->err, ERR_REMOTE, "%s: %s %s%s port %s: %s", request->what,
		    row->why, the(place), named ? host : place->host, named ? port : place->port,
		    remedy(place, row->remedy));
}

static void on_timed_out(struct web_request *request, const struct web_place *place)
{
	err_set(&request->err, ERR_TIMEOUT, "%s: timed out waiting for %s%s port %s: %s",
	    request->what, the(place), place->host, place->port,
	    remedy(place, "check the address and firewalls"));
}

#define LOGIN_WANTED 407

/* The proxy would not make a tunnel; the server was never asked. */
static void on_no_tunnel(struct web_request *request, const struct web_place *place, long status)
{
	err_set(&request->err, ERR_REMOTE,
	    status == LOGIN_WANTED
	        ? "%s: the proxy %s:%s wants a login (status %ld): put it into the "
	          "proxy's URL, http://user:password@…, where the environment names it"
	        : "%s: the proxy %s:%s refused to connect (status %ld): the server "
	          "was not asked: see whether the proxy lets this through, or put "
	          "the host into no_proxy",
	    request->what, place->host, place->port, status);
}

/* What libcurl says of a SOCKS proxy. */
static void on_proxy(struct web_request *request, const struct web_place *place)
{
	err_set(&request->err, ERR_REMOTE, "%s: %s%s port %s failed: %s: %s", request->what,
	    the(place), place->host, place->port, request->curl_text,
	    remedy(place, "check the proxy"));
}

enum tls_fault { TLS_EXPIRED, TLS_EARLY, TLS_NAME, TLS_SELF, TLS_ISSUER, TLS_OTHER };

/* A piece of libcurl's (that is, OpenSSL's and other backends') text → the fault. */
static const struct tls_row {
	const char *piece;
	enum tls_fault fault;
} tls_rows[] = {
    {"not yet valid", TLS_EARLY},
    {"expired", TLS_EXPIRED},
    {"subject name", TLS_NAME},
    {"host name", TLS_NAME},
    {"hostname", TLS_NAME},
    {"self-signed", TLS_SELF},
    {"self signed", TLS_SELF},
    {"issuer", TLS_ISSUER},
    {"", TLS_OTHER},
};

/* The part of the sentence after "TLS certificate not valid: ". */
static void tls_sentence(const struct web_request *request, const struct web_place *place,
    enum tls_fault fault, char *out, size_t size)
{
	const char *date = request->reply.tls_expires;
	static const char trust[] =
	    "install the authority's certificate, or name its file in the target's `ca` or in "
	    "CURL_CA_BUNDLE";

	if (fault == TLS_EXPIRED)
		snprintf(out, size, "certificate has expired%s%.10s%s: renew it on the server",
		    *date ? " (" : "", date, *date ? ")" : "");
	else if (fault == TLS_EARLY)
		snprintf(out, size, "certificate is not yet valid: check this machine's clock");
	else if (fault == TLS_NAME)
		snprintf(out, size,
		    "certificate is for another name%s%s%s, not for '%s': use the right name, or a "
		    "certificate that has this one",
		    *request->names ? " (" : "", request->names, *request->names ? ")" : "",
		    place->host);
	else if (fault == TLS_SELF)
		snprintf(out, size,
		    "certificate is self-signed, or signed by an unknown authority that "
		    "is: %s",
		    trust);
	else if (fault == TLS_ISSUER)
		snprintf(out, size,
		    "certificate is signed by an authority that is not known here: %s", trust);
	else
		snprintf(out, size, "%s", request->curl_text);
}

static void on_refused(struct web_request *request, const struct web_place *place)
{
	const struct tls_row *row = tls_rows;
	char text[ERR_TEXT_MAX];

	while (!strstr(request->curl_text, row->piece))
		row++;
	tls_sentence(request, place, row->fault, text, sizeof(text));
	err_set(&request->err, ERR_REMOTE, "%s: TLS certificate %s%s%s%snot valid: %s",
	    request->what, place->proxy ? "of " : "", the(place), place->proxy ? place->host : "",
	    place->proxy ? " is " : "", text);
}

/* Servers that speak TLS 1.3 refuse a client only after their own handshake has ended. */
static bool is_alert(const struct web_request *request)
{
	return strstr(request->curl_text, "alert") != NULL;
}

static void on_handshake(struct web_request *request, const struct web_place *place)
{
	const char *hint = "check the server's TLS settings";

	if (strstr(request->curl_text, "wrong version"))
		hint = "does this port speak TLS at all? Try http://";
	else if (strstr(request->curl_text, "certificate required"))
		hint = "it wants a client certificate: name it in the target's `cert` and `key`";
	else if (is_alert(request) && strstr(request->curl_text, "cert"))
		hint = "it does not accept the client certificate: check the target's `cert`";

	err_set(&request->err, ERR_REMOTE, "%s: TLS handshake with %s%s port %s failed (%s): %s",
	    request->what, the(place), place->host, place->port, request->curl_text, hint);
}

static void on_trust(struct web_request *request, const struct web_place *place)
{
	(void)place;
	err_set(&request->err, ERR_SYSTEM,
	    "%s: the file of trusted certificates can't be used (%s): check the target's `ca`, "
	    "CURL_CA_BUNDLE and SSL_CERT_FILE, or install ca-certificates",
	    request->what, request->curl_text);
}

static void on_client_certificate(struct web_request *request, const struct web_place *place)
{
	(void)place;
	err_set(&request->err, ERR_SYSTEM,
	    "%s: the client certificate can't be used (%s): do the target's `cert` and `key` "
	    "belong together, are both PEM, and is the key without a passphrase?",
	    request->what, request->curl_text);
}

/* Many a server that does not let a client in closes before its alert has got through. */
static const char *nothing_hint(const struct web_request *request, const struct web_place *place)
{
	if (strcmp(place->scheme, "https") != 0)
		return "is the service healthy?";
	return request->cert
	           ? "is the service healthy, and does it accept the client certificate?"
	           : "is the service healthy, or does it want a client certificate (`cert` of "
	             "the target)?";
}

static void on_nothing(struct web_request *request, const struct web_place *place)
{
	err_set(&request->err, ERR_REMOTE,
	    "%s: %s%s port %s closed the connection without an answer: %s", request->what,
	    the(place), place->host, place->port, remedy(place, nothing_hint(request, place)));
}

static void on_partial(struct web_request *request, const struct web_place *place)
{
	const struct web_reply *reply = &request->reply;
	char after[64] = "among the headers";

	if (web_head_done(request) && reply->length >= 0)
		snprintf(after, sizeof(after), "after %lld of %lld bytes", reply->received,
		    reply->length);
	else if (web_head_done(request))
		snprintf(after, sizeof(after), "after %lld bytes", reply->received);
	err_set(&request->err, ERR_REMOTE,
	    "%s: %s%s port %s closed the connection half-way, %s: is the service healthy?",
	    request->what, the(place), place->host, place->port, after);
}

static void on_garbled(struct web_request *request, const struct web_place *place)
{
	err_set(&request->err, ERR_REMOTE,
	    "%s: what %s%s port %s answered is not HTTP (%s): check the port and the protocol",
	    request->what, the(place), place->host, place->port, request->curl_text);
}

static void on_too_large(struct web_request *request, const struct web_place *place)
{
	(void)place;
	err_set(&request->err, ERR_LIMIT,
	    "%s: a line of the reply's head is longer than what is read: check the port and the "
	    "protocol",
	    request->what);
}

static void on_other(struct web_request *request, const struct web_place *place)
{
	err_set(&request->err, ERR_REMOTE, "%s: the request to %s%s failed: %s", request->what,
	    the(place), place->host, request->curl_text);
}

/* A connection that breaks in the middle of a reply is a torn reply, whatever broke it. */
static void on_broken(struct web_request *request, const struct web_place *place)
{
	if (strstr(request->curl_text, "chunked"))
		on_garbled(request, place);
	else if (request->reply.status)
		on_partial(request, place);
	else if (is_alert(request))
		on_handshake(request, place);
	else
		on_nothing(request, place);
}

static const struct code_row {
	CURLcode code;
	explain_fn *explain;
	enum web_fault fault;
} code_rows[] = {
    {CURLE_COULDNT_RESOLVE_HOST, on_unresolved, WEB_UNRESOLVED},
    {CURLE_COULDNT_RESOLVE_PROXY, on_proxy_unresolved, WEB_OTHER},
    {CURLE_COULDNT_CONNECT, on_unconnected, WEB_UNCONNECTED},
    {CURLE_PROXY, on_proxy, WEB_OTHER},
    {CURLE_OPERATION_TIMEDOUT, on_timed_out, WEB_TIMED_OUT},
    {CURLE_PEER_FAILED_VERIFICATION, on_refused, WEB_CERTIFICATE},
    {CURLE_SSL_CONNECT_ERROR, on_handshake, WEB_HANDSHAKE},
    {CURLE_SSL_CACERT_BADFILE, on_trust, WEB_OTHER},
    {CURLE_SSL_CERTPROBLEM, on_client_certificate, WEB_OTHER},
    {CURLE_GOT_NOTHING, on_nothing, WEB_BROKEN},
    {CURLE_PARTIAL_FILE, on_partial, WEB_BROKEN},
    {CURLE_RECV_ERROR, on_broken, WEB_BROKEN},
    {CURLE_SEND_ERROR, on_broken, WEB_BROKEN},
    {CURLE_HTTP2, on_broken, WEB_BROKEN},
    {CURLE_HTTP2_STREAM, on_broken, WEB_BROKEN},
    {CURLE_UNSUPPORTED_PROTOCOL, on_garbled, WEB_OTHER},
    {CURLE_WEIRD_SERVER_REPLY, on_garbled, WEB_OTHER},
    {CURLE_BAD_CONTENT_ENCODING, on_garbled, WEB_OTHER},
#if LIBCURL_VERSION_NUM >= 0x080600
    {CURLE_TOO_LARGE, on_too_large, WEB_OTHER},
#else
    {CURLE_OUT_OF_MEMORY, on_too_large,
        WEB_OTHER}, /* what older ones say of headers over their limit */
#endif
};

char *web_waits_for_proxy(const struct web_request *request)
{
	struct web_place place;

	/* Whoever has begun to answer is not the one that is silent. */
	if (!request || !request->added || web_status(request))
		return NULL;
	find_place(request, &place);
	if (!place.proxy)
		return NULL;
	return mem_printf("%s: no answer from the proxy %s:%s in all its time: %s", request->what,
	    place.host, place.port, remedy(&place, ""));
}

void web_explain_answer(struct web_request *request)
{
	struct web_place place;

	if (request->reply.status < 400)
		return;
	find_place(request, &place);
	if (!place.proxy)
		return;
	snprintf(request->reply.proxy, sizeof(request->reply.proxy), "%s%s:%s", the(&place),
	    place.host, place.port);
	if (request->reply.status == LOGIN_WANTED)
		on_no_tunnel(request, &place, LOGIN_WANTED);
}

void web_explain(struct web_request *request, CURLcode code)
{
	struct code_row row = {code, on_other, WEB_OTHER};
	struct web_place place;
	long tunnel = 0;
	long error = 0;

	if (!request->curl_text[0])
		snprintf(
		    request->curl_text, sizeof(request->curl_text), "%s", curl_easy_strerror(code));
	for (size_t i = 0; i < COUNT_OF(code_rows); i++)
		if (code_rows[i].code == code)
			row = code_rows[i];
	curl_easy_getinfo(request->easy, CURLINFO_OS_ERRNO, &error);
	request->reply.os_error = (int)error;
	request->reply.fault = row.fault;
	find_place(request, &place);
	curl_easy_getinfo(request->easy, CURLINFO_HTTP_CONNECTCODE, &tunnel);
	request->reply.tunnel_status = (int)tunnel;
	if (tunnel >= 300) {
		request->reply.fault = WEB_NO_TUNNEL;
		on_no_tunnel(request, &place, tunnel);
	} else {
		row.explain(request, &place);
	}
}
