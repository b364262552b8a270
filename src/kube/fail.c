/*
 * What kubectl 1.32 prints when there is no answer, or the answer is no (k8s.io/kubectl/pkg/cmd/util, helpers.go;
 * apimachinery/pkg/api/errors, errors.go; the errors of Go's net, crypto/tls and crypto/x509).
 *
 * Invariant: what an answer says itself is told as it is; only where it says nothing does its status speak.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "fsops/json_read.h"
#include "fsops/mem.h"
#include "fsops/value.h"
#include "private.h"

/* --- No answer --- */

/* The host that the certificate must be for. */
static char *wanted_name(const struct kube *kube)
{
	char *host = NULL, *port = NULL;

	if (kube->config.tls_name)
		return mem_text(kube->config.tls_name);
	if (!web_url_place(kube->config.server, &host, &port))
		host = mem_text("");
	free(port);
	if (*host == '[') {
		host[strlen(host) - 1] = '\0';
		memmove(host, host + 1, strlen(host));
	}
	return host;
}

static bool is_address(const char *host)
{
	return strchr(host, ':') || !host[strspn(host, "0123456789.")];
}

/* The names of one kind in "DNS:a, IP Address:192.0.2.1", with ", " between; owned. */
static char *names_of(const char *all, const char *kind)
{
	struct buf list;

	buf_init(&list, BUF_TEXT_MAX);
	while (*all) {
		size_t len = strcspn(all, ",");

		if (strncmp(all, kind, strlen(kind)) == 0)
			buf_addf(&list, "%s%.*s", list.len ? ", " : "", (int)(len - strlen(kind)),
			    all + strlen(kind));
		all += len;
		all += strspn(all, ", ");
	}
	return buf_detach(&list);
}

static bool is_name_of(const char *host, const char *names)
{
	while (*names) {
		size_t len = strcspn(names, ",");
		const char *dot = strchr(host, '.');

		if ((strlen(host) == len && strncasecmp(host, names, len) == 0) ||
		    (strncmp(names, "*.", 2) == 0 && dot && strlen(dot) == len - 1 &&
		        strncasecmp(dot, names + 1, len - 1) == 0))
			return true;
		names += len;
		names += strspn(names, ", ");
	}
	return false;
}

/* "…is valid for a, b, not c"; NULL: it is for HOST. */
static char *wrong_name(const struct web_reply *reply, const char *host)
{
	bool address = is_address(host);
	char *names = names_of(reply->tls_names, address ? "IP Address:" : "DNS:");
	char *text = NULL;

	if (!*reply->tls_names || is_name_of(host, names))
		;
	else if (*names)
		text = mem_printf("certificate is valid for %s, not %s", names, host);
	else if (address)
		text = mem_printf(
		    "cannot validate certificate for %s because it doesn't contain any IP SANs",
		    host);
	else
		text = mem_printf(
		    "certificate is not valid for any names, but wanted to match %s", host);
	free(names);
	return text;
}

/* "2026-11-30T11:36:29Z", in the local zone as Go writes it. */
static void local_now(char *out, size_t size)
{
	time_t now = (time_t)(clock_system.wall(clock_system.ctx) / 1000);
	struct tm local;
	size_t len;

	localtime_r(&now, &local);
	len = strftime(out, size, "%Y-%m-%dT%H:%M:%S%z", &local);
	if (local.tm_gmtoff == 0)
		snprintf(out + len - 5, size - len + 5, "Z");
	else if (len + 2 < size) {
		memmove(out + len - 1, out + len - 2, 3);
		out[len - 2] = ':';
	}
}

static char *certificate_text(const struct kube *kube, const struct web_reply *reply)
{
	char *host = wanted_name(kube);
	char *name = wrong_name(reply, host);
	char now[CLOCK_TEXT_MAX];
	char *text;

	local_now(now, sizeof(now));
	if (strstr(reply->told, "expired"))
		text = mem_printf(
		    "certificate has expired or is not yet valid: current time %s is after %.19sZ",
		    now, reply->tls_expires);
	else if (strstr(reply->told, "not yet valid"))
		text = mem_printf("certificate has expired or is not yet valid: current time %s is "
		                  "before its time",
		    now);
	else
		text = name ? mem_text(name) : mem_text("certificate signed by unknown authority");
	free(name);
	free(host);
	return text;
}

/* A piece of OpenSSL's text → what Go says. */
static const struct {
	const char *piece;
	const char *text;
} handshakes[] = {
    {"wrong version number", "http: server gave HTTP response to HTTPS client"},
    {"certificate required", "remote error: tls: certificate required"},
    {"bad certificate", "remote error: tls: bad certificate"},
    {"unknown ca", "remote error: tls: unknown certificate authority"},
    {"certificate expired", "remote error: tls: expired certificate"},
    {"certificate unknown", "remote error: tls: unknown certificate"},
    {"unsupported certificate", "remote error: tls: unsupported certificate"},
    {"handshake failure", "remote error: tls: handshake failure"},
    {"protocol version", "remote error: tls: protocol version not supported"},
    {"unrecognized name", "remote error: tls: unrecognized name"},
    {"access denied", "remote error: tls: access denied"},
    {"internal error", "remote error: tls: internal error"},
    {"reset by peer", "connection reset by peer"},
    {"SSL_ERROR_SYSCALL", "EOF"},
    {"unexpected eof", "EOF"},
};

