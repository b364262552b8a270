/*
 * Where a Redis is: the target's URL in parts.
 *
 * Invariant: a URL holds no password; that comes from the environment, and never reaches an argv.
 */
#include "redis.h"

#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/value.h"

#define PORT_DEFAULT 6379

const char *redis_password(void)
{
	const char *password = getenv("FSOPS_REDIS_PASSWORD");

	if (!password || !*password)
		password = getenv("REDISCLI_AUTH");
	return password && *password ? password : NULL;
}

/* The whole text as a number from 0 to MAX, or -1. */
static int number(const char *text, int max)
{
	char *end;
	long value;

	if (!*text || strspn(text, "0123456789") != strlen(text) || strlen(text) > 6)
		return -1;
	value = strtol(text, &end, 10);
	return value <= max ? (int)value : -1;
}

static int parse_db(struct redis_place *place, const char *text, struct err *err)
{
	place->db = *text ? number(text, 65535) : 0;
	if (place->db < 0)
		return err_set(err, ERR_INPUT, "redis: '%s' is not the number of a database", text);
	return 0;
}

static int parse_socket(struct redis_place *place, const char *path, struct err *err)
{
	size_t len = strcspn(path, "?");

	if (path[0] != '/')
		return err_set(
		    err, ERR_INPUT, "redis: write a socket as unix:///path/to/redis.sock");
	place->socket = mem_textn(path, len);
	if (!path[len])
		return 0;
	if (strncmp(path + len, "?db=", 4) != 0)
		return err_set(
		    err, ERR_INPUT, "redis: '%s' is not known: only ?db=N is", path + len);
	return parse_db(place, path + len + 4, err);
}

/* [user@]; a password is refused, however it is written. */
static int parse_user(struct redis_place *place, char **rest, struct err *err)
{
	char *at = strrchr(*rest, '@');

	if (!at)
		return 0;
	*at = '\0';
	if (strchr(*rest, ':'))
		return err_set(err, ERR_INPUT,
		    "redis: a password does not belong into the platform file: put it into "
		    "FSOPS_REDIS_PASSWORD and leave it out here");
	if (**rest)
		place->user = mem_text(*rest);
	*rest = at + 1;
	return 0;
}

static int parse_host(struct redis_place *place, char *host, struct err *err)
{
	char *port = host + strcspn(host, ":");

	if (host[0] == '[') { /* [::1]:6379 */
		char *close = strchr(host, ']');

		if (!close)
			return err_set(err, ERR_INPUT, "redis: '[' is never closed with ']'");
		*close = '\0';
		host++;
		port = close + 1;
	}
	if (*port == ':') {
		*port++ = '\0';
		place->port = number(port, 65535);
	} else if (*port) {
		place->port = -1;
	}
	if (place->port <= 0)
		return err_set(err, ERR_INPUT, "redis: '%s' is not a port", port);
	if (!*host)
		return err_set(err, ERR_INPUT, "redis: the URL has no host");
	place->host = mem_text(host);
	return 0;
}

static int parse_tcp(struct redis_place *place, const char *rest, struct err *err)
{
	char *copy = mem_text(rest);
	char *at = copy;
	char *slash = strchr(copy, '/');
	int result = -1;

	if (strpbrk(copy, "?# ")) {
		err_set(
		    err, ERR_INPUT, "redis: write the target as redis://[user@]host[:port][/db]");
		goto out;
	}
	if (slash)
		*slash++ = '\0';
	if (parse_user(place, &at, err) < 0 || parse_host(place, at, err) < 0)
		goto out;
	result = slash ? parse_db(place, slash, err) : 0;
out:
	free(copy);
	return result;
}

int redis_place_parse(struct redis_place *place, const char *url, struct err *err)
{
	int result;

	*place = (struct redis_place){.port = PORT_DEFAULT};
	if (strncmp(url, "redis://", 8) == 0)
		result = parse_tcp(place, url + 8, err);
	else if (strncmp(url, "unix://", 7) == 0)
		result = parse_socket(place, url + 7, err);
	else if (url[0] == '/')
		result = parse_socket(place, url, err);
	else if (strncmp(url, "rediss://", 9) == 0)
		result = err_set(err, ERR_INPUT,
		    "redis: rediss:// (TLS) can't be used: the hiredis that fsops is linked with "
		    "(%d.%d) has no TLS; use redis:// through a tunnel, or stunnel on this machine",
		    HIREDIS_MAJOR, HIREDIS_MINOR);
	else
		result = err_set(err, ERR_INPUT,
		    "redis: write the target as redis://[user@]host[:port][/db] or unix:///path");
	if (result < 0)
		redis_place_release(place);
	return result;
}

int redis_place_init(struct redis_place *place, const json_t *target, struct err *err)
{
	const char *url = value_get_text(target, "url");
	const char *host = value_get_text(target, "hostaddr");
	const char *port = value_get_text(target, "port");

	if (redis_place_parse(place, url ? url : "redis://127.0.0.1", err) < 0)
		return -1;
	if (host) {
		free(place->host);
		place->host = mem_text(host);
		free(place->socket);
		place->socket = NULL;
	}
	if (port && number(port, 65535) > 0)
		place->port = number(port, 65535);
	return 0;
}

bool redis_place_of(const json_t *args, const json_t *target, char **host, char **port)
{
	const char *url = value_get_text(target, "url");
	struct redis_place place;
	struct err err;

	(void)args;
	if (url && redis_place_parse(&place, url, &err) == 0) {
		*host = mem_text(place.host);
		*port = place.host ? mem_printf("%d", place.port) : NULL;
		redis_place_release(&place);
	}
	return true;
}

void redis_place_release(struct redis_place *place)
{
	free(place->host);
	free(place->socket);
	free(place->user);
	*place = (struct redis_place){0};
}

void redis_place_show(const struct redis_place *place, struct buf *out)
{
	if (place->socket)
		buf_adds(out, place->socket);
	else
		buf_addf(
		    out, strchr(place->host, ':') ? "[%s]:%d" : "%s:%d", place->host, place->port);
}
