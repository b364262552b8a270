/*
 * URLs: the same texts are URLs, with the same parts, as for Kubernetes' API server.
 *
 * Invariant: a struct url_part points into the text that was given, or into the arena.
 */
#include "url.h"

#include <arpa/inet.h>
#include <string.h>

#include "expr/utf8.h"

#define HEX "0123456789ABCDEF"

/* Characters that stand for themselves besides letters and digits. */
#define UNRESERVED "-_.~"
#define IN_PATH    UNRESERVED "!$&'()*+,;=:@[]/"
#define IN_HOST    UNRESERVED "!$&'()*+,;=:[]<>\""
#define IN_USER    UNRESERVED "!$&'()*+,;=:%@"
#define PLAIN_PATH UNRESERVED "$&+,/:;=@" /* what is not escaped when a path is written anew */

static bool is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_one_of(char c, const char *set)
{
	return is_alpha(c) || is_digit(c) || (c && strchr(set, c));
}

static int hex_digit(char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The byte of the "%XX" at TEXT, or -1. */
static int escaped(const char *text, size_t len)
{
	if (len < 3 || hex_digit(text[1]) < 0 || hex_digit(text[2]) < 0)
		return -1;
	return hex_digit(text[1]) << 4 | hex_digit(text[2]);
}

ssize_t url_decode(struct url_part part, bool query, char *out)
{
	size_t len = 0;

	for (size_t i = 0; i < part.len; i++) {
		int byte = part.data[i] == '%' ? escaped(part.data + i, part.len - i) : 0;

		if (byte < 0)
			return -1;
		if (part.data[i] == '%') {
			out[len++] = (char)byte;
			i += 2;
		} else {
			out[len++] = query && part.data[i] == '+' ? ' ' : part.data[i];
		}
	}
	return (ssize_t)len;
}

static bool escapes_are_right(struct url_part part)
{
	for (size_t i = 0; i < part.len; i++)
		if (part.data[i] == '%' && escaped(part.data + i, part.len - i) < 0)
			return false;
	return true;
}

/* The part before the first C of REST, which goes behind it; all of it without one. */
static struct url_part cut(struct url_part *rest, char c)
{
	const char *at = rest->len ? memchr(rest->data, c, rest->len) : NULL;
	struct url_part before = *rest;

	if (!at) {
		*rest = (struct url_part){rest->data + rest->len, 0};
		return before;
	}
	before.len = (size_t)(at - rest->data);
	*rest = (struct url_part){at + 1, rest->len - before.len - 1};
	return before;
}

static bool begins(struct url_part part, const char *text)
{
	return part.len >= strlen(text) && memcmp(part.data, text, strlen(text)) == 0;
}

static struct url_part from(struct url_part part, size_t start)
{
	return (struct url_part){part.data + start, part.len - start};
}

/* "scheme:" at the beginning of REST, which goes behind it. */
static const char *take_scheme(struct url_part *rest, struct url_part *scheme)
{
	for (size_t i = 0; i < rest->len; i++) {
		char c = rest->data[i];

		if (c == ':' && i == 0)
			return "there is no scheme before ':'";
		if (c == ':') {
			*scheme = (struct url_part){rest->data, i};
			*rest = from(*rest, i + 1);
			return NULL;
		}
		if (!is_alpha(c) && (i == 0 || !(is_digit(c) || c == '+' || c == '-' || c == '.')))
			return NULL;
	}
	return NULL;
}

/* "", ":", ":80" */
static bool is_port(struct url_part part)
{
	for (size_t i = 0; i < part.len; i++)
		if (i == 0 ? part.data[i] != ':' : !is_digit(part.data[i]))
			return false;
	return true;
}

/* What is in "[…]": an IPv6 address, with a zone after "%25". */
static bool is_bracketed(struct url_part part)
{
	char address[INET6_ADDRSTRLEN], bytes[sizeof(struct in6_addr)];
	const char *zone = part.len ? memchr(part.data, '%', part.len) : NULL;
	size_t len = zone ? (size_t)(zone - part.data) : part.len;

	if (zone && (!begins(from(part, len), "%25") || part.len - len < 4 ||
	                !escapes_are_right(from(part, len))))
		return false;
	if (len >= sizeof(address) || memchr(part.data, '\0', len))
		return false;
	memcpy(address, part.data, len);
	address[len] = '\0';
	return inet_pton(AF_INET6, address, bytes) == 1;
}

/* Bytes of a host: what is not ASCII may be escaped, nothing else. */
static bool are_host_bytes(struct url_part host)
{
	for (size_t i = 0; i < host.len; i++) {
		unsigned char c = (unsigned char)host.data[i];

		if (c == '%' && escaped(host.data + i, host.len - i) < 0x80)
			return false;
		if (c != '%' && c < 0x80 && !is_one_of((char)c, IN_HOST))
			return false;
	}
	return true;
}

static const char *check_host(struct url_part host)
{
	static const char wrong[] = "its host or port is wrong";
	const char *end;
	size_t inside;

	if (!begins(host, "[")) {
		struct url_part rest = host;
		struct url_part name = cut(&rest, ':');

		if (memchr(host.data, '[', host.len) || memchr(host.data, ']', host.len))
			return wrong;
		return are_host_bytes(name) && is_port(from(host, name.len)) ? NULL : wrong;
	}
	end = memchr(host.data, ']', host.len);
	if (!end)
		return "a ']' is missing in its host";
	inside = (size_t)(end - host.data) - 1;
	if (!is_bracketed((struct url_part){host.data + 1, inside}) ||
	    !is_port(from(host, inside + 2)))
		return wrong;
	return NULL;
}

static bool is_user(struct url_part user)
{
	for (size_t i = 0; i < user.len; i++)
		if (!is_one_of(user.data[i], IN_USER))
			return false;
	return escapes_are_right(user);
}

static const char *take_authority(struct url_part authority, struct url *out)
{
	const char *at = authority.len ? memrchr(authority.data, '@', authority.len) : NULL;

	out->host = authority;
	if (at) {
		out->user = (struct url_part){authority.data, (size_t)(at - authority.data)};
		out->host = from(authority, out->user.len + 1);
	}
	if (!is_user(out->user))
		return "its user or password has characters that must be escaped";
	return out->host.len ? check_host(out->host) : NULL;
}

/* REQUEST: only what can be asked for, and without a fragment; else any reference. */
static const char *take_apart(struct url_part rest, bool request, struct url *out)
{
	struct url_part all;
	const char *why = take_scheme(&rest, &out->scheme);

	if (why)
		return why;
	all = rest;
	rest = cut(&all, '?');
	out->query = all;
	if (!begins(rest, "/")) {
		out->opaque = rest;
		return out->scheme.len ? NULL
		                       : "it has neither a scheme nor a '/' at its beginning";
	}
	if (begins(rest, "//") && (out->scheme.len || (!request && !begins(rest, "///")))) {
		struct url_part authority = from(rest, 2);
		const char *slash =
		    authority.len ? memchr(authority.data, '/', authority.len) : NULL;

		authority.len = slash ? (size_t)(slash - authority.data) : authority.len;
		rest = from(rest, 2 + authority.len);
		why = take_authority(authority, out);
	}
	out->path = rest;
	return why ? why : escapes_are_right(rest) ? NULL : "a '%' in its path begins no byte";
}

static bool has_control(struct url_part text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.data[i] < ' ' || text.data[i] == 0x7F)
			return true;
	return false;
}