/* NULL: none is known. */
static const char *handshake_text(const char *told)
{
	for (size_t i = 0; i < COUNT_OF(handshakes); i++)
		if (strstr(told, handshakes[i].piece))
			return handshakes[i].text;
	return NULL;
}

/* The name server that Go would have asked, for its sentence has it. */
static void name_server(char *out, size_t size)
{
	FILE *file = fopen("/etc/resolv.conf", "re");
	char line[512], address[128];
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file))
		found = sscanf(line, "nameserver %127s", address) == 1;
	if (file)
		fclose(file);
	snprintf(out, size,
	    !found                 ? "127.0.0.1:53"
	    : strchr(address, ':') ? "[%s]:53"
	                           : "%s:53",
	    found ? address : "");
}

static char *unresolved_text(const struct kube *kube)
{
	char *host = NULL, *port = NULL;
	char server[160];
	char *text;

	name_server(server, sizeof(server));
	if (!web_url_place(kube->config.server, &host, &port))
		host = mem_text("");
	text = mem_printf("dial tcp: lookup %s on %s: no such host", host, server);
	free(host);
	free(port);
	return text;
}

static char *unconnected_text(const struct web_reply *reply)
{
	char *why = mem_text(strerror(reply->os_error ? reply->os_error : ECONNREFUSED));
	char *text;

	*why = (char)tolower((unsigned char)*why);
	text = mem_printf("dial tcp %s: connect: %s", reply->peer, why);
	free(why);
	return text;
}

static char *tunnel_text(const struct web_reply *reply)
{
	static const struct {
		int status;
		const char *text;
	} known[] = {{400, "Bad Request"}, {401, "Unauthorized"}, {403, "Forbidden"},
	    {404, "Not Found"}, {405, "Method Not Allowed"}, {407, "Proxy Authentication Required"},
	    {429, "Too Many Requests"}, {500, "Internal Server Error"}, {502, "Bad Gateway"},
	    {503, "Service Unavailable"}, {504, "Gateway Timeout"}};

	for (size_t i = 0; i < COUNT_OF(known); i++)
		if (known[i].status == reply->tunnel_status)
			return mem_text(known[i].text);
	return mem_printf("status %d of the proxy", reply->tunnel_status);
}

static char *broken_text(const struct web_reply *reply)
{
	const char *why = handshake_text(reply->told);

	if (reply->status)
		return mem_text("unexpected EOF");
	return mem_text(why ? why : "EOF");
}

char *kube_fail_cause(const struct kube *kube, const struct web_reply *reply)
{
	const char *why = handshake_text(reply->told);

	switch (reply->fault) {
	case WEB_UNRESOLVED:
		return unresolved_text(kube);
	case WEB_UNCONNECTED:
		return unconnected_text(reply);
	case WEB_TIMED_OUT:
		return mem_printf("dial tcp %s: i/o timeout", reply->peer);
	case WEB_CERTIFICATE: {
		char *certificate = certificate_text(kube, reply);
		char *text = mem_printf("tls: failed to verify certificate: x509: %s", certificate);

		free(certificate);
		return text;
	}
	case WEB_HANDSHAKE:
		return why ? mem_text(why) : mem_printf("tls: %s", reply->told);
	case WEB_NO_TUNNEL:
		return tunnel_text(reply);
	case WEB_BROKEN:
		return broken_text(reply);
	default:
		return mem_text(reply->told);
	}
}

char *kube_fail_line(const struct kube *kube, const struct web_reply *reply, const char *cause)
{
	char *host, *line;

	if (reply && reply->fault == WEB_BROKEN && reply->status)
		return mem_printf("error: unexpected error when reading response body. Please "
		                  "retry. Original error: %s",
		    cause);
	if (!strstr(cause, "connection refused"))
		return mem_printf("Unable to connect to the server: %s", cause);
	host = kube_host(kube);
	line = mem_printf(
	    "The connection to the server %s was refused - did you specify the right host or port?",
	    host);
	free(host);
	return line;
}

/* --- The answer is no --- */

#define TEXT_MAX ((size_t)2048)

