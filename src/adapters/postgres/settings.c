/*
 * Where a PostgreSQL target is: conninfo, environment, service file and .pgpass, by libpq's own
 * rules, and the list of endpoints that a connection is tried with.
 *
 * Invariant: libpq is never given a name to resolve (it would block): every endpoint has an
 * address, or is a socket's folder. The name stays beside it, for .pgpass and for TLS.
 */
#include "postgres.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fsops/mem.h"
#include "fsops/value.h"

/* A value that no sslmode has: libpq learns all settings, then refuses before it connects. */
#define PROBE_VALUE "fsops-probe"

#define PORT_DEFAULT "5432"

/* Settings given to libpq, ours before the platform's: the later one wins. */
struct pairs {
	const char *keys[24];
	const char *values[24];
	size_t count;
};

static void pair_add(struct pairs *pairs, const char *key, const char *value)
{
	if (pairs->count + 1 >= COUNT_OF(pairs->keys))
		return;
	pairs->keys[pairs->count] = key;
	pairs->values[pairs->count++] = value;
}

/* A text that libpq would take as conninfo and not as a database's name. */
static bool is_conninfo(const char *text)
{
	return strchr(text, '=') || strncmp(text, "postgres://", 11) == 0 ||
	       strncmp(text, "postgresql://", 13) == 0;
}

/* libpq's sentences end with newlines; ours don't. */
static void trim_lines(char *text)
{
	size_t len = strlen(text);

	while (len && strchr(" \r\n\t", text[len - 1]))
		text[--len] = '\0';
	for (char *c = text; *c; c++)
		if (*c == '\n' || *c == '\t')
			*c = ' ';
}

static PQconninfoOption *conninfo_parse(const char *conninfo, struct err *err)
{
	char *why = NULL;
	PQconninfoOption *options = PQconninfoParse(conninfo, &why);

	if (!options) {
		if (why)
			trim_lines(why);
		err_set(err, ERR_INPUT, "the connection string is not valid: %s",
		    why ? why : "out of memory");
	}
	PQfreemem(why);
	return options;
}

int pg_conninfo_check(const char *conninfo, struct err *err)
{
	PQconninfoOption *options;
	int result = 0;

	if (!is_conninfo(conninfo))
		return 0;
	options = conninfo_parse(conninfo, err);
	if (!options)
		return -1;
	for (const PQconninfoOption *o = options; o->keyword; o++) {
		if (!o->val || !o->val[0] || !strstr(o->keyword, "password"))
			continue;
		result = err_set(err, ERR_INPUT,
		    "a password does not belong into the platform file: put it into ~/.pgpass, "
		    "PGPASSWORD or a service file, and leave it out here");
		break;
	}
	PQconninfoFree(options);
	return result;
}

/* key='value' as conninfo wants it quoted. */
static void show_pair(struct buf *out, const char *key, const char *value)
{
	buf_addf(out, "%s%s=", out->len ? " " : "", key);
	if (*value && !strpbrk(value, " \t\r\n'\\")) {
		buf_adds(out, value);
		return;
	}
	buf_addc(out, '\'');
	for (; *value; value++) {
		if (*value == '\'' || *value == '\\')
			buf_addc(out, '\\');
		buf_addc(out, *value);
	}
	buf_addc(out, '\'');
}

/* What is shown instead of the connection string's own. */
struct shown {
	const char *key;
	const char *value; /* NULL: its own */
};

static const char *shown_value(
    const struct shown *instead, size_t count, const char *key, const char *own)
{
	for (size_t i = 0; i < count; i++)
		if (instead[i].value && strcmp(instead[i].key, key) == 0)
			return NULL;
	return own;
}

