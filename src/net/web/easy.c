/*
 * One request as a libcurl handle: its options, its callbacks, what is read from it.
 * Invariant: only http and https are ever spoken, certificates are always verified
 * (the one exception sends nothing: web_easy_look), redirects are never followed here.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fsops/certificate.h"
#include "fsops/keep.h"
#include "fsops/mem.h"

#include "private.h"

/* Bytes that are read at once: libcurl's own 16 KiB cost a large backup twice the system time. */
#define PIECE_SIZE (256L * 1024)

/* In seconds: how old a connection may be that is used once more, as with all that is kept. */
#define LIFETIME_MAX ((long)(KEEP_LIFE_MAX / 1000))

/* How long a kept connection may not answer to the machine (not to us: a slow server's does), in milliseconds. */
#define SILENT_MAX ((msec)3000)

/* For the look at a refused certificate: it must not turn one failure into another. */
#define LOOK_TIMEOUT_MS 3000L

static unsigned peer_port(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET)
		return ntohs(((const struct sockaddr_in *)(const void *)address)->sin_port);
	if (address->sa_family == AF_INET6)
		return ntohs(((const struct sockaddr_in6 *)(const void *)address)->sin6_port);
	return 0;
}

static void peer_text(const struct sockaddr *address, unsigned port, char *out, size_t size)
{
	char ip[INET6_ADDRSTRLEN] = "";
	bool six = address->sa_family == AF_INET6;
	const void *bytes =
	    six ? (const void *)&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr
	        : (const void *)&((const struct sockaddr_in *)(const void *)address)->sin_addr;

	if ((six || address->sa_family == AF_INET) &&
	    inet_ntop(address->sa_family, bytes, ip, sizeof(ip)))
		snprintf(out, size, six ? "[%s]:%u" : "%s:%u", ip, port);
}

/* libcurl 7.88 makes sockets that children would inherit. */
static curl_socket_t open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct web_request *request = ctx;
	int fd;

	(void)purpose;
	request->peer = peer_port(&address->addr);
	peer_text(&address->addr, request->peer, request->reply.peer, sizeof(request->reply.peer));
#ifdef SOCK_CLOEXEC
	fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
#else
	fd = socket(address->family, address->socktype, address->protocol);
	if (fd >= 0)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
#endif
	request->fd = fd;
	return fd < 0 ? CURL_SOCKET_BAD : fd;
}

static size_t on_header(char *data, size_t size, size_t count, void *ctx)
{
	struct web_request *request = ctx;
	size_t len = size * count;

	request->header_bytes += len;
	if (request->header_bytes > WEB_HEADERS_MAX) {
		err_set(&request->err, ERR_LIMIT,
		    "%s: the reply's headers are over %zu bytes, the most that is read",
		    request->what, WEB_HEADERS_MAX);
		return 0;
	}
	return web_head_line(request, data, len) < 0 ? 0 : len;
}

int web_status(const struct web_request *request)
{
	long status = 0;

	if (request && request->easy)
		curl_easy_getinfo(request->easy, CURLINFO_RESPONSE_CODE, &status);
	return (int)status;
}

bool web_is_shaking_hands(const struct web_request *request)
{
	struct sockaddr_storage peer;
	socklen_t size = sizeof(peer);
	double secured = 0;

	if (!request || !request->tls || request->fd < 0 || web_status(request))
		return false;
	curl_easy_getinfo(request->easy, CURLINFO_APPCONNECT_TIME, &secured);
	return secured <= 0 && getpeername(request->fd, (struct sockaddr *)&peer, &size) == 0;
}

static void read_progress(struct web_request *request)
{
	curl_off_t length = -1;

	curl_easy_getinfo(request->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	curl_easy_getinfo(request->easy, CURLINFO_TOTAL_TIME, &request->reply.seconds);
	request->reply.status = web_status(request);
	request->reply.length = length;
}

static size_t on_body(char *data, size_t size, size_t count, void *ctx)
{
	struct web_request *request = ctx;
	size_t len = size * count;

	if (request->dropped || request->looking)
		return 0;
	read_progress(request);
	request->reply.received += (long long)len;
	if (request->data(request->ctx, &request->reply, data, len, &request->err) < 0)
		return 0;
	if (request->dropped)
		return 0;
	web_rest_if_due(request);
	return len;
}

static int set_headers(struct web_request *request, const struct web_spec *spec)
{
	static const char *const always[] = {"Expect:"};

	for (size_t i = 0; i < spec->header_count + COUNT_OF(always); i++) {
		const char *line =
		    i < COUNT_OF(always) ? always[i] : spec->headers[i - COUNT_OF(always)];
		struct curl_slist *longer = curl_slist_append(request->headers, line);

		if (!longer)
			return -1;
		request->headers = longer;
	}
	curl_easy_setopt(request->easy, CURLOPT_HTTPHEADER, request->headers);
	return 0;
}

static void set_method(CURL *easy, const struct web_spec *spec)
{
	if (spec->body) {
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)spec->body_len);
		curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, spec->body);
	}
	if (strcmp(spec->method, "HEAD") == 0)
		curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
	else if (strcmp(spec->method, "GET") != 0 || spec->body)
		curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, spec->method);
}