static const struct {
	int status;
	const char *reason;
	const char *message; /* NULL: what the body says */
} meanings[] = {
    {400, "BadRequest", "the server rejected our request for an unknown reason"},
    {401, "Unauthorized", "the server has asked for the client to provide credentials"},
    {403, "Forbidden", NULL},
    {404, "NotFound", "the server could not find the requested resource"},
    {405, "MethodNotAllowed", "the server does not allow this method on the requested resource"},
    {406, "NotAcceptable",
        "the server was unable to respond with a content type that the client supports"},
    {409, "Conflict", "the server reported a conflict"},
    {415, "UnsupportedMediaType", NULL},
    {422, "Invalid", "the server rejected our request due to an error in our request"},
    {429, "TooManyRequests",
        "the server has received too many requests and has asked us to try again later"},
    {503, "ServiceUnavailable", "the server is currently unable to handle the request"},
    {504, "Timeout",
        "the server was unable to return a response in the time allotted, but may still be "
        "processing the request"},
};

/* The next part of a path; *AT is behind it. */
static char *next_part(const char **at)
{
	size_t len;
	char *part;

	*at += **at == '/';
	len = strcspn(*at, "/?");
	part = mem_textn(*at, len);
	*at += len;
	return part;
}

/* " (get pods.apps NAME)" of METHOD and PATH; "" when it is about no resource. */
static char *request_text(const char *method, const char *path)
{
	char *parts[7] = {NULL};
	const char *at = path;
	size_t count = 0, first;
	char *text = NULL;
	bool core;

	while (count < COUNT_OF(parts) && *at == '/')
		parts[count++] = next_part(&at);
	core = count && strcmp(parts[0], "api") == 0;
	first = core ? 2 : 3;
	if (count > first + 2 && strcmp(parts[first], "namespaces") == 0)
		first += 2;
	if (count > first && (core || strcmp(parts[0], "apis") == 0))
		text = mem_printf(" (%s %s%s%s%s%s)", method, parts[first], core ? "" : ".",
		    core ? "" : parts[1], count > first + 1 ? " " : "",
		    count > first + 1 ? parts[first + 1] : "");
	for (char *c = text; c && c[1] && c[2] != ' '; c++)
		c[2] = (char)tolower((unsigned char)c[2]);
	for (size_t i = 0; i < count; i++)
		free(parts[i]);
	return text ? text : mem_text("");
}

/* What a body that is no Status says, without blanks around it; "unknown" unless it is a text. */
static char *body_text(const char *type, const struct buf *body)
{
	const char *at = body->data + strspn(body->data, " \t\r\n");
	size_t len = strlen(at) < TEXT_MAX ? strlen(at) : TEXT_MAX;
	char *text;

	if (type && strncmp(type, "text/", 5) != 0)
		return mem_text("unknown");
	while (len && isspace((unsigned char)at[len - 1]))
		len--;
	text = mem_textn(at, len);
	value_clean(text);
	return text;
}

static void read_generic(struct kube_status *made, int status, const char *about, char *said)
{
	for (size_t i = 0; i < COUNT_OF(meanings); i++) {
		const char *message = meanings[i].message ? meanings[i].message : said;

		if (meanings[i].status != status)
			continue;
		made->reason = mem_text(meanings[i].reason);
		made->message = mem_printf("%s%s", message, about);
		return;
	}
	made->reason = mem_text(status >= 500 ? "InternalError" : "");
	if (status >= 500) {
		json_t *quoted = value_text(said, strlen(said));
		char *text = json_dumps(quoted, JSON_ENCODE_ANY);

		made->message = mem_printf(
		    "an error on the server (%s) has prevented the request from succeeding%s", text,
		    about);
		free(text);
		json_decref(quoted);
	} else {
		made->message = mem_printf("the server responded with the status code %d but did "
		                           "not return more information%s",
		    status, about);
	}
}

/* A Status object, or NULL. */
static json_t *read_object(const char *type, const struct buf *body)
{
	const char *kind;
	json_t *object = NULL;

	if (!type || strncmp(type, "application/json", 16) == 0)
		object = json_read("the answer", body->data, body->len, body->max, NULL);
	kind = value_get_text(object, "kind");
	if (kind && strcmp(kind, "Status") == 0)
		return object;
	json_decref(object);
	return NULL;
}

void kube_status_read(struct kube_status *made, bool own, int status, const char *method,
    const char *path, const char *type, const struct buf *body)
{
	const char *reason, *message;

	*made = (struct kube_status){.object = own ? read_object(type, body) : NULL};
	reason = value_get_text(made->object, "reason");
	message = value_get_text(made->object, "message");
	if (made->object) {
		made->reason = mem_text(reason ? reason : "");
		made->message = mem_text(message ? message : "");
	} else {
		char *about = request_text(method, path);
		char *said = body_text(type, body);

		read_generic(made, status, about, said);
		free(about);
		free(said);
	}
	if (strcmp(made->reason, "Unauthorized") == 0)
		made->line =
		    mem_printf("error: You must be logged in to the server (%s)", made->message);
	else if (*made->reason)
		made->line = mem_printf("Error from server (%s): %s", made->reason, made->message);
	else
		made->line = mem_printf("Error from server: %s", made->message);
}

void kube_status_release(struct kube_status *status)
{
	json_decref(status->object);
	free(status->reason);
	free(status->message);
	free(status->line);
	*status = (struct kube_status){.object = NULL};
}