void pg_conninfo_show(
    const char *conninfo, const char *database, const json_t *target, struct buf *out)
{
	const struct shown instead[] = {
	    {"hostaddr", value_get_text(target, "hostaddr")},
	    {"port", value_get_text(target, "port")},
	    {"dbname", database},
	};
	PQconninfoOption *options;

	if (!database && !instead[0].value) {
		buf_adds(out, conninfo);
		return;
	}
	options = is_conninfo(conninfo) ? PQconninfoParse(conninfo, NULL) : NULL;
	for (const PQconninfoOption *o = options; o && o->keyword; o++)
		if (shown_value(instead, COUNT_OF(instead), o->keyword, o->val))
			show_pair(out, o->keyword, o->val);
	if (!options && is_conninfo(conninfo))
		buf_adds(out, conninfo); /* not known yet: it holds a template */
	else if (!options && !database && *conninfo)
		show_pair(out, "dbname", conninfo);
	for (size_t i = 0; i < COUNT_OF(instead); i++)
		if (instead[i].value)
			show_pair(out, instead[i].key, instead[i].value);
	PQconninfoFree(options);
}

/* The conninfo's own value, else that of libpq's variable; a new text or NULL. */
static char *known_value(const PQconninfoOption *options, const char *key, const char *variable)
{
	const char *value = getenv(variable);

	for (const PQconninfoOption *o = options; o && o->keyword; o++)
		if (strcmp(o->keyword, key) == 0 && o->val)
			value = o->val;
	return value && *value ? mem_text(value) : NULL;
}

bool pg_place_of(const json_t *args, const json_t *target, char **host, char **port)
{
	const char *conninfo = value_get_text(target, "conninfo");
	PQconninfoOption *options =
	    conninfo && is_conninfo(conninfo) ? PQconninfoParse(conninfo, NULL) : NULL;

	(void)args;
	*host = known_value(options, "hostaddr", "PGHOSTADDR");
	if (!*host)
		*host = known_value(options, "host", "PGHOST");
	*port = known_value(options, "port", "PGPORT");
	if (!*port)
		*port = mem_text(PORT_DEFAULT);
	if (*host && (**host == '/' || **host == '@')) { /* a socket */
		free(*host);
		*host = NULL;
	}
	PQconninfoFree(options);
	return true;
}

/* --- endpoints --- */

static void endpoint_release(struct pg_endpoint *endpoint)
{
	free(endpoint->host);
	free(endpoint->hostaddr);
	free(endpoint->port);
}

/* The INDEXth of a comma list; the only one stands for all when ONE_FOR_ALL. A new text. */
static char *list_item(const char *list, size_t index, bool one_for_all)
{
	if (!list || (one_for_all && !strchr(list, ',')))
		index = 0;
	for (; list && index; index--) {
		list = strchr(list, ',');
		list = list ? list + 1 : NULL;
	}
	return list ? mem_textn(list, strcspn(list, ",")) : mem_text("");
}

static size_t list_count(const char *list)
{
	size_t count = 1;

	for (; list && *list; list++)
		count += *list == ',';
	return count;
}

static void endpoints_make(
    struct pg_settings *s, const char *host, const char *hostaddr, const char *port)
{
	const char *longest = hostaddr && *hostaddr ? hostaddr : host;

	s->count = list_count(longest);
	s->endpoints = mem_grow(NULL, s->count, sizeof(s->endpoints[0]));
	for (size_t i = 0; i < s->count; i++)
		s->endpoints[i] = (struct pg_endpoint){
		    .host = list_item(host, i, false),
		    .hostaddr = list_item(hostaddr, i, false),
		    .port = list_item(port, i, true),
		};
}

static bool needs_resolving(const struct pg_endpoint *e)
{
	return !e->hostaddr[0] && e->host[0] && e->host[0] != '/' && e->host[0] != '@';
}

size_t pg_settings_unresolved(const struct pg_settings *settings, size_t from)
{
	while (from < settings->count && !needs_resolving(&settings->endpoints[from]))
		from++;
	return from;
}

void pg_settings_resolved(
    struct pg_settings *s, size_t index, const char *const *addresses, size_t count)
{
	struct pg_endpoint old = s->endpoints[index];
	size_t total = s->count - 1 + count;
	struct pg_endpoint *list = mem_grow(NULL, total + 1, sizeof(*list));

