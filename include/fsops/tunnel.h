/*
 * What `tunnel:` of a target says: where `kubectl port-forward` is to lead.
 *
 *	svc/postgres:5432              always
 *	monitoring/svc/grafana:80      in another namespace than the cluster target's
 *	auto svc/postgres:5432         only when the target's host does not resolve here
 *	auto                           the same, to the service that the host is the name of
 */
#ifndef FSOPS_TUNNEL_H
#define FSOPS_TUNNEL_H

#include <stdbool.h>

#include "fsops/err.h"

struct tunnel_way {
	bool automatic;
	char *namespace; /* NULL: the cluster target's */
	char *resource;  /* "svc/postgres"; NULL: the target's host tells */
	char *port;      /* the service's, as text; NULL with RESOURCE */
};

/* TEXT as above; `${…}` in it stands for any one word. Nothing to release after -1 (ERR_INPUT). */
int tunnel_way_parse(struct tunnel_way *way, const char *text, struct err *err);

/*
 * The service that HOST is the name of in a cluster: "redis", "redis.NAMESPACE",
 * "redis.NAMESPACE.svc" and "redis.NAMESPACE.svc.cluster.local". -1: HOST is no such name.
 */
int tunnel_way_from_host(
    struct tunnel_way *way, const char *host, const char *port, struct err *err);

void tunnel_way_release(struct tunnel_way *way);

#endif
