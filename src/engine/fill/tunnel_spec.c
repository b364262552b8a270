/* Makes tunnel specs. Pure but for memory: resolves no name and starts nothing. */
#include "tunnel_spec.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/buf.h"
#include "fsops/mem.h"
#include "fsops/tunnel.h"

/* Where the call would go without the tunnel. */
struct server {
	char *host; /* NULL: the target does not tell */
	char *port;
};

static bool is_address(const char *host)
{
	unsigned char bytes[sizeof(struct in6_addr)];

	return *host == '[' || inet_pton(AF_INET, host, bytes) == 1 ||
	       inet_pton(AF_INET6, host, bytes) == 1;
}

/* `auto` is for names: an address, or a socket, is reached directly. */
static bool is_direct(const struct tunnel_way *way, const struct server *server)
{
	return way->automatic && (server->host ? is_address(server->host) : way->resource == NULL);
}

static json_t *kubectl_args(const struct tunnel_way *way)
{
	json_t *words = json_array();
	char *port = mem_printf(":%s", way->port);

	if (way->namespace) {
		json_array_append_new(words, json_string("--namespace"));
		json_array_append_new(words, json_string(way->namespace));
	}
	json_array_append_new(words, json_string("port-forward"));
	json_array_append_new(words, json_string("--address"));
	json_array_append_new(words, json_string(TUNNEL_ADDRESS));
	json_array_append_new(words, json_string(way->resource));
	json_array_append_new(words, json_string(port)); /* without a local one: any that is free */
	free(port);
	return json_pack("{s:o, s:[]}", "words", words, "filled");
}

static void set_command(json_t *spec)
{
	struct buf line;

	buf_init(&line, BUF_TEXT_MAX);
	adapter_find("kubectl")->describe(
	    json_object_get(spec, "args"), json_object_get(spec, "cluster"), EFFECT_READ, &line);
	json_object_set_new(spec, "command", json_string(line.data));
	buf_release(&line);
}

/* What is not known before the tunnel is open; of an automatic one not even the host. */
static void set_address(json_t *spec, const char *name, bool automatic)
{
	json_object_set_new(spec, "host",
	    automatic ? json_sprintf("${tunnel.%s.host}", name) : json_string(TUNNEL_ADDRESS));
	json_object_set_new(spec, "port", json_sprintf("${tunnel.%s.port}", name));
}

static json_t *make(const struct tunnel_way *way, const struct server *server,
    const struct target *target, json_t *cluster)
{
	bool automatic = way->automatic && server->host;
	json_t *spec = json_pack("{s:s, s:o, s:b, s:o}", "target", target->name, "to",
	    json_sprintf("%s%s%s:%s", way->namespace ? way->namespace : "",
	        way->namespace ? "/" : "", way->resource, way->port),
	    "automatic", automatic, "args", kubectl_args(way));

	if (cluster)
		json_object_set(spec, "cluster", cluster);
	if (automatic)
		json_object_set_new(spec, "name", json_string(server->host));
	set_command(spec);
	set_address(spec, target->name, automatic);
	return spec;
}

static int find_way(struct tunnel_way *way, const char *text, const struct server *server,
    const struct target *target, struct err *err)
{
	if (tunnel_way_parse(way, text, err) == 0 &&
	    (way->resource || is_direct(way, server) ||
	        tunnel_way_from_host(way, server->host, server->port, err) == 0))
		return 0;
	tunnel_way_release(way);
	return err_prefix(err, "target '%s'", target->name);
}

static int make_from_text(json_t **spec, const struct expander *expander, const char *text,
    const struct server *server, const struct target *target, struct err *err)
{
	json_t *cluster = NULL;
	struct tunnel_way way;
	int result = -1;

	if (find_way(&way, text, server, target, err) < 0)
		return -1;
	if (is_direct(&way, server)) {
		result = 0;
	} else if (!target->cluster ||
	           (cluster = expand_json(expander, target->cluster->config, err))) {
		*spec = make(&way, server, target, cluster);
		result = 0;
	}
	json_decref(cluster);
	tunnel_way_release(&way);
	return result;
}

int tunnel_spec_make(json_t **spec, const struct expander *expander, const struct action *action,
    const json_t *args, json_t *target, struct err *err)
{
	const struct target *from = action->target;
	struct server server = {0};
	char *text = NULL;
	int result = 0;

	*spec = NULL;
	if (!from || !from->tunnel || !action->adapter->place)
		return 0;
	if (!action->adapter->place(args, target, &server.host, &server.port))
		goto out;
	text = expand_text(expander, from->tunnel, err);
	result = text ? make_from_text(spec, expander, text, &server, from, err) : -1;
	if (*spec) {
		json_object_set(target, "hostaddr", json_object_get(*spec, "host"));
		json_object_set(target, "port", json_object_get(*spec, "port"));
	}
out:
	free(text);
	free(server.host);
	free(server.port);
	return result;
}