	memcpy(list, s->endpoints, index * sizeof(*list));
	for (size_t i = 0; i < count; i++)
		list[index + i] = (struct pg_endpoint){
		    .host = mem_text(old.host),
		    .hostaddr = mem_text(addresses[i]),
		    .port = mem_text(old.port),
		};
	memcpy(
	    list + index + count, s->endpoints + index + 1, (s->count - index - 1) * sizeof(*list));
	endpoint_release(&old);
	free(s->endpoints);
	s->endpoints = list;
	s->count = total;
}

static bool same(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

void pg_settings_skip(struct pg_settings *s, const PGconn *conn)
{
	const char *addr = PQhostaddr(conn);
	size_t at = 0;

	while (at < s->count && !(same(PQport(conn), s->endpoints[at].port) &&
	                            (same(addr, s->endpoints[at].hostaddr) ||
	                                same(PQhost(conn), s->endpoints[at].host))))
		at++;
	at = at < s->count ? at + 1 : s->count;
	for (size_t i = 0; i < at; i++)
		endpoint_release(&s->endpoints[i]);
	memmove(s->endpoints, s->endpoints + at, (s->count - at) * sizeof(s->endpoints[0]));
	s->count -= at;
}

/* --- what libpq makes of it --- */

/* The settings that the platform and the action give, before anything of ours. */
static void pairs_given(struct pairs *pairs, const struct pg_settings *s)
{
	/* The first dbname may be conninfo; the second is a name whatever it looks like. */
	pair_add(pairs, "dbname", s->conninfo);
	if (s->database)
		pair_add(pairs, "dbname", s->database);
}

static const char *option(const PQconninfoOption *options, const char *key)
{
	for (; options && options->keyword; options++)
		if (strcmp(options->keyword, key) == 0)
			return options->val;
	return NULL;
}

static void learn(struct pg_settings *s, const PQconninfoOption *options, const json_t *target)
{
	const char *user = option(options, "user");
	const char *dbname = option(options, "dbname");
	const char *patience = option(options, "connect_timeout");
	const char *address = value_get_text(target, "hostaddr");
	const char *port = value_get_text(target, "port");
	long seconds = patience ? strtol(patience, NULL, 10) : 0;

	s->user = mem_text(user && *user ? user : "");
	s->dbname = mem_text(s->database ? s->database : dbname && *dbname ? dbname : s->user);
	s->connect_max = seconds > 0 && seconds < 3600 ? (msec)seconds * 1000 : PG_CONNECT_MAX;
	endpoints_make(s, option(options, "host"), address ? address : option(options, "hostaddr"),
	    port ? port : option(options, "port"));
}

/* Opening a named pipe or a terminal blocks, and libpq opens what it is told. /dev/null only says "none". */
static int check_file(const char *what, const char *path, struct err *err)
{
	struct stat info;

	if (!path || stat(path, &info) < 0 || S_ISREG(info.st_mode) ||
	    strcmp(path, "/dev/null") == 0)
		return 0;
	return err_set(err, ERR_INPUT,
	    "unable to connect to postgres: the settings are wrong: %s '%s' is %s", what, path,
	    buf_kind_of_file(info.st_mode));
}

/* FILE below the folder that VARIABLE names. */
static int check_file_below(const char *variable, const char *file, struct err *err)
{
	const char *folder = getenv(variable);
	char *path = folder ? mem_printf("%s/%s", folder, file) : NULL;
	int result = check_file("the service file", path, err);

	free(path);
	return result;
}

/* Where libpq looks for a service, when one is named. */
static int check_service_files(const struct pg_settings *s, struct err *err)
{
	PQconninfoOption *options =
	    is_conninfo(s->conninfo) ? PQconninfoParse(s->conninfo, NULL) : NULL;
	char *service = known_value(options, "service", "PGSERVICE");
	const char *own = getenv("PGSERVICEFILE");
	int result = 0;

	if (service)
		result = own ? check_file("the service file", own, err)
		             : check_file_below("HOME", ".pg_service.conf", err);
	if (service && result == 0)
		result = check_file_below("PGSYSCONFDIR", "pg_service.conf", err);
	free(service);
	PQconninfoFree(options);
	return result;
}

/* What is read while connecting. libpq itself looks at .pgpass before it opens it. */
static int check_tls_files(const PQconninfoOption *options, struct err *err)
{
	static const char *const keys[] = {"sslcert", "sslkey", "sslrootcert", "sslcrl"};

	for (size_t i = 0; i < COUNT_OF(keys); i++)
		if (check_file(keys[i], option(options, keys[i]), err) < 0)
			return -1;
	return 0;
}

/*
 * libpq alone knows how conninfo, environment and service file add up, and tells it only of a
 * connection. So it is asked for one that it refuses as its last check before connecting.
 */
static int probe(struct pg_settings *s, const json_t *target, struct err *err)
{
	struct pairs pairs = {0};
	PQconninfoOption *options = NULL;
	PGconn *conn;
	int result;

	if (check_service_files(s, err) < 0)
		return -1;
	pairs_given(&pairs, s);
	pair_add(&pairs, "password", PROBE_VALUE); /* so that .pgpass is read once, later */
	pair_add(&pairs, "sslmode", PROBE_VALUE);
	conn = PQconnectStartParams(pairs.keys, pairs.values, 1);
	if (!conn || !strstr(PQerrorMessage(conn), PROBE_VALUE)) {
		char *why = mem_text(conn ? PQerrorMessage(conn) : "out of memory");

		trim_lines(why);
		err_set(err, ERR_INPUT, "unable to connect to postgres: the settings are wrong: %s",
		    why);
		free(why);
		PQfinish(conn);
		return -1;
	}
	options = PQconninfo(conn);
	learn(s, options, target);
	result = check_tls_files(options, err);
	PQconninfoFree(options);
	PQfinish(conn);
	return result;
}

int pg_settings_init(
    struct pg_settings *settings, const json_t *target, const json_t *args, struct err *err)
{
	const char *conninfo = value_get_text(target, "conninfo");

	*settings = (struct pg_settings){
	    .conninfo = mem_text(conninfo ? conninfo : ""),
	    .database = mem_text(value_get_text(args, "database")),
	};
	/* Again, because a value that was filled in may have brought a password along. */
	if (pg_conninfo_check(settings->conninfo, err) == 0 && probe(settings, target, err) == 0)
		return 0;
	pg_settings_release(settings);
	return -1;
}

void pg_settings_release(struct pg_settings *settings)
{
	free(settings->conninfo);
	free(settings->database);
	free(settings->user);
	free(settings->dbname);
	for (size_t i = 0; i < settings->count; i++)
		endpoint_release(&settings->endpoints[i]);
	free(settings->endpoints);
	*settings = (struct pg_settings){0};
}

static void join(struct buf *list, const char *text, size_t index)
{
	if (index)
		buf_addc(list, ',');
	buf_adds(list, text);
}

PGconn *pg_settings_connect(const struct pg_settings *s)
{
	struct pairs pairs = {0};
	struct buf hosts, addresses, ports;
	PGconn *conn;

	buf_init(&hosts, BUF_TEXT_MAX);
	buf_init(&addresses, BUF_TEXT_MAX);
	buf_init(&ports, BUF_TEXT_MAX);
	for (size_t i = 0; i < s->count; i++) {
		join(&hosts, s->endpoints[i].host, i);
		join(&addresses, s->endpoints[i].hostaddr, i);
		join(&ports, s->endpoints[i].port, i);
	}
	pair_add(&pairs, "fallback_application_name", "fsops");
	pair_add(&pairs, "keepalives_idle", "10");
	pair_add(&pairs, "keepalives_interval", "5");
	pair_add(&pairs, "keepalives_count", "3");
	pairs_given(&pairs, s);
	pair_add(&pairs, "client_encoding", "UTF8");
	pair_add(&pairs, "host", hosts.data);
	pair_add(&pairs, "hostaddr", addresses.data);
	pair_add(&pairs, "port", ports.data);
	conn = PQconnectStartParams(pairs.keys, pairs.values, 1);
	buf_release(&hosts);
	buf_release(&addresses);
	buf_release(&ports);
	return conn;
}