static void set_protocols(CURL *easy)
{
#if LIBCURL_VERSION_NUM >= 0x075500
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
#if LIBCURL_VERSION_NUM >= 0x075700
	/* A name server that hangs: don't wait for the resolver's thread when giving up. */
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
#endif
}

static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

/* A server, and a proxy that is spoken to over TLS. */
static void set_trust(CURL *easy, const char *file, const char *dir)
{
	curl_easy_setopt(easy, CURLOPT_CAPATH, dir);
	curl_easy_setopt(easy, CURLOPT_CAINFO, file);
	curl_easy_setopt(easy, CURLOPT_PROXY_CAPATH, dir);
	curl_easy_setopt(easy, CURLOPT_PROXY_CAINFO, file);
}

/*
 * Whom to trust: the variables that the curl command honours, else libcurl's own bundle.
 *
 * libcurl reads a bundle once for all requests of a multi, but only when no folder is searched
 * too (each of them takes 50 ms and 1 MiB otherwise), and Debian's default is both. So it is
 * one or the other: the folder when one of its own was asked for, else the bundle.
 */
static bool trusted(const char **file, const char **dir)
{
	const curl_version_info_data *about = curl_version_info(CURLVERSION_NOW);
	bool told = about->age >= CURLVERSION_SEVENTH;

	*file = variable("CURL_CA_BUNDLE");
	*dir = *file ? NULL : variable("SSL_CERT_DIR");
	if (*dir && told && about->capath && strcmp(*dir, about->capath) == 0)
		*dir = NULL; /* nothing but the default */
	if (!*file)
		*file = variable("SSL_CERT_FILE");
	if (*file || *dir || !told)
		return true;
	*file = about->cainfo;
	return false;
}

void web_trusted(const char **file, const char **dir)
{
	if (!trusted(file, dir) && *file && access(*file, R_OK) < 0)
		*file = NULL; /* libcurl's own bundle, which is not there */
}

int web_trust(void *easy, struct err *err)
{
	const char *file, *dir;
	bool asked = trusted(&file, &dir);

	if (asked && file && access(file, R_OK) == 0 && buf_check_file(file, err) < 0)
		return err_prefix(err, "CURL_CA_BUNDLE or SSL_CERT_FILE");
	if (dir) {
		set_trust(easy, file, dir);
	} else if (file && access(file, R_OK) == 0) {
		set_trust(easy, file, NULL);
	} else if (file && asked) {
		curl_easy_setopt(easy, CURLOPT_CAINFO, file); /* for libcurl to complain of */
	}
	return 0;
}

static void set_callbacks(struct web_request *request)
{
	CURL *easy = request->easy;

	curl_easy_setopt(easy, CURLOPT_PRIVATE, request);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, request->curl_text);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, request);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, request);
	/* What a proxy says of its tunnel is no answer to the request. */
	curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, request);
}

/* May it be asked twice? libcurl does, when a connection that was there already turns out to be closed; whether the
 * server had read the first question nobody knows. */
static bool may_repeat(const struct web_spec *spec)
{
	static const char *const reads[] = {"GET", "HEAD", "OPTIONS"};
	bool read = spec->again;

	if (spec->once)
		return false;
	for (size_t i = 0; i < COUNT_OF(reads); i++)
		read = read || strcmp(spec->method, reads[i]) == 0;
	return read;
}

/*
 * Which connection it may use. HTTP/2 where the server offers it, so that many share one: those who come while
 * it is being made wait for it. One that is older than LIFETIME_MAX is not used again: the name may lead to
 * another server by now. What must not be asked twice has one of its own, which nobody may join while it is under
 * way (libcurl holds it for an old one then) or use after it.
 */
static void set_connection(CURL *easy, const struct web_spec *spec, bool tls)
{
	bool own = !may_repeat(spec);

	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
	    (long)(own ? CURL_HTTP_VERSION_1_1 : CURL_HTTP_VERSION_2TLS));
	curl_easy_setopt(easy, CURLOPT_PIPEWAIT, tls && !own ? 1L : 0L);
	curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, spec->fresh || own ? 1L : 0L);
	curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, own ? 1L : 0L);
	curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, spec->fresh ? 0L : 1L);
	curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, (long)(WEB_IDLE_MAX / 1000));
#if LIBCURL_VERSION_NUM >= 0x075000
	curl_easy_setopt(easy, CURLOPT_MAXLIFETIME_CONN, LIFETIME_MAX);
#endif
}

int web_easy_make(
    struct web_request *request, const struct web_spec *spec, CURLSH *share, struct err *err)
{
	CURL *easy = curl_easy_init();

