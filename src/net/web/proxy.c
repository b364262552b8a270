/*
 * Which proxy a failed request spoke to, for the sentence that says so. libcurl 7.88 chooses the proxy from
 * the environment and does not tell; so the same variables are looked up here.
 *
 * Invariant: only names a host and a port. Whether a proxy was used is seen from what libcurl did (the answer
 * to CONNECT, the port that was connected to), never guessed from the variables alone.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fsops/mem.h"

#include "private.h"

/* In libcurl's order. HTTP_PROXY is none of them: a CGI server fills it from a request's header. */
static const struct {
	const char *scheme; /* "": any */
	const char *name;
} variables[] = {
    {"http", "http_proxy"},
    {"https", "https_proxy"},
    {"https", "HTTPS_PROXY"},
    {"", "all_proxy"},
    {"", "ALL_PROXY"},
};

static const char *proxy_text(const char *scheme)
{
	for (size_t i = 0; i < COUNT_OF(variables); i++) {
		const char *value = getenv(variables[i].name);

		if (value && *value &&
		    (!*variables[i].scheme || strcasecmp(variables[i].scheme, scheme) == 0))
			return value;
	}
	return NULL;
}

/* A proxy's port when its URL names none: libcurl's own choice. */
static const char *usual_port(const char *text)
{
	return strncasecmp(text, "https://", 8) == 0 ? "443" : "1080";
}

static bool read_proxy(const char *text, struct web_place *place)
{
	CURLU *url = curl_url();
	char *host = NULL;
	char *port = NULL;
	bool found = url &&
	             curl_url_set(url, CURLUPART_URL, text,
	                 CURLU_GUESS_SCHEME | CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK &&
	             curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK;

	if (found && curl_url_get(url, CURLUPART_PORT, &port, 0) != CURLUE_OK)
		port = NULL;
	if (found) {
		snprintf(place->host, sizeof(place->host), "%s", host);
		snprintf(place->port, sizeof(place->port), "%s", port ? port : usual_port(text));
		place->proxy = true;
	}
	curl_free(host);
	curl_free(port);
	curl_url_cleanup(url);
	return found;
}

/* Has libcurl connected, or tried to, to PROXY and not to SERVER? */
static bool was_spoken_to(const struct web_request *request, const struct web_place *proxy,
    const struct web_place *server)
{
	char port[sizeof(proxy->port)];
	long peer = 0;

	curl_easy_getinfo(request->easy, CURLINFO_PRIMARY_PORT, &peer);
	snprintf(port, sizeof(port), "%ld", peer ? peer : (long)request->peer);
	return strcmp(proxy->port, port) == 0 && strcmp(proxy->port, server->port) != 0;
}

/* Is it about a tunnel that another request has made? It is not made for plain http. */
static bool was_there(const struct web_request *request)
{
	long status = 0;
	long made = 0;

	curl_easy_getinfo(request->easy, CURLINFO_NUM_CONNECTS, &made);
	curl_easy_getinfo(request->easy, CURLINFO_RESPONSE_CODE, &status);
	return request->tls && status && !made;
}

void web_proxy_place(const struct web_request *request, struct web_place *place)
{
	struct web_place proxy = {.proxy = false};
	const char *text;
	long connected = 0;

	curl_easy_getinfo(request->easy, CURLINFO_HTTP_CONNECTCODE, &connected);
	text = request->through || request->direct || request->own_proxy
	           ? NULL
	           : proxy_text(place->scheme);
	/* Behind a tunnel that stands it is the server that is spoken to. */
	if (!text || (connected >= 200 && connected < 300) || was_there(request) ||
	    !read_proxy(text, &proxy))
		return;
	if (connected || was_spoken_to(request, &proxy, place)) {
		memcpy(place->host, proxy.host, sizeof(place->host));
		memcpy(place->port, proxy.port, sizeof(place->port));
		place->proxy = true;
	}
}

bool web_proxy_refused(const struct web_request *request)
{
	long result = 0;

	curl_easy_getinfo(request->easy, CURLINFO_PROXY_SSL_VERIFYRESULT, &result);
	return result != 0;
}