const char *url_check(const char *text, size_t len)
{
	struct url_part all = {text, len};
	struct url ignored = {0};

	if (len == 0)
		return "it is empty";
	if (has_control(all))
		return "it has control characters";
	return len == 1 && text[0] == '*' ? NULL : take_apart(all, true, &ignored);
}

/* PART in small letters. */
static int lower(struct calc *calc, struct url_part *part)
{
	struct expr_value copy;
	char *text;

	if (calc_string(calc, part->data, part->len, &copy) < 0)
		return -1;
	text = (char *)copy.as.text.data;
	for (size_t i = 0; i < part->len; i++)
		if (text[i] >= 'A' && text[i] <= 'Z')
			text[i] = (char)(text[i] - 'A' + 'a');
	part->data = text;
	return 0;
}

static int decode_host(struct calc *calc, struct url_part *host, const char **why)
{
	char *text = calc_alloc(calc, host->len + 1);
	ssize_t len;

	if (!text)
		return -1;
	len = url_decode(*host, false, text);
	*host = (struct url_part){text, len < 0 ? 0 : (size_t)len};
	if (len < 0 || !utf8_valid(text, (size_t)len))
		*why = "its host is not UTF-8";
	return 0;
}

static bool is_written(struct url_part path)
{
	for (size_t i = 0; i < path.len; i++)
		if (path.data[i] != '%' && !is_one_of(path.data[i], IN_PATH))
			return false;
	return true;
}

