/* The text of `tunnel:`. Invariant: a way that was parsed can be put into an argv as it is: no part
 * of it is empty or begins with '-'. */
#include "fsops/tunnel.h"

#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"

#define AUTO     "auto"
#define AUTO_LEN 4

static int not_a_way(const char *text, struct err *err)
{
	return err_set(err, ERR_INPUT,
	    "'tunnel' must be what kubectl forwards to and its port, such as svc/postgres:5432, or "
	    "'auto', not '%s'",
	    text);
}

static bool is_part(const char *text, size_t len)
{
	return len && text[0] != '-' && memchr(text, ' ', len) == NULL;
}

/* "[NAMESPACE/]TYPE/NAME" up to LEN. */
static bool take_resource(struct tunnel_way *way, const char *text, size_t len)
{
	const char *first = memchr(text, '/', len);
	const char *rest = first ? first + 1 : NULL;
	const char *second = rest ? memchr(rest, '/', len - (size_t)(rest - text)) : NULL;
	const char *name = second ? second + 1 : rest;

	if (!first || !is_part(text, (size_t)(first - text)) ||
	    !is_part(name, len - (size_t)(name - text)) ||
	    (second && !is_part(rest, (size_t)(second - rest))))
		return false;
	if (second)
		way->namespace = mem_textn(text, (size_t)(first - text));
	way->resource =
	    second ? mem_textn(rest, len - (size_t)(rest - text)) : mem_textn(text, len);
	return true;
}

/* A number from 1, a port's name, or a `${…}`. */
static bool is_port(const char *text)
{
	char *end;
	long number = strtol(text, &end, 10);

	return is_part(text, strlen(text)) && (*end || (number > 0 && number <= 65535));
}

int tunnel_way_parse(struct tunnel_way *way, const char *text, struct err *err)
{
	const char *at = text;
	const char *colon;

	*way = (struct tunnel_way){0};
	if (strcmp(at, AUTO) == 0 || strncmp(at, AUTO " ", AUTO_LEN + 1) == 0) {
		way->automatic = true;
		at += AUTO_LEN;
		at += strspn(at, " ");
		if (!*at)
			return 0;
	}
	colon = strrchr(at, ':');
	if (!colon || !is_port(colon + 1) || !take_resource(way, at, (size_t)(colon - at))) {
		tunnel_way_release(way);
		return not_a_way(text, err);
	}
	way->port = mem_text(colon + 1);
	return 0;
}

/* What may follow "NAME.NAMESPACE". */
static bool is_cluster_suffix(const char *text)
{
	return !*text || strcmp(text, ".svc") == 0 || strcmp(text, ".svc.cluster.local") == 0;
}

int tunnel_way_from_host(
    struct tunnel_way *way, const char *host, const char *port, struct err *err)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
	size_t name = strspn(host, letters);
	const char *rest = host + name;
	size_t space = *rest == '.' ? strspn(rest + 1, letters) : 0;

	if (!is_part(host, name) || (*rest && !is_part(rest + 1, space)) ||
	    (*rest && !is_cluster_suffix(rest + 1 + space)))
		return err_set(err, ERR_INPUT,
		    "'%s' is not the name of a service in the cluster: write the tunnel as "
		    "auto svc/NAME:PORT",
		    host);
	way->namespace = space ? mem_textn(rest + 1, space) : NULL;
	way->resource = mem_printf("svc/%.*s", (int)name, host);
	way->port = mem_text(port);
	return 0;
}

void tunnel_way_release(struct tunnel_way *way)
{
	free(way->namespace);
	free(way->resource);
	free(way->port);
	*way = (struct tunnel_way){0};
}
