/*
 * Which proxy stands before the API server. kubectl's rules are Go's, not libcurl's (golang.org/x/net/http/httpproxy):
 * capitals come first, there is no ALL_PROXY, this machine itself is never reached through one, and NO_PROXY knows
 * networks and ports.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fsops/mem.h"
#include "private.h"

#define NAME_MAX_LEN 256

struct place {
	char host[NAME_MAX_LEN]; /* small letters, without brackets */
	char port[16];
};

struct address {
	int family; /* 0: it is none */
	unsigned char bytes[16];
};

static struct address read_address(const char *text)
{
	struct address address = {.family = 0};

	if (inet_pton(AF_INET, text, address.bytes) == 1)
		address.family = AF_INET;
	else if (inet_pton(AF_INET6, text, address.bytes) == 1)
		address.family = AF_INET6;
	return address;
}

static bool is_loopback(const struct address *address)
{
	static const unsigned char one[16] = {[15] = 1};

	return (address->family == AF_INET && address->bytes[0] == 127) ||
	       (address->family == AF_INET6 && memcmp(address->bytes, one, sizeof(one)) == 0);
}

/* TEXT as "host", "host:port" or "[host]:port". */
static void read_place(const char *text, size_t len, struct place *place)
{
	const char *colon = memrchr(text, ':', len);
	bool bracket = len && *text == '[';
	size_t host =
	    colon && (bracket ? colon > text && colon[-1] == ']' : memchr(text, ':', len) == colon)
	        ? (size_t)(colon - text)
	        : len;

	*place = (struct place){.host = ""};
	if (host < len)
		snprintf(place->port, sizeof(place->port), "%.*s", (int)(len - host - 1),
		    text + host + 1);
	if (bracket && host > 1 && text[host - 1] == ']')
		snprintf(place->host, sizeof(place->host), "%.*s", (int)host - 2, text + 1);
	else
		snprintf(place->host, sizeof(place->host), "%.*s", (int)host, text);
	for (char *c = place->host; *c; c++)
		*c = (char)tolower((unsigned char)*c);
}

/* "10.0.0.0/8" */
static bool in_network(const char *text, const struct address *address)
{
	const char *slash = strchr(text, '/');
	char *base = mem_textn(text, (size_t)(slash - text));
	struct address network = read_address(base);
	long bits = strtol(slash + 1, NULL, 10);
	bool in = network.family && network.family == address->family && bits >= 0 &&
	          bits <= (network.family == AF_INET ? 32 : 128);

	for (long i = 0; in && i < bits; i++)
		in = !((network.bytes[i / 8] ^ address->bytes[i / 8]) & (0x80 >> (i % 8)));
	free(base);
	return in;
}

/* ".example.com" is what lies below; "example.com" is that and itself. */
static bool in_domain(const char *domain, const char *host)
{
	const char *whole = *domain == '.' ? domain + 1 : domain;
	size_t len = strlen(whole), own = strlen(host);

	if (*domain != '.' && strcmp(host, whole) == 0)
		return true;
	return own > len && strcmp(host + own - len, whole) == 0 && host[own - len - 1] == '.';
}

static bool is_excepted(
    const char *text, size_t len, const struct place *server, const struct address *address)
{
	char *item = mem_textn(text, len);
	struct place place;
	bool excepted;

	read_place(item, len, &place);
	if (strcmp(item, "*") == 0) {
		excepted = true;
	} else if (strchr(item, '/')) {
		excepted = in_network(item, address);
	} else {
		struct address own = read_address(place.host);
		const char *domain =
		    strncmp(place.host, "*.", 2) == 0 ? place.host + 1 : place.host;

		excepted = *place.host && (!*place.port || strcmp(place.port, server->port) == 0) &&
		           (own.family ? own.family == address->family &&
		                             memcmp(own.bytes, address->bytes,
		                                 own.family == AF_INET ? 4 : 16) == 0
		                       : in_domain(domain, server->host));
	}
	free(item);
	return excepted;
}

static bool is_direct(const char *exceptions, const struct place *server)
{
	struct address address = read_address(server->host);

	if (strcmp(server->host, "localhost") == 0 || is_loopback(&address))
		return true;
	while (*exceptions) {
		size_t blank = strspn(exceptions, " \t,");
		size_t len = strcspn(exceptions += blank, ",");
		size_t own = len;

		while (own && isspace((unsigned char)exceptions[own - 1]))
			own--;
		if (own && is_excepted(exceptions, own, server, &address))
			return true;
		exceptions += len;
	}
	return false;
}

struct env {
	const struct children *children;
	const char *const *inherit;
};

/* Either of a variable's two names. */
static const char *either(const struct env *env, const char *capitals, const char *small)
{
	const char *value = children_variable(env->children, env->inherit, capitals);

	if (!value || !*value)
		value = children_variable(env->children, env->inherit, small);
	return value ? value : "";
}

/* As libcurl takes it. Go leaves names to a SOCKS proxy; a proxy over TLS would have to be trusted as the cluster is. */
static char *for_libcurl(const char *text, bool *ok)
{
	if (!strstr(text, "://"))
		return mem_printf("http://%s", text);
	if (strncmp(text, "http://", 7) == 0)
		return mem_text(text);
	if (strncmp(text, "socks5://", 9) == 0 || strncmp(text, "socks5h://", 10) == 0)
		return mem_printf("socks5h%s", strstr(text, "://"));
	*ok = false;
	return NULL;
}

char *kube_proxy(const struct kube_config *config, const struct children *children,
    const char *const *inherit, bool *ok)
{
	struct env env = {.children = children, .inherit = inherit};
	bool secure = strncmp(config->server, "https:", 6) == 0;
	const char *host = strstr(config->server, "://") + 3;
	const char *proxy = config->proxy;
	struct place server;

	*ok = true;
	if (!proxy) {
		proxy = secure ? either(&env, "HTTPS_PROXY", "https_proxy")
		               : either(&env, "HTTP_PROXY", "http_proxy");
		read_place(host, strcspn(host, "/"), &server);
		if (!*server.port)
			snprintf(server.port, sizeof(server.port), "%s", secure ? "443" : "80");
		if (!*proxy || is_direct(either(&env, "NO_PROXY", "no_proxy"), &server))
			return NULL;
	}
	return for_libcurl(proxy, ok);
}