/* A path with characters that must be escaped is written anew, from its bytes. */
static int escape_path(struct calc *calc, struct url_part *path)
{
	char *bytes, *text;
	size_t len, at = 0;

	if (is_written(*path))
		return 0;
	bytes = calc_alloc(calc, path->len + 1);
	text = bytes ? calc_alloc(calc, 3 * path->len + 1) : NULL;
	if (!text || calc_step_bytes(calc, 3 * path->len) < 0)
		return -1;
	len = (size_t)url_decode(*path, false, bytes);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)bytes[i];

		if (is_one_of(bytes[i], PLAIN_PATH)) {
			text[at++] = bytes[i];
			continue;
		}
		text[at++] = '%';
		text[at++] = HEX[c >> 4];
		text[at++] = HEX[c & 15];
	}
	*path = (struct url_part){text, at};
	return 0;
}

int url_parse(struct calc *calc, const char *text, size_t len, struct url *out, const char **why)
{
	struct url_part fragment = {text, len};
	struct url_part rest = cut(&fragment, '#');

	*out = (struct url){.text = {text, len}, .fragment = fragment};
	if (calc_step_bytes(calc, len) < 0)
		return -1;
	*why = url_check(text, len);
	if (!*why && len == 1 && text[0] == '*')
		out->path = rest;
	else if (!*why)
		*why = take_apart(rest, false, out);
	if (!*why && !escapes_are_right(fragment))
		*why = "a '%' in its fragment begins no byte";
	if (*why)
		return 0;
	if (lower(calc, &out->scheme) < 0 || decode_host(calc, &out->host, why) < 0)
		return -1;
	return escape_path(calc, &out->path);
}

/* Where the port of HOST begins, with its colon; its length without one. */
static size_t port_start(struct url_part host)
{
	const char *colon = host.len ? memrchr(host.data, ':', host.len) : NULL;
	size_t start = colon ? (size_t)(colon - host.data) : host.len;

	return is_port(from(host, start)) ? start : host.len;
}

struct url_part url_hostname(const struct url *url)
{
	struct url_part host = {url->host.data, port_start(url->host)};

	if (host.len >= 2 && host.data[0] == '[' && host.data[host.len - 1] == ']')
		host = (struct url_part){host.data + 1, host.len - 2};
	return host;
}

struct url_part url_port(const struct url *url)
{
	size_t start = port_start(url->host);

	return from(url->host, start + (start < url->host.len));
}

static bool same(struct url_part a, struct url_part b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

bool url_equal(const struct url *a, const struct url *b)
{
	return same(a->scheme, b->scheme) && same(a->user, b->user) && same(a->host, b->host) &&
	       same(a->path, b->path) && same(a->opaque, b->opaque) && same(a->query, b->query) &&
	       same(a->fragment, b->fragment);
}
