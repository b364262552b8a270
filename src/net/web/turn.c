/*
 * Whose turn it is: requests to one server are under way WEB_AT_ONCE_MAX at a time. Two hundred reads at once are two
 * hundred connections otherwise, each with its handshake, and a server that is unwell gets all of them.
 *
 * Invariant: a request is under way (`added`), waits in its server's queue, or neither, before its first turn.
 */
#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"

#include "private.h"

struct web_server {
	struct web_server *next;
	char *name; /* the URL's beginning, and where it is reached instead */
	size_t users;
	size_t under_way;
	struct web_request *first; /* that waits */
	struct web_request *last;
};

/* Of "https://host:port/path" all before the path. */
static size_t origin_length(const char *url)
{
	const char *host = strstr(url, "://");

	return host ? (size_t)(host - url) + 3 + strcspn(host + 3, "/?#") : strlen(url);
}

void web_turn_init(
    struct web_request *request, struct web_server **servers, const char *url, const char *through)
{
	char *name = mem_printf("%.*s %s", (int)origin_length(url), url, through ? through : "");
	struct web_server *server = *servers;

	while (server && strcmp(server->name, name) != 0)
		server = server->next;
	if (server) {
		free(name);
	} else {
		server = mem_alloc(sizeof(*server));
		*server = (struct web_server){.next = *servers, .name = name};
		*servers = server;
	}
	server->users++;
	request->server = server;
}

static void add(struct web_request *request, CURLM *multi)
{
	request->added = true;
	request->server->under_way++;
	curl_multi_add_handle(multi, request->easy);
}

void web_turn_ask(struct web_request *request, CURLM *multi)
{
	struct web_server *server = request->server;

	if (server->under_way < WEB_AT_ONCE_MAX) {
		add(request, multi);
		return;
	}
	request->waiting = true;
	request->before = server->last;
	if (server->last)
		server->last->behind = request;
	else
		server->first = request;
	server->last = request;
}

static void leave_queue(struct web_request *request)
{
	struct web_server *server = request->server;

	if (request->before)
		request->before->behind = request->behind;
	else
		server->first = request->behind;
	if (request->behind)
		request->behind->before = request->before;
	else
		server->last = request->before;
	request->waiting = false;
	request->before = request->behind = NULL;
}

static void forget(struct web_server **servers, struct web_server *server)
{
	if (--server->users)
		return;
	while (*servers != server)
		servers = &(*servers)->next;
	*servers = server->next;
	free(server->name);
	free(server);
}

void web_turn_end(struct web_request *request, struct web_server **servers, CURLM *multi)
{
	struct web_server *server = request->server;
	struct web_request *next = server->first;

	if (request->waiting)
		leave_queue(request);
	if (request->added) {
		curl_multi_remove_handle(multi, request->easy);
		server->under_way--;
		if (next) {
			leave_queue(next);
			add(next, multi);
		}
	}
	forget(servers, server);
}