	request->easy = easy;
	request->fd = -1;
	request->socket = -1;
	request->data = spec->data;
	request->done = spec->done;
	request->ctx = spec->ctx;
	request->reply.length = -1;
	request->stated = -1;
	request->may_repeat = may_repeat(spec);
	request->tls = strncasecmp(spec->url, "https:", strlen("https:")) == 0;
	request->cert = spec->cert_data.data;
	request->reply.told = request->curl_text;
	request->reply.tls_names = request->names;
	request->reply.headers = json_object();
	request->repeated = json_object();
	if (!easy || set_headers(request, spec) < 0)
		return err_set(err, ERR_SYSTEM, "%s: unable to start libcurl", spec->what);
	set_callbacks(request);
	set_protocols(easy);
	if (web_trust(easy, err) < 0 && request->tls)
		return err_prefix(err, "%s", spec->what);
	set_method(easy, spec);
	if (web_easy_identity(request, spec, err) < 0)
		return -1;
	curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, PIECE_SIZE);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "fsops/" FSOPS_VERSION);
	curl_easy_setopt(easy, CURLOPT_SHARE, share);
	set_connection(easy, spec, request->tls);
	return 0;
}

void web_easy_look(struct web_request *request)
{
	CURL *easy = request->easy;

	curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
	curl_easy_setopt(easy, CURLOPT_CERTINFO, 1L);
	curl_easy_setopt(easy, CURLOPT_SHARE, NULL); /* nor a session of those who trust */
	web_easy_nobody(easy);
	curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
	curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, LOOK_TIMEOUT_MS);
	/* The first connection's sentence must survive this one's failure. */
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, NULL);
}

/* The text after NAME in a list of "NAME:text"; NULL when it is not there. */
static const char *find_field(const struct curl_slist *fields, const char *name)
{
	size_t len = strlen(name);

	for (; fields; fields = fields->next)
		if (strncmp(fields->data, name, len) == 0 && fields->data[len] == ':')
			return fields->data + len + 1;
	return NULL;
}

void web_easy_certificate(struct web_request *request)
{
	struct curl_tlssessioninfo *session = NULL;
	X509 *certificate;

	if (!request->tls || request->looking ||
	    curl_easy_getinfo(request->easy, CURLINFO_TLS_SSL_PTR, &session) != CURLE_OK ||
	    session->backend != CURLSSLBACKEND_OPENSSL || !session->internals)
		return;
	certificate = SSL_get_peer_certificate(session->internals);
	if (certificate)
		certificate_end(certificate, request->reply.tls_expires);
	X509_free(certificate);
}

static void set_option(int fd, int level, int option, int value)
{
	setsockopt(fd, level, option, &value, sizeof(value));
}

/* An idle one is asked after SILENT_MAX less a second, and each second then: of many that are dead a read meets one, two
 * at most, and not one after the other. */
static void guard(int fd, bool on)
{
	set_option(fd, SOL_SOCKET, SO_KEEPALIVE, on);
#if defined(TCP_USER_TIMEOUT) && defined(TCP_KEEPIDLE) && defined(TCP_KEEPINTVL)
	set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, (int)(SILENT_MAX / 1000) - 1);
	set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, 1);
	set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, on ? (int)SILENT_MAX : 0);
#endif
}

void web_easy_guard(struct web_request *request)
{
	curl_socket_t fd = CURL_SOCKET_BAD;

	if (curl_easy_getinfo(request->easy, CURLINFO_ACTIVESOCKET, &fd) == CURLE_OK &&
	    fd != CURL_SOCKET_BAD)
		guard(fd, true);
}

void web_easy_unguard(struct web_request *request)
{
	/* A new one has no guard yet. */
	if (request->fd < 0 && request->socket >= 0)
		guard(request->socket, false);
}

/* Of the look at one that was refused. */
static void read_certificate(struct web_request *request)
{
	struct curl_certinfo *info = NULL;
	const char *expires;
	const char *names;

	if (curl_easy_getinfo(request->easy, CURLINFO_CERTINFO, &info) != CURLE_OK || !info ||
	    info->num_of_certs < 1)
		return;
	expires = find_field(info->certinfo[0], "Expire date");
	names = find_field(info->certinfo[0], "X509v3 Subject Alternative Name");
	if (!names)
		names = find_field(info->certinfo[0], "Subject");
	if (names)
		snprintf(request->names, sizeof(request->names), "%s", names);
	if (expires)
		web_date(expires, request->reply.tls_expires);
}

void web_easy_read(struct web_request *request)
{
	char *redirect = NULL;
	long made = 0;

	if (request->looking) {
		read_certificate(request);
		return;
	}
	read_progress(request);
	curl_easy_getinfo(request->easy, CURLINFO_REDIRECT_URL, &redirect);
	curl_easy_getinfo(request->easy, CURLINFO_NUM_CONNECTS, &made);
	request->reply.redirect = redirect;
	request->reply.reused = request->reply.status && !made;
}
